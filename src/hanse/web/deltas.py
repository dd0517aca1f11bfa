"""Deltas: what a page that is already loaded adds to its import map for one more remote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hanse.errors import FormatError, UsageError
from hanse.federation import Federation
from hanse.formats.decoding import convert_value, decode_json
from hanse.limits import Limits
from hanse.names import check_remote_name
from hanse.urls import is_web
from hanse.web.documents import delta_document
from hanse.web.problems import answer_problem
from hanse.web.replies import reply

__all__ = ["Desk", "give_delta"]

SUBJECT: Final = "request"


class Wish(msgspec.Struct, frozen=True):
    """What is asked: the URL of a remote entry, the remote's name, and the digest the page was made from."""

    url: str
    name: str
    snapshot: str


WISH: Final = msgspec.json.Decoder(Wish)


class Desk:
    """Serves so many at a time and turns the others away: a queue would only hide a flood."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._free = limits.deltas_at_once

    @contextmanager
    def serve(self) -> Iterator[None]:
        """Take one of the places.

        Raises:
            HTTPException: All are taken (503).
        """
        if self._free <= 0:
            raise HTTPException(503, "too many deltas are being worked out", {"retry-after": "1"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


async def give_delta(federation: Federation, desk: Desk, request: Request) -> Response:
    """Answer with a delta; the origins that may be asked for entries are the operator's."""
    if not federation.has_snapshot:
        raise HTTPException(503, "there is no snapshot yet", {"retry-after": "1"})
    with desk.serve():
        try:
            wish = await read_wish(request, desk.limits)
        except (FormatError, UsageError) as error:
            return answer_problem(error, status=400)
        delta = await federation.init_remote_entry(wish.url, wish.name, snapshot=wish.snapshot)
    return reply(request, delta_document(delta), "application/json", cache="no-store", public=True)


async def read_wish(request: Request, limits: Limits) -> Wish:
    """Read what is asked, from the query or from the body.

    Raises:
        FormatError: It is not what it should be.
        HTTPException: The body is too large (413), comes too slowly (408) or not at all (400).
    """
    if request.method == "POST":
        body = await read_body(request, limits)
        wish = decode_json(WISH, body, subject=SUBJECT, cap=limits.request_bytes)
    else:
        wish = convert_value(single_values(request.query_params), Wish, subject=SUBJECT)
    for name, text in msgspec.structs.asdict(wish).items():
        if not 0 < len(text) <= limits.text_length:
            raise FormatError(
                "this text is empty or too long",
                subject=SUBJECT,
                path=f"$.{name}",
                found=f"{len(text)} characters",
                expected=f"1 to {limits.text_length}",
            )
    check_remote_name(wish.name, subject=SUBJECT, path="$.name")
    # Relative to a local manifest it would name a file of this machine.
    if not is_web(wish.url):
        raise FormatError(
            "this is no address on the web",
            subject=SUBJECT,
            path="$.url",
            found=repr(wish.url[:60]),
            expected="an absolute http: or https: URL",
        )
    return wish


def single_values(query: QueryParams) -> Mapping[str, str]:
    """Return the query as a mapping.

    Raises:
        FormatError: A name is there twice, so that one reader may take the first and another the last.
    """
    values: dict[str, str] = {}
    for name, value in query.multi_items():
        if name in values:
            raise FormatError("this stands twice in the query", subject=SUBJECT, path=f"$.{name[:60]}")
        values[name] = value
    return values


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read a body of few bytes, within a deadline.

    Raises:
        HTTPException: It is too large (413), comes too slowly (408) or not at all (400).
    """
    received = bytearray()
    try:
        async with asyncio.timeout(limits.request_deadline):
            async for chunk in request.stream():
                received += chunk
                if len(received) > limits.request_bytes:
                    raise HTTPException(413, f"a request has at most {limits.request_bytes} bytes")
    except TimeoutError:
        raise HTTPException(408, "the request came too slowly") from None
    except ClientDisconnect:
        raise HTTPException(400, "the request broke off") from None
    return bytes(received)
