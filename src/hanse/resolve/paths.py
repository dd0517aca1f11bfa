"""The ecosystem's arithmetic on URLs, which is on text and not on URLs.

Source: the native federation orchestrator 4.6. Whoever needs what a browser makes of a URL uses `hanse.urls`.
"""

from __future__ import annotations

import re

__all__ = ["chunk_specifier", "join", "package_of", "scope_url"]

# One character of any kind, an optional m or c, `js` at the end: the builder's own pattern. Its dot
# was surely meant to be a full stop, but names on both sides are made with it.
SUFFIX = re.compile(r".(?:m|c)?js\Z")


def join(left: str, right: str) -> str:
    """Join two parts with exactly one slash between them; `./` is kept as it is."""
    return f"{left.removesuffix('/')}/{right.removeprefix('/')}"


def scope_url(url: str) -> str:
    """Return the folder a remote entry's files lie in, with a slash at the end.

    The last part is dropped when it is empty or has a full stop in it, so that `https://x/entry` is
    itself a folder; a bare file name gives the empty text.
    """
    if not url:
        return ""
    head, _, last = url.rpartition("/")
    if last and "." not in last:
        return f"{url}/"
    return f"{head}/" if "/" in url else ""


def chunk_specifier(file: str) -> str:
    """Return the specifier under which code imports a chunk file."""
    return "@nf-internal/" + SUFFIX.sub("", file.removeprefix("./"), count=1)


def package_of(specifier: str) -> str:
    """Return the npm package a specifier belongs to: `@s/p/x` -> `@s/p`, `p/x` -> `p`."""
    parts = specifier.split("/")
    if specifier.startswith("@") and len(parts) >= 2:
        return f"{parts[0]}/{parts[1]}"
    return parts[0]
