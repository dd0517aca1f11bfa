"""A fetch: one request for everybody, and what comes back when one of them leaves."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Sequence

import httpx2
import pytest

from hanse.errors import (
    BlockedError,
    DeadlineError,
    FormatError,
    IntegrityError,
    NetworkError,
    StatusError,
    TooLargeError,
    UsageError,
)
from hanse.limits import Limits
from hanse.net import Access, Client, digest
from hanse.net.resolver import SystemResolver
from tests.net.upstream import hang, redirect, reply, serve, serve_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_document_and_how_it_was_come_by() -> None:
    headers = {"content-type": "application/json", "etag": '"1"', "cache-control": "max-age=60", "age": "7"}
    async with serve_client({"/x?a=1": reply(b"{}", headers=headers)}) as (upstream, client):
        document = await client.fetch(upstream.url("/x?a=1#top"), cap=10, accept="application/x")
        assert document.url == document.final_url == upstream.url("/x?a=1")
        assert (document.body, document.content_type, document.etag) == (b"{}", "application/json", '"1"')
        assert (document.status, document.stale, document.stale_reason) == ("fresh", False, None)
        assert 7 <= document.age < 10
        assert 50 < document.fresh_for <= 53
        assert upstream.asked[0].headers["accept"] == "application/x"
        assert upstream.asked[0].headers["host"] == f"127.0.0.1:{upstream.port}"


async def test_connections_are_reused() -> None:
    async with serve_client({"*": reply(b"{}")}) as (upstream, client):
        for number in range(10):
            await client.fetch(upstream.url(f"/{number}"), cap=10)
        assert (len(upstream.asked), upstream.connections) == (10, 1)


async def test_a_thousand_misses_are_one_request() -> None:
    async with serve_client({"/x": reply(b"{}", delay=0.05)}) as (upstream, client):
        fetches = [client.fetch(upstream.url("/x"), cap=10) for _ in range(1000)]
        documents = await asyncio.gather(*fetches)
        assert {document.body for document in documents} == {b"{}"}
        assert len(upstream.asked) == 1


async def test_a_thousand_failures_are_one_request() -> None:
    async with serve_client({"/x": reply(status=503, delay=0.05)}) as (upstream, client):
        fetches = [client.fetch(upstream.url("/x"), cap=10) for _ in range(1000)]
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert all(isinstance(outcome, StatusError) for outcome in outcomes)
        assert len(upstream.asked) == 1
        assert client.breakers()[upstream.origin].failures == 1


async def test_those_who_wait_give_up_together_and_the_origin_is_asked_once() -> None:
    async with serve_client({"/x": hang}) as (upstream, client):
        fetches = [asyncio.create_task(client.fetch(upstream.url("/x"), cap=10, deadline=2))]
        for _ in range(5):
            await asyncio.sleep(0.01)
            fetches.append(asyncio.create_task(client.fetch(upstream.url("/x"), cap=10, deadline=2)))
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert all(isinstance(outcome, DeadlineError) for outcome in outcomes)
        assert len(upstream.asked) == 1


async def test_somebody_in_a_hurry_does_not_hurry_the_others() -> None:
    async with serve_client({"/x": reply(b"{}", delay=0.3)}) as (upstream, client):
        hurried = asyncio.create_task(client.fetch(upstream.url("/x"), cap=10, deadline=0.05))
        patient = asyncio.create_task(client.fetch(upstream.url("/x"), cap=10, deadline=5))
        with pytest.raises(DeadlineError):
            await hurried
        assert (await patient).body == b"{}"


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_one_who_leaves_does_not_take_the_others_along(leaver: int) -> None:
    async with serve_client({"/x": reply(b"{}", delay=0.1)}) as (upstream, client):
        waiters = [asyncio.create_task(client.fetch(upstream.url("/x"), cap=10)) for _ in range(3)]
        await asyncio.sleep(0.02)
        waiters[leaver].cancel()
        outcomes = await asyncio.gather(*waiters, return_exceptions=True)
        assert isinstance(outcomes.pop(leaver), asyncio.CancelledError)
        assert [getattr(outcome, "body", None) for outcome in outcomes] == [b"{}", b"{}"]
        assert len(upstream.asked) == 1


async def test_when_all_have_left_the_request_ends() -> None:
    async with serve_client({"/x": hang}) as (upstream, client):
        waiters = [asyncio.create_task(client.fetch(upstream.url("/x"), cap=10)) for _ in range(3)]
        async with asyncio.timeout(5):
            while not upstream.asked:  # noqa: ASYNC110 - what is waited for happens in a socket
                await asyncio.sleep(0.005)
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)
            assert client.stats().in_flight == 0
            while upstream.open_now:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
        # Nothing was learned about the origin, neither good nor bad.
        assert client.breakers()[upstream.origin].failures == 0
        upstream.routes["/x"] = reply(b"{}")
        assert (await client.fetch(upstream.url("/x"), cap=10)).body == b"{}"


async def test_integrity_is_checked_over_the_decoded_bytes() -> None:
    async with serve_client({"/x": reply(b"{}"), "/y": reply(b"{} ")}) as (upstream, client):
        good = digest(b"{}")
        assert (await client.fetch(upstream.url("/x"), cap=10, integrity=good)).body == b"{}"
        with pytest.raises(IntegrityError) as caught:
            await client.fetch(upstream.url("/y"), cap=10, integrity=good)
        assert caught.value.subject == upstream.url("/y")
        with pytest.raises(IntegrityError, match="no digest"):
            await client.fetch(upstream.url("/x"), cap=10, integrity="")


async def test_a_fresh_copy_of_other_bytes_does_not_stand_in() -> None:
    """The manifest names new bytes while the old copy is still fresh, by its own header."""
    kept = {"cache-control": "max-age=3600", "etag": '"1"'}
    async with serve_client({"/x": reply(b"old", headers=kept)}) as (upstream, client):
        await client.fetch(upstream.url("/x"), cap=10, integrity=digest(b"old"))
        upstream.routes["/x"] = reply(b"new", headers=kept)
        assert (await client.fetch(upstream.url("/x"), cap=10)).body == b"old"
        document = await client.fetch(upstream.url("/x"), cap=10, integrity=digest(b"new"))
        assert (document.body, document.status) == (b"new", "fresh")
        assert "if-none-match" not in upstream.asked[-1].headers
        upstream.routes["/x"] = reply(status=503)
        with pytest.raises(StatusError):
            await client.fetch(upstream.url("/x"), cap=10, integrity=digest(b"old"), revalidate=True)


async def test_a_copy_larger_than_this_callers_cap_does_not_stand_in() -> None:
    kept = {"cache-control": "max-age=3600"}
    async with serve_client({"/x": reply(b"x" * 100, headers=kept)}) as (upstream, client):
        await client.fetch(upstream.url("/x"), cap=1000)
        with pytest.raises(TooLargeError):
            await client.fetch(upstream.url("/x"), cap=99)
        assert len((await client.fetch(upstream.url("/x"), cap=100)).body) == 100


async def test_what_the_caller_refuses_never_becomes_the_good_copy() -> None:
    def validate(body: bytes) -> None:
        if b"bad" in body:
            raise FormatError("it is bad", subject="x")

    async with serve_client({"/x": reply(b"bad")}) as (upstream, client):

        async def fetch() -> tuple[bytes, str, str]:
            document = await client.fetch(upstream.url("/x"), cap=10, validate=validate)
            return document.body, document.status, type(document.stale_reason).__name__

        with pytest.raises(FormatError):
            await fetch()
        upstream.routes["/x"] = reply(b"good")
        assert await fetch() == (b"good", "fresh", "NoneType")
        upstream.routes["/x"] = reply(b"bad again")
        assert await fetch() == (b"good", "stale", "FormatError")
        upstream.routes["/x"] = reply(b"too large, too large")
        assert await fetch() == (b"good", "stale", "TooLargeError")
        upstream.routes["/x"] = reply(b"better")
        assert await fetch() == (b"better", "fresh", "NoneType")


async def test_a_redirected_document_may_come_from_another_listed_origin() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        if request.url.host == "shop.example":
            return httpx2.Response(302, headers={"location": "//cdn.example/v1/x"})
        return httpx2.Response(200, content=b"{}", headers={"cache-control": "max-age=31536000, immutable"})

    urls = ["https://shop.example/x", "https://cdn.example/"]
    access = Access.for_urls(urls, local=False)
    async with Client(access, transport=httpx2.MockTransport(answer)) as client:
        document = await client.fetch(urls[0], cap=10)
        assert (document.url, document.final_url) == (urls[0], "https://cdn.example/v1/x")
        # The pointer is not as immutable as what it points to.
        assert document.fresh_for == 0
        await client.fetch(urls[0], cap=10)
        assert len(seen) == 4
        client.access = Access.for_urls(urls[:1], local=False)
        with pytest.raises(BlockedError, match=r"cdn\.example"):
            await client.fetch(urls[0], cap=10)


async def test_a_redirect_without_a_place_is_an_error() -> None:
    async with serve_client({"/x": reply(status=302), "/y": redirect("")}) as (upstream, client):
        with pytest.raises(StatusError, match="302"):
            await client.fetch(upstream.url("/x"), cap=10)
        with pytest.raises(BlockedError, match="more than 3 times"):
            await client.fetch(upstream.url("/y"), cap=10)


async def test_a_certificate_nobody_trusts_is_named() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed")

    access = Access.for_urls(["https://shop.example/"], local=False)
    async with Client(access, transport=httpx2.MockTransport(answer)) as client:
        with pytest.raises(NetworkError, match="self-signed") as caught:
            await client.fetch("https://shop.example/x", cap=10)
        assert "certificate" in caught.value.hint


async def test_a_host_read_in_two_ways_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the guard and the library that sends ever read a URL differently, nothing is sent."""

    class Other(httpx2.URL):
        def __init__(self, url: object = "") -> None:
            super().__init__(str(url).replace("shop.example", "evil.example"))

    monkeypatch.setattr("httpx2._models.URL", Other)
    access = Access.for_urls(["https://shop.example/"], local=False)
    async with Client(access, transport=httpx2.MockTransport(lambda _: httpx2.Response(200))) as client:
        with pytest.raises(BlockedError, match="read in two ways"):
            await client.fetch("https://shop.example/x", cap=10)


