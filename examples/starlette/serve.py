"""Serve the market with Starlette, and the two remotes beside it, until Ctrl-C.

Run as `python -m examples.starlette.serve`. The remotes are those of `examples/basic/`, and have to be built:
`make examples`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from examples.basic.remotes import serve_app, serve_remotes
from examples.basic.serve import stay
from examples.starlette.app import build_app
from hanse import Federation
from hanse.web import PageOptions

__all__ = ["serve_market"]

PORT = 4201


@contextmanager
def serve_market(port: int = PORT, options: PageOptions | None = None) -> Iterator[str]:
    """Serve the remotes and the site while the block runs; yield the site's URL.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_remotes() as manifest, serve_app(build_app(Federation(manifest), options), port) as url:
        yield url


if __name__ == "__main__":
    sys.exit(stay("starlette", serve_market))
