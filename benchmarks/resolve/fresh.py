"""The first resolution of a process that has just started, on either side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.resolve.contender import policy_for, resolve_bytes
from benchmarks.resolve.federations import KINDS, Federation
from benchmarks.resolve.peer import Peer

__all__ = ["main", "time_hanse_fresh", "time_peer_fresh"]

ROOT = Path(__file__).resolve().parents[2]


def time_peer_fresh(federation: Federation, *, write: Path | None = None) -> float:
    """Start the peer and resolve once; return the seconds of the resolution alone."""
    with Peer() as peer:
        peer.load(federation)
        return peer.run(pooling=federation.kind.pooling, write=write)


def time_hanse_fresh(federation: Federation, policy: str) -> float:
    """Start a Python with Hanse and resolve once; return the seconds of the resolution alone.

    Raises:
        CalledProcessError: It failed; what it said is on standard error.
    """
    files = {url: str(path) for url, path in federation.files.items()}
    asked = {
        "kind": federation.kind.name,
        "policy": policy,
        "manifest": federation.manifest,
        "files": files,
    }
    command = [sys.executable, "-m", "benchmarks.resolve.fresh"]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def main() -> int:
    """Resolve the federation that standard input describes, and print the seconds."""
    asked = json.load(sys.stdin)
    documents = {url: Path(path).read_bytes() for url, path in asked["files"].items()}
    policy = policy_for(asked["policy"], KINDS[asked["kind"]])
    seconds, _ = resolve_bytes(asked["manifest"], documents, policy)
    print(seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
