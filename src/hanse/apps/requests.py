"""What is read of requests for pages, and written into their responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hanse.apps.answers import Answer, PageRequest
from hanse.apps.routes import Match

__all__ = [
    "NOBODYS",
    "answer_json",
    "cache_headers",
    "is_of_browser",
    "is_own_form",
    "raw_path",
    "read_form",
    "route_props",
    "with_cookies",
]

NOBODYS: Final = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
# What a browser says of where a request comes from, for a form of this very site.
OWN: Final = frozenset({"same-origin", "none"})
SAFE: Final = "/:@!$&'()*+,;=~%"


def raw_path(request: Request) -> str:
    """Return a request's path as it came, percent-encoded."""
    raw = request.scope.get("raw_path")
    if raw:
        return str(raw.decode("latin-1").partition("?")[0])
    return quote(request.scope["path"], safe=SAFE.replace("%", ""))


def route_props(match: Match, request: PageRequest) -> dict[str, object]:
    """Return what a page's components learn of where they are."""
    route = match.route
    return {
        "app": route.app,
        "path": request.path,
        "pattern": route.pattern.text,
        "params": dict(match.params),
        "query": dict(request.query),
    }


async def read_form(request: Request, most: int) -> str | None:
    """Return a form's body; None where it is too large, or is not UTF-8."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def is_own_form(request: Request) -> bool:
    """Tell whether a form was sent by a page of this origin: the browser says so, and no page can forge that.

    Browsers say `Sec-Fetch-Site`, and those that do not yet say `Origin` with every form.
    """
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said in OWN
    sender = request.headers.get("origin")
    return sender is not None and urlsplit(sender).netloc == request.headers.get("host")


def is_of_browser(request: Request) -> bool:
    """Tell whether a browser sends this: it says with every form where that is from, and servers do not."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers


def answer_json(told: object) -> Response:
    """Answer with JSON that nobody keeps.

    Raises:
        TypeError: There is something in it that JSON has not.
    """
    return Response(msgspec.json.encode(told), media_type="application/json", headers=NOBODYS)


def with_cookies(response: Response, cookies: Mapping[str, str]) -> Response:
    """Add cookies to a response, for the whole site, out of the reach of scripts and of other sites."""
    for name, value in cookies.items():
        if value:
            response.set_cookie(name, value, httponly=True, samesite="lax", path="/")
        else:
            response.delete_cookie(name, httponly=True, samesite="lax", path="/")
    return response


def cache_headers(answer: Answer) -> dict[str, str]:
    """Say for how long a page is the same for everybody; its nonce is not, so no cache but ours keeps it."""
    return dict(NOBODYS) if answer.cache <= 0 else {"cache-control": f"private, max-age={int(answer.cache)}"}
