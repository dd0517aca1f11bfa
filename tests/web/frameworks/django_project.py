"""The site in Django: one project for all tests of a process, whose settings they change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from hanse import Federation
from tests.web.frameworks.templates import DJANGO, JINJA

__all__ = ["MIDDLEWARE", "URLS", "configured", "make_asgi", "make_wsgi"]

MIDDLEWARE: Final = "hanse.web.django.middleware.HanseMiddleware"
URLS: Final = "tests.web.frameworks.django_urls"

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        DEFAULT_CHARSET="utf-8",
        HANSE={
            "MANIFEST": os.environ.get("MANIFEST", "manifest.json"),
            "DEVELOPMENT": "DEVELOPMENT" in os.environ,
        },
        INSTALLED_APPS=["hanse.web.django"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", MIDDLEWARE],
        ROOT_URLCONF=URLS,
        SECRET_KEY="not a secret",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", DJANGO)]},
            },
            {
                "BACKEND": "django.template.backends.jinja2.Jinja2",
                "NAME": "jinja",
                "OPTIONS": {
                    "environment": "tests.web.frameworks.django_project.make_environment",
                    "context_processors": ["hanse.web.django.context_processors.hanse"],
                },
            },
        ],
        USE_TZ=True,
    )
    django.setup()


def make_environment(**options: Any) -> object:
    """Return Jinja's environment as Django wants it."""
    import jinja2

    return jinja2.Environment(**{**options, "loader": jinja2.DictLoader(JINJA)})


@contextmanager
def configured(federation: Federation | None = None, **options: object) -> Iterator[None]:
    """Set `HANSE` while the block runs."""
    given = {name.upper(): value for name, value in options.items()}
    if federation is not None:
        given["FEDERATION"] = federation
    with override_settings(HANSE=given):
        yield


def make_wsgi() -> WSGIHandler:
    """Return the project as a WSGI app."""
    return get_wsgi_application()


def make_asgi() -> ASGIHandler:
    """Return the project as an ASGI app."""
    return get_asgi_application()
