"""What this process has: the settings read, the federation they speak of, and the page of each request."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, reverse

from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.web.integration import AnyPage, Integration, nonce_of
from hanse.web.settings import SiteSettings, read_settings

__all__ = ["federation", "find_base", "forget", "integration", "open_page", "read_setting", "used_page"]

# The page of a request under way, once somebody has asked for it.
OPENED: Final = "_hanse_page"
# What the settings are called that change what is here.
NAMES: Final = frozenset({"HANSE", "DEBUG", "ROOT_URLCONF", "FORCE_SCRIPT_NAME"})


@dataclass(frozen=True, slots=True)
class Site:
    """The settings of this process, and what was made of them."""

    settings: SiteSettings
    integration: Integration


# Looking for the base imports the project's views, and those may ask for what is here.
LOCK: Final = threading.RLock()
MADE: Final[list[Site]] = []


def integration() -> Integration:
    """Return what this process has, made when it is first asked for.

    Raises:
        HanseError: `HANSE` is not there, or says something wrong.
    """
    with LOCK:
        if not MADE:
            MADE.append(make_site())
        return MADE[0].integration


def federation() -> Federation:
    """Return the federation of this project.

    Raises:
        HanseError: `HANSE` is not there, or says something wrong.
    """
    return integration().federation


def make_site() -> Site:
    """Make what this process has.

    Raises:
        HanseError: `HANSE` is not there, or says something wrong.
    """
    found = read_setting()
    otherwise: dict[str, object] = {"development": settings.DEBUG}
    base = find_base()
    if base is not None:
        otherwise["base"] = base
    options = found.options(**otherwise)
    return Site(found, Integration(found.make(options.development), options))


def read_setting() -> SiteSettings:
    """Read `HANSE`.

    Raises:
        HanseError: It is not there, or says something wrong.
    """
    given = getattr(settings, "HANSE", None)
    if not isinstance(given, Mapping):
        raise UsageError(
            "there is no such setting" if given is None else f"this is a {type(given).__name__}",
            subject="HANSE",
            hint='set HANSE = {"MANIFEST": "https://…/manifest.json"}',
        )
    root = getattr(settings, "BASE_DIR", None)
    folder = None if root is None else Path(root)
    return read_settings({str(key).lower(): given[key] for key in given}, spell=spell, folder=folder)


def spell(key: str) -> str:
    """Return a key as it stands in the settings."""
    return f'HANSE["{key.upper()}"]' if key else "HANSE"


def find_base() -> str | None:
    """Return where `hanse.web.django.urls` is included, below the script's own path; None if it is not."""
    try:
        found = reverse("hanse:root")
    except NoReverseMatch:
        return None
    return f"/{found.removeprefix(get_script_prefix())}".rstrip("/") or None


def open_page(request: HttpRequest) -> AnyPage:
    """Return the page of a request, opened when it is first asked for.

    Raises:
        HanseError: The settings say something wrong, or the policy's nonce is none.
    """
    page = used_page(request)
    if page is None:
        page = integration().open(
            nonce=nonce_of(request),
            headers=request.headers,
            query=request.META.get("QUERY_STRING", ""),
            cookies=request.COOKIES,
            root=get_script_prefix(),
            path=request.path,
        )
        setattr(request, OPENED, page)
    return page


def used_page(request: HttpRequest) -> AnyPage | None:
    """Return the page of a request if anybody has asked for it."""
    return getattr(request, OPENED, None)


def forget(*, setting: str, **_: object) -> None:
    """Read the settings anew where they are needed next, for a test has changed them."""
    if setting not in NAMES:
        return
    with LOCK:
        gone = [*MADE]
        MADE.clear()
    for site in gone:
        if site.settings.made:
            site.integration.federation.sync.close()
