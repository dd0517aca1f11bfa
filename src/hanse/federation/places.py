"""Where documents lie, and what their origins may be.

A URL that the operator wrote down (an argument, `hanse.toml`, a local manifest) may be `http:` and have a
loopback or private address. One that a fetched manifest names must be `https:` and public, with one
exception for developing: a manifest on a loopback host may name loopback hosts, whatever their ports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import ada_url

from hanse.errors import FormatError, HanseError, UsageError
from hanse.net import Access
from hanse.urls import is_web, join, normalise, origin

__all__ = [
    "Folder",
    "Place",
    "ServerPlace",
    "Web",
    "check_origins",
    "file_of",
    "is_loopback",
    "locate",
    "widen",
]

# Relative URLs of a local manifest are read below this one, so that they are read as a browser does.
SITE: Final = "https://site.invalid/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies: on the web, or in a file that must be inside a folder."""

    url: str
    file: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """Where the manifest of a container's build for servers lies.

    `local` says that the operator wrote it down, `fault` is why there is no such place.
    """

    place: Place
    local: bool = False
    fault: HanseError | None = None


@dataclass(frozen=True, slots=True)
class Web:
    """The base of what a fetched manifest names: its own URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The base of what a local manifest names: its folder, which is the root of a site."""

    path: Path


def locate(reference: str, base: Web | Folder, *, subject: str) -> Place:
    """Find the place that a manifest names.

    Args:
        reference: What it names: an absolute URL, or one relative to the manifest.
        base: Where the manifest lies.
        subject: Who is being located, for messages.

    Raises:
        FormatError: It is no URL, or a relative one that has a host.
    """
    if isinstance(base, Web):
        url = join(base.url, reference)
        if url is None:
            raise unreadable(reference, subject)
        return Place(url)
    absolute = normalise(reference)
    if absolute is None:
        return locate_in_folder(reference, base.path, subject)
    if absolute.startswith("file:"):
        return Place(absolute, file_of(absolute), base.path)
    return Place(absolute)


def locate_in_folder(reference: str, folder: Path, subject: str) -> Place:
    """Find a file by its URL relative to a folder; the URL stays relative, to the page that is made of it."""
    url = join(SITE, reference)
    if url is None or not url.startswith(SITE):
        raise unreadable(reference, subject)
    path = ada_url.URL(url).pathname.removeprefix("/")
    prefix = "/" if reference.startswith("/") else "./"
    return Place(f"{prefix}{path}", folder / unquote(path), folder)


def unreadable(reference: str, subject: str) -> FormatError:
    """Say that a URL cannot be read."""
    return FormatError(
        "this URL leads nowhere",
        subject=subject,
        found=repr(reference[:200]),
        expected="an absolute URL, or one relative to the manifest",
    )


def file_of(url: str) -> Path:
    """Return the path that a `file:` URL names.

    Raises:
        UsageError: It has a host, so that it is a file of another machine.
    """
    parsed = ada_url.URL(url)
    if parsed.host:
        raise UsageError("a file: URL with a host cannot be read", subject=url, hint="write file:///…")
    return Path(unquote(parsed.pathname))


def is_loopback(url: str) -> bool:
    """Tell whether a URL's host is this machine itself: `localhost`, `127.0.0.0/8` or `[::1]`."""
    if not is_web(url):
        return False
    host = ada_url.URL(url).hostname
    if host == "localhost" or host.endswith(".localhost") or host == "[::1]":
        return True
    return ada_url.URL(url).host_type == ada_url.HostType.IPV4 and host.startswith("127.")


def widen(access: Access, places: Iterable[Place], base: Web | Folder) -> Access:
    """Allow the origins that a manifest names, by the rules above."""
    urls = [place.url for place in places if place.file is None]
    if isinstance(base, Folder):
        return access.with_urls(urls, local=True)
    loopback = [url for url in urls if is_loopback(url)] if is_loopback(base.url) else []
    return access.with_urls(urls, local=False).with_urls(loopback, local=True)


def check_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Return the operator's origins, normalised.

    Raises:
        UsageError: One of them is no origin of the web.
    """
    checked = []
    for given in [origins] if isinstance(origins, str) else origins:
        found = origin(given) if is_web(given) else None
        if found is None:
            raise UsageError(
                "this is no origin", subject=given, hint="write scheme, host and port: https://cdn.example"
            )
        checked.append(found)
    return tuple(checked)
