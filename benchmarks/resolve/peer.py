"""The JavaScript peer as a child process."""

from __future__ import annotations

import json
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from benchmarks.resolve.federations import Federation
from scripts.node import find_node

__all__ = ["Peer", "PeerError"]

SCRIPT = Path(__file__).with_name("peer.mjs")
PACKAGE = SCRIPT.parents[1] / "node_modules" / "@softarc" / "native-federation-orchestrator" / "package.json"


class PeerError(RuntimeError):
    """The peer cannot be started, or died."""


class Peer(AbstractContextManager["Peer"]):
    """The npm orchestrator in one Node process, kept warm from the first round to the last."""

    def __init__(self) -> None:
        node = find_node()
        if node is None or not PACKAGE.is_file():
            raise PeerError(
                "The peer needs Node and its package: `python -m scripts.node benchmarks` gets both."
            )
        self.node = ".".join(map(str, node.version))
        self._process = subprocess.Popen(
            [node.program, "--max-old-space-size=4096", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = str(json.loads(PACKAGE.read_text())["version"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def load(self, federation: Federation) -> None:
        """Have the peer read the federation's files into memory."""
        files = {url: str(path) for url, path in federation.files.items()}
        self._ask({"op": "load", "manifest": federation.manifest, "files": files})

    def run(self, *, pooling: bool, write: Path | None = None) -> float:
        """Resolve once and return the seconds it took; `write` is where the import map goes, untimed."""
        asked = {"op": "run", "pooling": pooling, "write": str(write) if write else None}
        seconds = self._ask(asked)["seconds"]
        if not isinstance(seconds, float | int):
            raise PeerError(f"The peer reported no time: {seconds!r}")
        return float(seconds)

    def _ask(self, command: dict[str, object]) -> dict[str, object]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise PeerError("The peer has no pipes.")
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise PeerError("The peer ended without an answer.")
        answer: dict[str, object] = json.loads(line)
        return answer