async def test_a_closed_client_says_so() -> None:
    client = Client(Access())
    await client.aclose()
    await client.aclose()
    with pytest.raises(UsageError, match="closed"):
        await client.fetch("https://shop.example/x", cap=10)


async def test_counts() -> None:
    kept = {"cache-control": "max-age=60"}
    async with serve_client({"/x": reply(b"{}", headers=kept), "/z": reply(b"{}")}) as (upstream, client):
        for path in ("/x", "/x", "/x", "/z"):
            await client.fetch(upstream.url(path), cap=10)
        with pytest.raises(StatusError):
            await client.fetch(upstream.url("/y"), cap=10)
        upstream.routes["/z"] = reply(status=500)
        await client.fetch(upstream.url("/z"), cap=10)
        stats = client.stats()
        assert (stats.fresh, stats.cached, stats.stale, stats.revalidated) == (2, 2, 1, 0)
        assert stats.errors == {"HANSE-FETCH-STATUS": 2}
        assert stats.cache_entries == 2
        assert 4 < stats.cache_bytes < 2000


async def test_failures_leave_nothing_behind() -> None:
    """Errors that are raised again and again do not grow, and nothing of a failed fetch is kept."""
    async with serve_client({"/x": reply(status=404)}) as (upstream, client):

        async def fail(times: int) -> None:
            for _ in range(times):
                with pytest.raises(StatusError):
                    await client.fetch(upstream.url("/x"), cap=10)

        await fail(200)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await fail(2000)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert len(upstream.asked) == 1
        assert grown < 200_000


