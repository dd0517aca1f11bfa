"""Serve the three built remotes as their teams would: static files, one origin each.

The ferry's build for servers has an origin of its own, which only servers need to reach.

Run as `python -m examples.containers.remotes` it serves them until it is interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from examples.basic.remotes import Remote, build_app, serve_app, wait_for_signal

__all__ = ["HERE", "REMOTES", "SERVERS", "serve_remotes", "serve_servers"]

HERE = Path(__file__).resolve().parent

REMOTES = (
    Remote("harbour", HERE / "harbour" / "dist", 8111),
    Remote("ferry", HERE / "ferry" / "dist" / "web", 8112, "mf-manifest.json"),
    Remote("lighthouse", HERE / "lighthouse" / "dist", 8113, "mf-manifest.json"),
)

SERVERS = (Remote("ferry", HERE / "ferry" / "dist" / "server", 8114, "mf-manifest.json"),)


@contextmanager
def serve_remotes(port: int = REMOTES[0].port) -> Iterator[dict[str, str]]:
    """Serve the remotes while the block runs; yield where each has its entry, by name.

    Args:
        port: The first one's port; the others get those after it. Each moves up where its own is taken.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_builds(REMOTES, port) as entries:
        yield entries


@contextmanager
def serve_servers(port: int = SERVERS[0].port) -> Iterator[dict[str, str]]:
    """Serve the builds for servers while the block runs; yield where each has its manifest, by name.

    Args:
        port: The first one's port; see `serve_remotes`.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_builds(SERVERS, port) as entries:
        yield entries


@contextmanager
def serve_builds(builds: Sequence[Remote], port: int) -> Iterator[dict[str, str]]:
    """Serve some builds, one origin each."""
    with ExitStack() as stack:
        entries = {}
        for number, build in enumerate(builds, port):
            url = stack.enter_context(serve_app(build_app(build), number))
            entries[build.name] = f"{url}{build.entry}"
        yield entries


def main() -> int:
    """Serve the remotes until Ctrl-C."""
    try:
        with serve_remotes() as entries, serve_servers() as servers, suppress(KeyboardInterrupt):
            for name, url in entries.items():
                print(f"{name}: {url}", flush=True)
            for name, url in servers.items():
                print(f"{name}, for servers: {url}", flush=True)
            wait_for_signal()
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
