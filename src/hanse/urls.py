r"""URLs as browsers read them: the WHATWG URL standard, through ada-url.

Python's own `urllib.parse` reads `\\evil.example/x.js` as a local path and leaves `%2e%2e/` alone; a
browser does neither, and the browser is who follows these URLs in the end.
"""

from __future__ import annotations

import re
from typing import Final

import ada_url

from hanse.errors import FormatError
from hanse.limits import LIMITS

__all__ = ["is_absolute", "is_file_name", "is_web", "join", "normalise", "origin", "scope_of", "stays_inside"]

# A host that cannot exist (RFC 2606): relative scopes are resolved below it, to be compared only.
NOWHERE: Final = "https://nowhere.invalid/a/b/c/"

WEB_SCHEMES: Final = frozenset({"http:", "https:"})

# What a build may call a file: plain segments, a type a browser or a server loads, a leading `./` at most.
FILE_NAME: Final = re.compile(
    r"(?:\./)?(?:(?!\.{1,2}/)[A-Za-z0-9._@+~-]++/)*+[A-Za-z0-9._@+~-]*\.(?:[mc]?js|css|json|wasm|map)"
)

ASSET_NAME: Final = re.compile(
    r"(?:(?!\.{1,2}/)[A-Za-z0-9._@+~-]++/)*+[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*\.[A-Za-z0-9]{1,8}"
)


def join(base: str, ref: str) -> str | None:
    """Resolve a reference against an absolute base, as `new URL(ref, base).href` does.

    Returns:
        The serialised URL, or None where a browser would refuse (also for a base that is relative).
    """
    try:
        return ada_url.join_url(base, ref)
    except ValueError:
        return None


def normalise(url: str) -> str | None:
    """Serialise an absolute URL as browsers do; None where it is relative or cannot be parsed."""
    try:
        return ada_url.normalize_url(url)
    except ValueError:
        return None


def is_absolute(url: str) -> bool:
    """Tell whether a browser can read this URL without a base."""
    return normalise(url) is not None


def origin(url: str) -> str | None:
    """Return scheme, host and port, without a default port: `https://cdn.example`.

    None where the URL is relative or broken, and where its origin is opaque (`data:`, `file:`).
    """
    try:
        found = ada_url.URL(url).origin
    except ValueError:
        return None
    return None if found == "null" else found


def is_web(url: str) -> bool:
    """Tell whether this is an absolute `http:` or `https:` URL."""
    try:
        return ada_url.URL(url).protocol in WEB_SCHEMES
    except ValueError:
        return False


def scope_of(url: str, *, base: str | None = None) -> str:
    """Return the folder a document lies in, with a slash at the end, without query and fragment.

    This is the browser's idea of a folder (`https://x/entry` lies in `https://x/`); the native
    federation orchestrator's own arithmetic on text differs and lives in `hanse.resolve`.

    Args:
        url: Absolute, or relative where `base` is given.
        base: The absolute URL of the page.

    Raises:
        FormatError: The URL cannot be parsed, or is relative and there is no base.
    """
    whole = normalise(url) if base is None else join(base, url)
    folder = None if whole is None else join(whole, ".")
    if folder is None:
        raise FormatError(
            "this URL has no folder",
            subject=url,
            found=repr(url),
            expected="an absolute URL" if base is None else "a URL",
        )
    return folder


def is_file_name(file: str) -> bool:
    """Tell whether this is a plain relative path to a script, style, map, JSON or WASM file.

    The grammar has no `..`, no scheme, host, query, fragment, escape, backslash or white space, so that
    whoever joins it to a folder, by whatever rules, stays in that folder.
    """
    return len(file) <= LIMITS.text_length and FILE_NAME.fullmatch(file) is not None


def is_asset_name(file: str) -> bool:
    """Tell whether this is a plain relative path to a file of any kind, as strict as `is_file_name`."""
    return len(file) <= LIMITS.text_length and ASSET_NAME.fullmatch(file) is not None


def stays_inside(scope: str, file: str) -> bool:
    """Tell whether a file lies in its remote's folder, by two checks that do not know of each other.

    The name must be plain (`is_file_name`), and the URL a browser makes of it must begin with the scope.

    Args:
        scope: A folder's URL, ending in a slash; it may be relative to the page, or empty.
        file: A file name from a remote's document.
    """
    return is_file_name(file) and resolves_inside(scope, file)


def resolves_inside(scope: str, file: str) -> bool:
    """Tell whether a browser resolves the file to a URL that begins with the scope."""
    folder = normalise(scope) or join(NOWHERE, scope)
    if folder is None:
        return False
    target = join(folder, file)
    return target is not None and target != folder and target.startswith(folder)