async def test_the_systems_resolver_asks_once_for_a_name_that_many_want() -> None:
    resolver = SystemResolver(4)
    found = await asyncio.gather(*(resolver("localhost", 80) for _ in range(50)))
    assert all(set(addresses) <= {"127.0.0.1", "::1"} and addresses for addresses in found)
    names = [thread for thread in threading.enumerate() if thread.name.startswith("hanse-names")]
    assert len(names) <= 4
    for bad in ("a" * 70 + ".example", "nobody.invalid", "a..b"):
        with pytest.raises((OSError, UnicodeError)):
            await resolver(bad, 80)
    resolver.close()


async def test_a_name_that_hangs_costs_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def look_up(host: str, port: int) -> Sequence[str]:
        if host == "dead.example":
            release.wait(5)
        return ["127.0.0.1"]

    monkeypatch.setattr("hanse.net.resolver.look_up", look_up)
    resolver = SystemResolver(2)
    stuck = [asyncio.create_task(resolver("dead.example", 1)) for _ in range(20)]
    await asyncio.sleep(0)
    assert await resolver("good.example", 1) == ["127.0.0.1"]
    stuck[0].cancel()
    release.set()
    outcomes = await asyncio.gather(*stuck, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [["127.0.0.1"]] * 19
    resolver.close()


async def test_limits_may_be_narrower() -> None:
    async with serve({"/x": redirect("/y"), "/y": reply(b"{}")}) as upstream:
        access = Access.for_urls([upstream.origin], local=True)
        async with Client(access, limits=Limits(redirects=0)) as client:
            with pytest.raises(BlockedError, match="more than 0 times"):
                await client.fetch(upstream.url("/x"), cap=10)
