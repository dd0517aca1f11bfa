"""The same small site in every framework, behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol, cast

from starlette.types import ASGIApp

from examples.basic.remotes import serve_app
from examples.flask.serve import serve_wsgi
from hanse import Federation
from tests.web.frameworks import django_project, flask_site, starlette_site

__all__ = ["FRAMEWORKS", "Serve"]

PORT: Final = 8400


class Serve(Protocol):
    """Serves the site while a block runs, and yields its URL without a slash at the end."""

    def __call__(self, federation: Federation, /, **options: object) -> AbstractContextManager[str]: ...


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
    with serve_wsgi(flask_site.make_flask(federation, **options), PORT) as url:
        yield url.rstrip("/")


@contextmanager
def serve_django_wsgi(federation: Federation, /, **options: object) -> Iterator[str]:
    app = django_project.make_wsgi
    with django_project.configured(federation, **options), serve_wsgi(app(), PORT) as url:
        yield url.rstrip("/")


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
