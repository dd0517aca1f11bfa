"""Overrides: one developer's remote in the place of the deployed one, on that developer's pages alone.

`?hanse-override=team/mfe1@http://localhost:4201/remoteEntry.json`, repeatable, or a cookie with the same,
comma separated. Nobody can override anything unless the operator has switched it on, and then only with
origins that the operator lists; whatever else comes is ignored, for it may come from anybody.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

import ada_url

from hanse.errors import OverrideError, UsageError
from hanse.html import attribute, text
from hanse.limits import LIMITS
from hanse.names import remote_name_fault
from hanse.urls import is_web, normalise
from hanse.web.replies import ALWAYS, NO_CONTENT_POLICY

__all__ = [
    "COOKIE",
    "Asked",
    "Overrides",
    "override_headers",
    "override_page",
    "read_cookie",
    "read_overrides",
]

LOG: Final = logging.getLogger("hanse.web")

COOKIE: Final = "hanse-override"
"""The name of the cookie, and of the query's field."""

NONE: Final = "none"
# What a browser keeps of one cookie, and what servers take as a URL.
TEXT_LENGTH: Final = 4096
LOOPBACK: Final = ("http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*")
# A remote's name may begin with `@` and a URL may have one in it: the border is the first that a URL follows.
BORDER: Final = re.compile(r"(?P<name>.+?)@(?P<url>https?://.+)", re.DOTALL | re.IGNORECASE)
ORIGIN: Final = re.compile(r"(?P<origin>(?P<scheme>https?)://(?P<host>\*\.)?[^/?#@*\s]+?)(?P<port>:\*)?/?")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for an override: one remote's name and URL, and what came with the request.

    Header names are in lower case, where the framework has them so.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Overrides:
    """Which overrides count.

    Args:
        origins: Where an overriding entry may lie: origins such as `https://preview.example`, with `:*` for
            any port, or `https://*.preview.example` for any host below one. This machine if not given.
        allow: Told who asks, and says whether that is allowed. Without it everybody may, so that overrides
            count only on pages with `development` on.

    Raises:
        UsageError: An origin cannot be read, or any host may be reached by `http:`.
    """

    origins: tuple[str, ...] = LOOPBACK
    allow: Callable[[Asked], bool] | None = None
    patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", tuple(compile_origin(one) for one in self.origins))

    def permits(self, asked: Asked) -> bool:
        """Tell whether an override counts; one whose `allow` fails does not."""
        try:
            found = ada_url.URL(asked.url).origin
        except ValueError:
            return False
        if not any(pattern.fullmatch(found) for pattern in self.patterns):
            return False
        return self.allow is None or bool(self.allow(asked))


def compile_origin(given: str) -> re.Pattern[str]:
    """Turn an origin with wildcards into a pattern for whole origins.

    Raises:
        UsageError: It is none, or it lets any host be reached by `http:`.
    """
    found = ORIGIN.fullmatch(given)
    if found is None:
        raise UsageError("this is no origin", subject=given, hint="write http://localhost:* or the like")
    anything = found["host"]
    if anything and found["scheme"] == "http":
        raise UsageError("any host is allowed by https: only", subject=given, hint="write https://*.…")
    plain = normalise(found["origin"].replace("*.", "any.", 1) if anything else found["origin"])
    if plain is None:
        raise UsageError("this is no origin", subject=given, hint="write http://localhost:* or the like")
    text = re.escape(ada_url.URL(plain).origin)
    if anything:
        text = text.replace(r"://any\.", r"://(?:[a-z0-9-]+\.)+", 1)
    return re.compile(text + (r"(?::\d+)?" if found["port"] else ""))


