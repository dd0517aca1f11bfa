"""What headers mean for a module in a browser: may it be read, is it a script, how long is it kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hanse.net.freshness import read_directives
from hanse.urls import origin

__all__ = ["caching_fault", "cors_fault", "entry_caching_fault", "type_fault"]

# The JavaScript MIME types of the WHATWG's MIME Sniffing standard: any other, and a module does not run.
SCRIPT_TYPES: Final = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    }
)
# What a build makes of a file's content, in its name: `react.oFTsKpA-hv.js`, `chunk-76NKDFXR.js`.
HASHED: Final = re.compile(r"[-._]([A-Za-z0-9_-]{8,})\.[A-Za-z]+$")
DAY: Final = 24 * 3600
# How long a remote entry may be kept: longer, and a page goes on with a build that is gone.
ENTRY_KEPT: Final = 300
FOREVER: Final = "send `cache-control: public, max-age=31536000, immutable`"


def cors_fault(url: str, headers: Mapping[str, str], *, page: str) -> str | None:
    """Say why a page of the origin `page` may not import a file, or return None."""
    allowed = headers.get("access-control-allow-origin", "").strip()
    if origin(url) in {page, None} or allowed in {"*", page}:
        return None
    said = f"`access-control-allow-origin: {allowed}`" if allowed else "no `access-control-allow-origin`"
    return f"a page of {page} may not import it: it is sent with {said}"


def type_fault(headers: Mapping[str, str]) -> str | None:
    """Say why a browser does not take a file for a script, or return None."""
    sent = headers.get("content-type", "")
    if sent.partition(";")[0].strip().lower() in SCRIPT_TYPES:
        return None
    said = f"`content-type: {sent}`" if sent else "no `content-type`"
    return f"no browser runs it as a module: it is sent with {said}, and text/javascript is expected"


def caching_fault(url: str, headers: Mapping[str, str]) -> str | None:
    """Say what is wrong with how long browsers keep a file, by its name; None if nothing is."""
    said = headers.get("cache-control", "")
    seconds = kept(said)
    if has_hash(url):
        if seconds >= DAY:
            return None
        found = f"`cache-control: {said}`" if said else "no `cache-control`"
        return f"its name has a hash, so that it never changes, and it is sent with {found}: {FOREVER}"
    if seconds < DAY:
        return None
    return (
        f"its name has no hash, and browsers keep it for {seconds // 3600} h (`{said}`): changes arrive late"
    )


def entry_caching_fault(headers: Mapping[str, str]) -> str | None:
    """Say why a remote entry is not asked for again when it should be, or return None."""
    said = headers.get("cache-control", "")
    if kept(said) <= ENTRY_KEPT and "immutable" not in read_directives(said):
        return None
    text = f"a remote entry changes with each build, and this one is kept (`{said}`)"
    return f"{text}: send `cache-control: no-cache`"


def kept(cache_control: str) -> int:
    """Return the seconds for which a browser keeps an answer without asking."""
    said = read_directives(cache_control)
    seconds = said.get("max-age", "")
    if "no-cache" in said or "no-store" in said or not seconds.isdigit():
        return 0
    return int(seconds[:10])


def has_hash(url: str) -> bool:
    """Tell whether a file's name has a hash of its content in it: eight letters and digits, mixed."""
    found = HASHED.search(url.partition("?")[0].partition("#")[0].rpartition("/")[2])
    if found is None:
        return False
    part = found[1]
    return any(char.isdigit() for char in part) or (part.lower() != part and part.upper() != part)
