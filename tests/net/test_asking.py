"""Single requests: guarded and bounded as documents are, and nobody else's."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from hanse.errors import (
    BlockedError,
    BreakerError,
    DeadlineError,
    StatusError,
    TooLargeError,
    UsageError,
)
from hanse.limits import LIMITS
from hanse.net import Access, Client
from tests.net.upstream import Asked, Handler, hang, redirect, reply, serve_client, tagged

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def echo(bodies: list[bytes]) -> Handler:
    """Answer with the body of the request."""

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        bodies.append(await asked.reader.readexactly(int(asked.headers.get("content-length", "0"))))
        return await reply(bodies[-1])(asked, writer)

    return handle


async def test_a_body_is_posted_with_the_headers_as_they_are() -> None:
    bodies: list[bytes] = []
    async with serve_client({"/x": echo(bodies)}) as (upstream, client):
        found = await client.ask(
            upstream.url("/x"), cap=100, headers={"signature": "hanse=:AA==:"}, content=b"{}"
        )
    assert (found.status, found.body, bodies) == (200, b"{}", [b"{}"])
    assert upstream.asked[0].headers["signature"] == "hanse=:AA==:"
    assert upstream.asked[0].headers["content-length"] == "2"


async def test_two_who_ask_the_same_get_an_answer_each_and_nothing_is_kept() -> None:
    fresh = reply(b"x", headers={"cache-control": "max-age=100"})
    async with serve_client({"/x": fresh}) as (upstream, client):
        asks = [client.ask(upstream.url("/x"), cap=100, headers={"n": str(n)}) for n in range(2)]
        await asyncio.gather(*asks)
        await client.ask(upstream.url("/x"), cap=100, headers={})
        assert len(upstream.asked) == 3
        assert client.stats().cache_entries == 0


async def test_a_tag_is_asked_with_and_confirmed() -> None:
    async with serve_client({"/x": tagged(b"x", '"1"')}) as (upstream, client):
        first = await client.ask(upstream.url("/x"), cap=100, headers={})
        again = await client.ask(upstream.url("/x"), cap=100, headers={}, etag=first.etag)
    assert (first.status, first.body, first.etag) == (200, b"x", '"1"')
    assert (again.status, again.body) == (304, b"")


async def test_a_redirect_is_refused_with_headers_or_a_body_to_be_kept() -> None:
    async with serve_client({"/x": redirect("/y"), "/y": reply(b"y")}) as (upstream, client):
        with pytest.raises(BlockedError, match="for this URL alone"):
            await client.ask(upstream.url("/x"), cap=100, headers={"signature": "x"})
        with pytest.raises(BlockedError, match="for this URL alone"):
            await client.ask(upstream.url("/x"), cap=100, headers={}, content=b"")
        assert upstream.paths() == ["/x", "/x"]


async def test_the_guard_the_cap_the_deadline_and_the_breaker_are_those_of_documents() -> None:
    limits = replace(LIMITS, breaker_failures=2)
    routes = {"/big": reply(b"x" * 101), "/500": reply(status=500), "/hang": hang, "/404": reply(status=404)}
    async with serve_client(routes, limits=limits) as (upstream, client):
        with pytest.raises(BlockedError, match="not allowed"):
            await client.ask("https://evil.example/", cap=100, headers={})
        with pytest.raises(TooLargeError):
            await client.ask(upstream.url("/big"), cap=100, headers={})
        with pytest.raises(StatusError):
            await client.ask(upstream.url("/404"), cap=100, headers={})
        began = time.monotonic()
        with pytest.raises(DeadlineError):
            await client.ask(upstream.url("/hang"), cap=100, headers={}, deadline=0.2)
        assert time.monotonic() - began < 1
        with pytest.raises(StatusError):
            await client.ask(upstream.url("/500"), cap=100, headers={}, content=b"x")
        with pytest.raises(BreakerError):
            await client.ask(upstream.url("/404"), cap=100, headers={})


async def test_those_who_wait_long_take_no_place_of_others() -> None:
    limits = replace(LIMITS, connections=2, connections_per_origin=2)
    async with serve_client({"/hang": hang, "/x": reply(b"x")}, limits=limits) as (upstream, client):
        waiting = [
            asyncio.create_task(
                client.ask(upstream.url("/hang"), cap=9, headers={}, deadline=9, patient=True)
            )
            for _ in range(8)
        ]
        await asyncio.sleep(0.1)
        assert (await client.ask(upstream.url("/x"), cap=9, headers={}, deadline=1)).body == b"x"
        assert upstream.open_now == 9
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_closed_client_asks_nobody() -> None:
    client = Client(Access())
    await client.aclose()
    with pytest.raises(UsageError, match="closed"):
        await client.ask("https://shop.example/", cap=9, headers={})