def read_overrides(
    query: str,
    cookies: Mapping[str, str],
    overrides: Overrides | None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """Return the overrides that count for a request: the remotes' names and the URLs of their entries.

    Those of the query come on top of the cookie's; `none` in the query drops the cookie's. What is malformed,
    too much or not allowed is left out.

    Args:
        query: The request's query, without `?`.
        cookies: The request's cookies.
        overrides: What counts; None where overrides are off.
        headers: The request's headers, for `allow`.
    """
    if overrides is None:
        return {}
    asked = read_query(query)
    kept = [] if NONE in asked else split_cookie(cookies.get(COOKIE, ""))
    found: dict[str, str] = {}
    for one in (*kept, *(each for each in asked if each != NONE)):
        pair = read_override(one)
        if pair is None:
            LOG.debug("an override is ignored, for it cannot be read: %r", one[:200])
            continue
        wish = Asked(*pair, headers=headers or {}, cookies=cookies)
        if overrides.permits(wish):
            found[wish.name] = wish.url
        else:
            LOG.debug("an override is ignored, for it is not allowed: %r", one[:200])
    if len(found) > LIMITS.overrides_per_page:
        LOG.debug("%d overrides are ignored, for they are too many", len(found))
        return {}
    return found


def override_headers(
    query: str, cookies: Mapping[str, str], found: Mapping[str, str], overrides: Overrides | None
) -> list[tuple[str, str]]:
    """Return what a response has to say because of overrides.

    Args:
        query: The request's query.
        cookies: The request's cookies.
        found: What `read_overrides` returned for it.
        overrides: What counts; None where overrides are off.

    Returns:
        `Cache-Control` where there are overrides, and `Set-Cookie` where the query has changed them.
    """
    if overrides is None:
        return []
    headers = [("Cache-Control", "private, no-store")] if found else []
    asked = read_query(query)
    attributes = "Path=/; HttpOnly; SameSite=Lax"
    if found and asked:
        return [*headers, ("Set-Cookie", f"{COOKIE}={join_cookie(found)}; {attributes}")]
    if NONE in asked and COOKIE in cookies:
        headers = [("Cache-Control", "private, no-store")]
        return [*headers, ("Set-Cookie", f"{COOKIE}=; Max-Age=0; {attributes}")]
    return headers


def read_query(query: str) -> list[str]:
    """Return the texts of the query's overrides."""
    if COOKIE not in query or len(query) > LIMITS.request_bytes:
        return []
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    return cap(value for name, value in pairs if name == COOKIE)


def read_cookie(cookies: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a browser asks to be overridden, whether or not it counts."""
    found = (read_override(one) for one in split_cookie(cookies.get(COOKIE, "")))
    return dict(pair for pair in found if pair is not None)


def split_cookie(value: str) -> list[str]:
    """Return the texts of a cookie: escaped once as a whole, and each once more where it has a comma."""
    if not value or len(value) > TEXT_LENGTH:
        return []
    return cap(unquote(part) for part in unquote(value).split(","))


def join_cookie(found: Mapping[str, str]) -> str:
    """Write overrides as a cookie's value: what `split_cookie` reads, in characters that cookies may have."""
    texts = (quote(f"{name}@{url}", safe="/:@") for name, url in found.items())
    return quote(",".join(texts), safe="/:@")


def cap(texts: Iterable[str]) -> list[str]:
    """Return the texts, or none of them where they are too many."""
    found = [*texts]
    return found if len(found) <= 2 * LIMITS.overrides_per_page else []


def read_override(text: str) -> tuple[str, str] | None:
    """Read `NAME@URL`; None where it is neither."""
    found = BORDER.fullmatch(text.strip()) if len(text) <= TEXT_LENGTH else None
    if found is None or remote_name_fault(found["name"]) is not None or not is_web(found["url"]):
        return None
    url = normalise(found["url"])
    return None if url is None else (found["name"], url.partition("#")[0])


def override_page(error: OverrideError) -> tuple[bytes, dict[str, str]]:
    """Write the page a developer gets whose override cannot be used: what is wrong, and the way out.

    Returns:
        The page, which belongs to the status 502, and its headers.
    """
    title = f"hanse: {error.subject}"
    lines = [text(error.message), *([text(error.hint)] if error.hint else [])]
    way_out = f'<a href="?{attribute(COOKIE)}={NONE}">Go on without overrides</a>'
    body = "".join(f"<p>{line}</p>" for line in (*lines, way_out))
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{text(title)}</title>'
    headers = {**ALWAYS, "content-security-policy": NO_CONTENT_POLICY, "cache-control": "no-store"}
    headers["content-type"] = "text/html; charset=utf-8"
    return f"{head}<h1>{text(title)}</h1>{body}</html>".encode("utf-8", "replace"), headers
