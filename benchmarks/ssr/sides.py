"""Both sides as servers of pages: the peer's cluster of Node processes, and Hanse."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from socket import socket
from time import monotonic
from types import TracebackType
from typing import Any, Literal

from benchmarks.ssr.builds import HERE, ensure_built, node_program
from benchmarks.ssr.children import Child

__all__ = ["SIDES", "Server", "Side", "start_server"]

Side = Literal["peer", "hanse"]
SIDES: tuple[Side, ...] = ("peer", "hanse")
PROCESSES = 2
# What the peer's build has in place of the remotes' origin.
PLACE = b"http://remotes.invalid"
DEADLINE = 150.0


class Server(AbstractContextManager["Server"]):
    """A side's server of pages; `start` is how many seconds it took until it listened."""

    def __init__(self, side: Side, child: Child, port: int, folder: Path, start: float) -> None:
        self.side = side
        self.port = port
        self.child = child
        self.pid = child.process.pid
        self.start = start
        self._folder = folder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def reload(self, *, seconds: float = 30.0) -> dict[str, Any]:
        """Tell it that a remote was deployed, and wait until it shows the new build.

        Args:
            seconds: How long a side that hears of builds by itself waits for one.

        Raises:
            ChildError: It has ended, or did not get there in time.
        """
        return self.child.ask({"op": "reload", "seconds": seconds}, deadline=DEADLINE)


def start_server(
    side: Side, origin: str, *, remote: str = "shop", processes: int = PROCESSES, often: bool = False
) -> Server:
    """Start a side's server of pages, on a port of its own.

    Args:
        side: Whose.
        origin: Where the remotes are.
        remote: What it shows besides `home`.
        processes: How many processes run JavaScript.
        often: Whether builds are deployed faster than anybody does.

    Raises:
        ChildError: It did not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="hanse-bench-"))
    port = free_port()
    began = monotonic()
    try:
        if side == "peer":
            child = start_peer(folder, origin, port, remote, processes)
        else:
            child = start_hanse(folder, origin, port, remote, processes, often=often)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Server(side, child, port, folder, monotonic() - began)


def start_peer(folder: Path, origin: str, port: int, remote: str, processes: int) -> Child:
    """Start the peer's cluster, with a host that knows where its remotes are."""
    host = folder / "host"
    host.mkdir()
    for file in (ensure_built() / "peer" / f"host-{remote}").glob("*.js"):
        (host / file.name).write_bytes(file.read_bytes().replace(PLACE, origin.encode()))
    command: Sequence[str] = [str(node_program()), str(HERE / "peer" / "cluster.cjs")]
    task = {"bundle": str(host / "main.js"), "folder": str(host), "port": port, "processes": processes}
    return Child(command, task, name="the peer", environment={"NODE_ENV": "production"}, log=folder / "log")


def start_hanse(folder: Path, origin: str, port: int, remote: str, processes: int, *, often: bool) -> Child:
    """Start Hanse, with as many workers as the peer has processes."""
    task = {"origin": origin, "port": port, "remote": remote, "workers": processes}
    task |= {"folder": str(folder), "often": often}
    return Child([sys.executable, "-m", "benchmarks.ssr.hanse_side"], task, name="Hanse", log=folder / "log")


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses now."""
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
