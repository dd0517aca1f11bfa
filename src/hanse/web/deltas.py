"""Deltas: what a page that is already loaded adds to its import map for one more remote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hanse.errors import FormatError, UsageError
from hanse.federation import Federation
from hanse.formats.decoding import convert_value, decode_json
from hanse.formats.digests import digest_fault
from hanse.formats.import_map import ImportMap, serialise
from hanse.limits import Limits
from hanse.names import check_remote_name
from hanse.urls import is_web
from hanse.web.documents import delta_document
from hanse.web.extensions import (
    ModuleWish,
    extend_page,
    lacking_rules,
    read_module_wish,
    read_modules,
    require_snapshot,
)
from hanse.web.head.atlases import Atlases
from hanse.web.problems import answer_problem
from hanse.web.replies import reply

__all__ = ["Desk", "give_delta"]

SUBJECT: Final = "request"


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked: the URL of a remote entry, and the digest the page was made from.

    Where no name is given, the remote has that of its entry; `integrity` is the digest the entry should have.
    A page whose map was cut to its modules also says from which snapshot it was, `page`, and which modules it
    has.
    """

    url: str
    snapshot: str
    name: str | None = None
    integrity: str | None = None
    page: str | None = None
    have: tuple[str, ...] = ()


WISH: Final = msgspec.json.Decoder(Wish)


class Desk:
    """Serves so many at a time and turns the others away: a queue would only hide a flood."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.atlases = Atlases(limits)
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
            wish = await read_any_wish(request, desk.limits)
        except (FormatError, UsageError) as error:
            return answer_problem(error, status=400)
        body = await (
            extend(federation, desk, wish)
            if isinstance(wish, ModuleWish)
            else add_remote(federation, desk, wish)
        )
    return reply(request, body, "application/json", cache="no-store", public=True)


async def read_any_wish(request: Request, limits: Limits) -> Wish | ModuleWish:
    """Read what is asked: a remote, or a module of one that the page knows.

    Raises:
        FormatError: It is not what it should be.
        HTTPException: The body is too large (413), comes too slowly (408) or not at all (400).
    """
    if "module" in request.query_params:
        return read_module_wish(request.query_params, limits)
    return await read_wish(request, limits)


async def extend(federation: Federation, desk: Desk, wish: ModuleWish) -> bytes:
    """Write what a page adds for one more module.

    Raises:
        NotFoundError: There is no such module, or no such snapshot any more.
    """
    snapshot = require_snapshot(federation, wish.snapshot)
    return await run_in_threadpool(extend_page, snapshot, desk.atlases, wish)


async def add_remote(federation: Federation, desk: Desk, wish: Wish) -> bytes:
    """Write what a page adds for one more remote.

    Raises:
        HanseError: The entry cannot be had, or a strict option forbids the outcome.
    """
    delta = await federation.init_remote_entry(
        wish.url, wish.name, integrity=wish.integrity, snapshot=wish.snapshot
    )
    if wish.page is not None:
        snapshot = require_snapshot(federation, wish.page)
        # The newcomer may inherit any rule of the page's snapshot, and the page has only some of them.
        whole = merge_rules(snapshot.import_map, delta.import_map)
        missing = await run_in_threadpool(lacking_rules, snapshot, desk.atlases, wish.have, whole)
        delta = replace(delta, import_map=missing, import_map_json=serialise(missing))
    return delta_document(delta)


def merge_rules(first: ImportMap, second: ImportMap) -> ImportMap:
    """Return two maps as one in which the first counts."""
    scopes = {
        scope: {**second.scopes.get(scope, {}), **first.scopes.get(scope, {})}
        for scope in (*first.scopes, *second.scopes)
    }
    return ImportMap(
        imports={**second.imports, **first.imports},
        scopes=scopes,
        integrity={**second.integrity, **first.integrity},
    )


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
        wish = convert_value(query_values(request.query_params), Wish, subject=SUBJECT)
    read_modules(wish.have, limits)
    for name, text in msgspec.structs.asdict(wish).items():
        if isinstance(text, str) and not 0 < len(text) <= limits.text_length:
            raise FormatError(
                "this text is empty or too long",
                subject=SUBJECT,
                path=f"$.{name}",
                found=f"{len(text)} characters",
                expected=f"1 to {limits.text_length}",
            )
    if wish.name is not None:
        check_remote_name(wish.name, subject=SUBJECT, path="$.name")
    check_integrity(wish.integrity)
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


def check_integrity(integrity: str | None) -> None:
    """Check that what is given is a digest.

    Raises:
        FormatError: It is none.
    """
    fault = digest_fault(integrity) if integrity is not None else None
    if fault is not None:
        raise FormatError(fault, subject=SUBJECT, path="$.integrity", expected="a digest, as `sha384-…`")


def query_values(query: QueryParams) -> Mapping[str, object]:
    """Return the query as a mapping; `have` is a list.

    Raises:
        FormatError: A name is there twice, so that one reader may take the first and another the last.
    """
    values: dict[str, object] = {"have": query.getlist("have")}
    for name, value in query.multi_items():
        if name == "have":
            continue
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
