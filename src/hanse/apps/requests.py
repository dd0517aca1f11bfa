"""What is read of requests for pages, and written into their responses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hanse.apps.answers import Answer, PageRequest
from hanse.apps.routes import Match
from hanse.errors import HanseError

__all__ = [
    "NOBODYS",
    "answer_json",
    "cache_headers",
    "is_of_browser",
    "is_own_form",
    "make_request",
    "note",
    "raw_path",
    "read_form",
    "read_request",
    "route_props",
    "with_cookies",
]

LOG: Final = logging.getLogger("hanse.apps")
NO_FORM: Final[Mapping[str, str]] = MappingProxyType({})
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


def make_request(request: Request, path: str, form: Mapping[str, str] = NO_FORM) -> PageRequest:
    """Return a request as pages get it; `path` is that of the page."""
    return PageRequest(
        path=path,
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        cookies=request.cookies,
        form=form,
    )


async def read_request(request: Request, path: str, *, form: bool, most: int) -> PageRequest | Response:
    """Return a request as pages get it, with its form; the answer where that is larger than `most` bytes."""
    if not form:
        return make_request(request, path)
    body = await read_form(request, most)
    if body is None:
        return Response("this form is too large, or not UTF-8", status_code=413)
    return make_request(request, path, dict(parse_qsl(body, keep_blank_values=True)))


def note(what: str, error: Exception) -> None:
    """Log what went wrong: in a line where others are to blame, with a traceback where own Python is."""
    if isinstance(error, HanseError):
        LOG.warning("%s: %s", what, error)
    else:
        LOG.error("%s", what, exc_info=error)
