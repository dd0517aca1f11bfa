"""What `manage.py check` says about Hanse's settings.

| id | what is wrong |
|---|---|
| `hanse.E001` | `HANSE` is not there, has an unknown key, or says something that does not fit |
| `hanse.E002` | `hanse.web.django.urls` is included at the root, where it would take every path |
| `hanse.W001` | the middleware is missing: pages get no policy and no `Link` headers |
| `hanse.W002` | `hanse.web.django.urls` is not included: pages cannot add remotes later |
| `hanse.W003` | the project's content security policy has no place for the nonce |
| `hanse.W004` | development is on although `DEBUG` is off |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.conf import settings
from django.core import checks
from django.urls import NoReverseMatch, get_script_prefix, reverse

from hanse.errors import HanseError
from hanse.web.django.site import read_setting

__all__ = ["check_csp", "check_places", "check_settings"]

MIDDLEWARE: Final = "hanse.web.django.middleware.HanseMiddleware"
INCLUDE: Final = 'add path("_hanse/", include("hanse.web.django.urls")) to urlpatterns'
DIRECTIVES: Final = ("script-src-elem", "script-src", "default-src")
# What Django (6.0) and django-csp (4) put where the nonce goes.
DJANGO_CSP: Final = "django.middleware.csp.ContentSecurityPolicyMiddleware"
PLACES: Final = {DJANGO_CSP: "SECURE_CSP", "csp.middleware.CSPMiddleware": "CONTENT_SECURITY_POLICY"}


def check_settings(**_: object) -> list[checks.CheckMessage]:
    """Check that `HANSE` can be read; nothing is fetched."""
    try:
        found = read_setting()
    except HanseError as error:
        subject = f"{error.subject}: " if error.subject else ""
        return [checks.Error(f"{subject}{error.message}", hint=error.hint or None, id="hanse.E001")]
    if found.said.get("development") is True and not settings.DEBUG:
        return [
            checks.Warning(
                'HANSE["DEVELOPMENT"] is on although DEBUG is off: visitors see errors meant for you',
                hint="leave it out, and it follows DEBUG",
                id="hanse.W004",
            )
        ]
    return []


def check_places(**_: object) -> list[checks.CheckMessage]:
    """Check that the middleware and the paths are there."""
    found: list[checks.CheckMessage] = []
    if MIDDLEWARE not in settings.MIDDLEWARE:
        text = "pages get no content security policy and no Link headers"
        found.append(checks.Warning(text, hint=f"add {MIDDLEWARE!r} to MIDDLEWARE", id="hanse.W001"))
    try:
        base = reverse("hanse:root")
    except NoReverseMatch:
        text = "Hanse's own paths are not there, and pages cannot add remotes later"
        return [*found, checks.Warning(text, hint=INCLUDE, id="hanse.W002")]
    if base == get_script_prefix():
        text = "hanse.web.django.urls is included at the root, where it takes every path"
        found.append(checks.Error(text, hint=INCLUDE, id="hanse.E002"))
    return found


def check_csp(**_: object) -> list[checks.CheckMessage]:
    """Check that a policy of the project's own has a place for the nonce, where it restricts scripts."""
    return [
        checks.Warning(
            f"{name} restricts scripts and has no nonce: the import map and the loader do not run",
            hint='add the nonce to "script-src": CSP.NONCE, or NONCE of django-csp',
            id="hanse.W003",
        )
        for middleware, name in PLACES.items()
        if middleware in settings.MIDDLEWARE and lacks_nonce(getattr(settings, name, None))
    ]


def lacks_nonce(policy: object) -> bool:
    """Tell whether a policy restricts scripts and has no place for a nonce."""
    if not isinstance(policy, Mapping):
        return False
    directives = policy.get("DIRECTIVES", policy)
    governing = next((directives[name] for name in DIRECTIVES if directives.get(name)), None)
    if governing is None:
        return False
    sources = [governing] if isinstance(governing, str) or not isinstance(governing, Iterable) else governing
    return not any("nonce" in str(source).lower() for source in sources)
