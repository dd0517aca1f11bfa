"""The same small site in every framework, behind a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol, cast

from starlette.types import ASGIApp
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.basic.remotes import serve_app
from hanse import Federation
from tests.web.frameworks import django_project, flask_site, starlette_site

__all__ = ["FRAMEWORKS", "Serve", "serve_wsgi"]

PORT: Final = 8400


class Serve(Protocol):
    """Serves the site while a block runs, and yields its URL without a slash at the end."""

    def __call__(self, federation: Federation, /, **options: object) -> AbstractContextManager[str]: ...


class Silent(WSGIRequestHandler):
    """Writes no log."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_wsgi(app: Callable[..., object]) -> Iterator[str]:
    """Serve a WSGI app from threads while the block runs; yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_starlette(federation: Federation, /, **options: object) -> Iterator[str]:
    with serve_app(starlette_site.make_starlette(federation, **options), PORT) as url:
        yield url.rstrip("/")


@contextmanager
def serve_fastapi(federation: Federation, /, **options: object) -> Iterator[str]:
    with serve_app(starlette_site.make_fastapi(federation, **options), PORT) as url:
        yield url.rstrip("/")


@contextmanager
def serve_flask(federation: Federation, /, **options: object) -> Iterator[str]:
    with serve_wsgi(flask_site.make_flask(federation, **options)) as url:
        yield url


@contextmanager
def serve_django_wsgi(federation: Federation, /, **options: object) -> Iterator[str]:
    with django_project.configured(federation, **options), serve_wsgi(django_project.make_wsgi()) as url:
        yield url


@contextmanager
def serve_django_asgi(federation: Federation, /, **options: object) -> Iterator[str]:
    with django_project.configured(federation, **options):
        app = cast("ASGIApp", django_project.make_asgi())
        with serve_app(app, PORT) as url:
            yield url.rstrip("/")


FRAMEWORKS: Final[dict[str, Serve]] = {
    "starlette": serve_starlette,
    "fastapi": serve_fastapi,
    "flask": serve_flask,
    "django-wsgi": serve_django_wsgi,
    "django-asgi": serve_django_asgi,
}
