"""When the origin is asked, when the copy answers, and when it answers although it is old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hanse.errors import BreakerError, StatusError
from hanse.limits import Limits
from hanse.net import Access, Client, Document
from tests.net.upstream import Upstream, alternate, hang, redirect, reply, reset, serve_client, tagged

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def fetcher(upstream: Upstream, client: Client) -> Callable[..., Awaitable[Document]]:
    return lambda revalidate=False: client.fetch(upstream.url("/x"), cap=1000, revalidate=revalidate)


async def settle(client: Client) -> None:
    """Let a renewal in the background come to its end."""
    async with asyncio.timeout(5):
        await asyncio.sleep(0.01)
        while client.stats().in_flight:  # noqa: ASYNC110 - what is waited for happens in a socket
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)


async def test_a_fresh_copy_answers_unasked(clock: Clock) -> None:
    kept = {"cache-control": "max-age=60", "age": "10"}
    async with serve_client({"/x": reply(b"1", headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        assert (await fetch()).status == "fresh"
        clock.now += 49
        document = await fetch()
        assert (document.status, document.age, document.fresh_for) == ("cached", 59, 1)
        assert len(upstream.asked) == 1
        clock.now += 1
        assert (await fetch()).status == "fresh"
        assert len(upstream.asked) == 2


async def test_without_a_word_about_freshness_the_origin_is_asked(clock: Clock) -> None:
    async with serve_client({"/x": tagged(b"1", '"1"')}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        assert [(await fetch()).status for _ in range(3)] == ["fresh", "revalidated", "revalidated"]
        assert [asked.headers.get("if-none-match") for asked in upstream.asked] == [None, '"1"', '"1"']
        upstream.routes["/x"] = tagged(b"2", '"2"')
        document = await fetch()
        assert (document.body, document.status, document.etag) == (b"2", "fresh", '"2"')


async def test_a_date_confirms_as_well_as_a_tag() -> None:
    date = "Fri, 20 Nov 2026 12:00:00 GMT"
    async with serve_client({"/x": reply(b"1", headers={"last-modified": date})}) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = reply(status=304)
        document = await fetch()
        assert (document.body, document.status, document.last_modified) == (b"1", "revalidated", date)
        assert upstream.asked[-1].headers["if-modified-since"] == date


@pytest.mark.parametrize("etag", ["ü" * 3, '"' + "x" * 5000 + '"', "\x7f", ""])
async def test_a_tag_that_cannot_be_sent_back_is_left_out(etag: str) -> None:
    async with serve_client({"/x": reply(b"1", headers={"etag": etag})}) as (upstream, client):
        fetch = fetcher(upstream, client)
        assert (await fetch()).etag is None
        assert (await fetch()).status == "fresh"
        assert "if-none-match" not in upstream.asked[-1].headers


async def test_a_confirmation_makes_the_copy_young(clock: Clock) -> None:
    kept = {"cache-control": "max-age=60"}
    async with serve_client({"/x": tagged(b"1", '"1"', headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        clock.now += 61
        assert (await fetch()).status == "revalidated"
        clock.now += 59
        assert (await fetch()).status == "cached"
        # A confirmation that says nothing leaves the lifetime as it was.
        upstream.routes["/x"] = reply(status=304)
        clock.now += 2
        assert (await fetch()).fresh_for == 60
        # One that says something changes it.
        upstream.routes["/x"] = reply(status=304, headers={"cache-control": "max-age=5"})
        clock.now += 60
        assert (await fetch()).fresh_for == 5


async def test_asking_can_be_insisted_on(clock: Clock) -> None:
    kept = {"cache-control": "max-age=3600"}
    async with serve_client({"/x": tagged(b"1", '"1"', headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        assert (await fetch(revalidate=True)).status == "revalidated"
        upstream.routes["/x"] = tagged(b"2", '"2"', headers=kept)
        assert (await fetch()).body == b"1"
        assert (await fetch(revalidate=True)).body == b"2"
        assert (await fetch()).body == b"2"


@pytest.mark.parametrize(
    "said", ["no-cache", "no-cache, max-age=60", "max-age=0", "max-age=0, must-revalidate"]
)
async def test_what_must_be_asked_for_is_asked_for(said: str) -> None:
    routes = {"/x": tagged(b"1", '"1"', headers={"cache-control": said})}
    async with serve_client(routes) as (upstream, client):
        fetch = fetcher(upstream, client)
        assert [(await fetch()).status for _ in range(2)] == ["fresh", "revalidated"]
        upstream.routes["/x"] = reply(status=503)
        assert (await fetch()).stale


async def test_what_may_not_be_stored_is_not() -> None:
    kept = {"cache-control": "no-store", "etag": '"1"'}
    async with serve_client({"/x": reply(b"1", headers=kept)}) as (upstream, client):
        fetch = fetcher(upstream, client)
        assert [(await fetch()).status for _ in range(2)] == ["fresh", "fresh"]
        assert client.stats().cache_entries == 0
        upstream.routes["/x"] = reply(status=503)
        with pytest.raises(StatusError):
            await fetch()


async def test_an_old_copy_answers_at_once_while_it_is_renewed(clock: Clock) -> None:
    kept = {"cache-control": "max-age=10, stale-while-revalidate=50"}
    async with serve_client({"/x": reply(b"1", headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = reply(b"2", headers=kept, delay=0.1)
        clock.now += 11
        loop = asyncio.get_running_loop()
        start = loop.time()
        documents = [await fetch() for _ in range(100)]
        assert loop.time() - start < 0.1
        assert {(document.body, document.status) for document in documents} == {(b"1", "stale")}
        assert documents[0].stale_reason is None
        await asyncio.sleep(0.12)
        await settle(client)
        document = await fetch()
        assert (document.body, document.status) == (b"2", "cached")
        assert len(upstream.asked) == 2
        # Beyond the window the caller waits.
        clock.now += 61
        assert (await fetch()).status == "fresh"


async def test_a_renewal_that_fails_is_told_by_the_next_document(clock: Clock) -> None:
    kept = {"cache-control": "max-age=10, stale-while-revalidate=50"}
    async with serve_client({"/x": reply(b"1", headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        clock.now += 11
        upstream.routes["/x"] = reply(status=500)
        assert (await fetch()).stale_reason is None
        await settle(client)
        assert isinstance((await fetch()).stale_reason, StatusError)
        upstream.routes["/x"] = reply(b"2", headers=kept)
        await settle(client)
        await fetch()
        await settle(client)
        assert (await fetch()).stale_reason is None


async def test_closing_ends_a_renewal(clock: Clock) -> None:
    kept = {"cache-control": "max-age=10, stale-while-revalidate=50"}
    async with serve_client({"/x": reply(b"1", headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        clock.now += 11
        upstream.routes["/x"] = hang
        assert (await fetch()).stale
        await asyncio.sleep(0.02)


FAILING = {"503": reply(status=503), "404": reply(status=404), "reset": reset(), "loop": redirect("/x")}


@pytest.mark.parametrize("kind", FAILING)
async def test_the_last_good_copy_answers_where_the_origin_fails(kind: str, clock: Clock) -> None:
    limits = Limits(breaker_failures=1000)
    async with serve_client({"/x": reply(b"1")}, clock=clock, limits=limits) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = FAILING[kind]
        clock.now += 7 * 24 * 3600 - 1
        document = await fetch()
        assert (document.body, document.status, document.age) == (b"1", "stale", 7 * 24 * 3600 - 1)
        assert document.stale_reason is not None
        assert document.stale_reason.subject == upstream.url("/x")
        clock.now += 1
        with pytest.raises(type(document.stale_reason)):
            await fetch()


async def test_an_origin_may_say_how_long_its_copy_stands_in(clock: Clock) -> None:
    kept = {"cache-control": "max-age=10, stale-if-error=20"}
    async with serve_client({"/x": reply(b"1", headers=kept)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = reply(status=500)
        clock.now += 29
        assert (await fetch()).stale
        clock.now += 1
        with pytest.raises(StatusError):
            await fetch()


@pytest.mark.parametrize("status", [410, 451])
async def test_what_the_origin_took_back_is_gone(status: int) -> None:
    async with serve_client({"/x": reply(b"1")}) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = reply(status=status)
        with pytest.raises(StatusError, match=str(status)):
            await fetch()


async def test_a_refusal_is_believed_for_five_seconds(clock: Clock) -> None:
    async with serve_client({"/x": reply(status=404)}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        for _ in range(50):
            with pytest.raises(StatusError):
                await fetch()
            clock.now += 0.099
        assert len(upstream.asked) == 1
        clock.now += 0.1
        upstream.routes["/x"] = reply(b"1")
        assert (await fetch()).body == b"1"
        upstream.routes["/x"] = reply(status=404)
        assert (await fetch()).stale
        asked = len(upstream.asked)
        assert isinstance((await fetch()).stale_reason, StatusError)
        assert len(upstream.asked) == asked
        upstream.routes["/x"] = reply(b"2")
        assert (await fetch(revalidate=True)).body == b"2"


async def test_the_breaker_spares_the_origin_and_the_copy_stands_in(clock: Clock) -> None:
    async with serve_client({"/x": reply(b"1"), "/y": reply(b"y")}, clock=clock) as (upstream, client):
        fetch = fetcher(upstream, client)
        await fetch()
        upstream.routes["/x"] = reply(status=500)
        reasons = [type((await fetch()).stale_reason) for _ in range(8)]
        assert reasons == [StatusError] * 5 + [BreakerError] * 3
        assert len(upstream.asked) == 6
        assert client.breakers()[upstream.origin].phase == "open"
        with pytest.raises(BreakerError) as caught:
            await client.fetch(upstream.url("/y"), cap=10)
        assert caught.value.subject == upstream.url("/y")
        # Half open: one probe, however many ask for different documents.
        clock.now += 30
        upstream.routes["*"] = reply(b"{}", delay=0.05)
        fetches = [client.fetch(upstream.url(f"/{n}"), cap=10) for n in range(20)]
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert sum(isinstance(outcome, Document) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, BreakerError) for outcome in outcomes) == 19
        assert client.breakers()[upstream.origin].phase == "closed"
        upstream.routes["/x"] = reply(b"2")
        assert (await fetch()).body == b"2"


async def test_a_refused_document_is_no_failure_of_the_origin() -> None:
    async with serve_client({"*": reply(status=404)}) as (upstream, client):
        for number in range(20):
            with pytest.raises(StatusError):
                await client.fetch(upstream.url(f"/{number}"), cap=10)
        assert client.breakers()[upstream.origin].failures == 0


async def test_waiting_requests_do_not_reach_an_origin_whose_breaker_has_opened() -> None:
    limits = Limits(connections_per_origin=2, breaker_failures=4)
    async with serve_client({"*": reply(status=500, delay=0.01)}, limits=limits) as (upstream, client):
        fetches = [client.fetch(upstream.url(f"/{n}"), cap=10) for n in range(100)]
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StatusError, BreakerError}
        assert len(upstream.asked) <= 6


async def test_breakers_of_origins_that_are_gone_are_forgotten() -> None:
    async with serve_client({"*": reply(status=500)}) as (upstream, client):
        with pytest.raises(StatusError):
            await client.fetch(upstream.url("/x"), cap=10)
        assert set(client.breakers()) == {upstream.origin}
        client.access = Access.for_urls(["https://cdn.example/"], local=False)
        assert client.breakers() == {}


async def test_other_accept_headers_are_other_documents() -> None:
    kept = {"cache-control": "max-age=60"}
    async with serve_client({"/x": alternate(reply(b"1", headers=kept), reply(b"2", headers=kept))}) as (
        upstream,
        client,
    ):
        url = upstream.url("/x")
        assert (await client.fetch(url, cap=10, accept="application/json")).body == b"1"
        assert (await client.fetch(url, cap=10, accept="text/javascript")).body == b"2"
        assert (await client.fetch(url, cap=10, accept="application/json")).body == b"1"
