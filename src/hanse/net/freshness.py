"""How long an answer may be used, from its headers (RFC 9111 and RFC 5861).

Hanse is a shared cache: what it fetches is the same for everybody. Two things differ from the letter.
An answer without any statement is asked for again each time, since guessing from `Last-Modified` would
hide deployments. And `must-revalidate`, which several hosters put on every static file, forbids serving
stale while the origin works, and not when it is down: then the last good copy is better than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import mktime_tz, parsedate_tz
from typing import Final

import httpx2

__all__ = ["Freshness", "read_freshness"]

# A name, and a value that is a token or a quoted string.
DIRECTIVE: Final = re.compile(r'([^\s,;="]+)(?:=("[^"]*"|[^\s,]*))?')
YEAR: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Freshness:
    """All times in seconds; `age` is how old the answer was when it came.

    `while_revalidate` and `if_error` say how long after its lifetime it may still be used; `if_error` is
    None where the origin says nothing about it.
    """

    lifetime: float = 0.0
    age: float = 0.0
    while_revalidate: float = 0.0
    if_error: float | None = None
    store: bool = True

    def shortened(self, other: Freshness) -> Freshness:
        """Combine with a redirect's: a chain is fresh as long as each of its answers is."""
        return replace(
            self,
            lifetime=self.age + min(self.lifetime - self.age, other.lifetime - other.age),
            while_revalidate=min(self.while_revalidate, other.while_revalidate),
        )


def read_freshness(headers: httpx2.Headers) -> Freshness:
    """Read `Cache-Control`, `Expires`, `Date`, `Age` and `Vary` of an answer; nonsense counts as stale."""
    said = read_directives(", ".join(headers.get_list("cache-control")))
    age = float(read_seconds(headers.get("age")) or 0)
    store = "no-store" not in said
    if "no-cache" in said or "*" in headers.get("vary", ""):
        return Freshness(age=age, if_error=read_window(said, "stale-if-error"), store=store)
    strict = "must-revalidate" in said or "proxy-revalidate" in said
    return Freshness(
        lifetime=read_lifetime(said, headers),
        age=age,
        while_revalidate=0.0 if strict else (read_window(said, "stale-while-revalidate") or 0.0),
        if_error=read_window(said, "stale-if-error"),
        store=store,
    )


def read_lifetime(said: dict[str, str], headers: httpx2.Headers) -> float:
    """Return the freshness lifetime: `s-maxage`, else `max-age`, else `Expires`, else none."""
    for name in ("s-maxage", "max-age"):
        if name in said:
            return float(read_seconds(said[name]) or 0)
    expires, date = read_date(headers.get("expires")), read_date(headers.get("date"))
    return 0.0 if expires is None or date is None else min(max(0.0, expires - date), YEAR)


def read_window(said: dict[str, str], name: str) -> float | None:
    """Return a directive's seconds; None where it is absent, 0 where it cannot be read."""
    return float(read_seconds(said[name]) or 0) if name in said else None


def read_directives(text: str) -> dict[str, str]:
    """Split a `Cache-Control` value; of a directive that comes twice, the first counts."""
    said: dict[str, str] = {}
    for match in DIRECTIVE.finditer(text[:4096]):
        said.setdefault(match[1].lower(), (match[2] or "").strip('"'))
    return said


def read_seconds(text: str | None) -> int | None:
    """Read a number of seconds, a year at most; None if it is not one."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return YEAR if len(text) > 9 else min(int(text), YEAR)


def read_date(text: str | None) -> float | None:
    """Read an HTTP date as a Unix time; None if it is not one."""
    parsed = parsedate_tz(text[:100]) if text else None
    try:
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None
