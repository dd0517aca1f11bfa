"""Serve the market with Flask, and the two remotes beside it, until Ctrl-C.

Run as `python -m examples.flask.serve`. The remotes are those of `examples/basic/`, and have to be built:
`make examples`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from examples.basic.remotes import bind, serve_remotes
from examples.basic.serve import stay
from examples.flask.app import build_app
from hanse import Federation
from hanse.web import PageOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["serve_market", "serve_wsgi"]

PORT = 4203


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serve_wsgi(app: WSGIApplication, port: int) -> Iterator[str]:
    """Serve an app from threads while the block runs; yield its URL, `http://…:port/`.

    Raises:
        OSError: No port is free.
    """
    with bind(port) as listener:
        fd = listener.fileno()
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, fd=fd)
        # Between two looks for the end it would wait half a second.
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@contextmanager
def serve_market(port: int = PORT, options: PageOptions | None = None) -> Iterator[str]:
    """Serve the remotes and the site while the block runs; yield the site's URL.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_remotes() as manifest:
        federation = Federation(manifest)
        with federation.sync, serve_wsgi(build_app(federation, options), port) as url:
            yield url


if __name__ == "__main__":
    sys.exit(stay("flask", serve_market))
