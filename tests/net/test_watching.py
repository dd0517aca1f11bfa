"""Following a stream: through hang-ups, silence, floods and garbage, politely, and to a clean end."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from hanse.errors import (
    BlockedError,
    BreakerError,
    DeadlineError,
    FetchError,
    HanseError,
    NetworkError,
    StatusError,
    TooLargeError,
    UsageError,
)
from hanse.limits import Limits
from hanse.net import Access, Client, Event, Interrupted, Opened
from tests.federation.towns import until
from tests.net.upstream import (
    Handler,
    Upstream,
    alternate,
    drip,
    hang,
    head,
    raw,
    redirect,
    reply,
    reset,
    serve_client,
)

pytestmark = pytest.mark.anyio

# What takes seconds and minutes in production takes fractions of a second here.
SWIFT = Limits(
    event_retry=0.02, event_retry_most=0.1, event_idle=0.3, fetch_deadline=0.3, connect_deadline=0.3
)
STREAM = head(200, {"content-type": "text/event-stream; charset=utf-8"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def stream(*parts: bytes, then: float = 30) -> Handler:
    """Open a stream, send these parts, and keep it open."""
    return raw(STREAM + b"".join(parts), b"", pause=then)


class Ear:
    """Keeps what is heard."""

    def __init__(self) -> None:
        self.heard: list[Event | Opened | Interrupted] = []

    def __call__(self, heard: Event | Opened | Interrupted) -> None:
        self.heard.append(heard)

    @property
    def events(self) -> list[str]:
        return [one.data for one in self.heard if isinstance(one, Event)]

    @property
    def errors(self) -> list[HanseError]:
        return [one.error for one in self.heard if isinstance(one, Interrupted)]

    @property
    def waits(self) -> list[float]:
        return [one.retry_in for one in self.heard if isinstance(one, Interrupted)]


@asynccontextmanager
async def watched(
    routes: dict[str, Handler], *, limits: Limits = SWIFT, path: str = "/builds"
) -> AsyncIterator[tuple[Upstream, Client, Ear, asyncio.Task[None]]]:
    """Follow the stream of a server while the block runs."""
    async with serve_client(routes, limits=limits) as (upstream, client):
        ear = Ear()
        task = asyncio.create_task(client.watch(upstream.url(path), ear))
        try:
            yield upstream, client, ear, task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, HanseError):
                await task


async def test_events_are_heard_as_they_come() -> None:
    async with watched({"/builds": stream(b"event: a\ndata: 1\n\n", b": note\n\ndata: 2\n\n")}) as (
        upstream,
        _client,
        ear,
        _,
    ):
        await until(lambda: len(ear.events) == 2)
        assert ear.heard == [Opened(again=False), Event("a", "1"), Event("message", "2")]
        assert upstream.asked[0].headers["accept"] == "text/event-stream"
        assert upstream.asked[0].headers["accept-encoding"] == "identity"


async def test_it_outlasts_every_deadline_that_documents_have() -> None:
    dripping = drip(start=STREAM, byte=b": still here\n\n", every=0.05)
    async with watched({"/builds": dripping}) as (upstream, _, ear, _task):
        await asyncio.sleep(4 * SWIFT.fetch_deadline)
        assert ear.heard == [Opened(again=False)]
        assert upstream.connections == 1


async def test_cancelling_closes_the_connection() -> None:
    async with watched({"/builds": stream(b"data: 1\n\n")}) as (upstream, _, ear, task):
        await until(lambda: bool(ear.events))
        assert upstream.open_now == 1
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await until(lambda: upstream.open_now == 0)
        assert upstream.connections == 1


@pytest.mark.parametrize("stage", ["before the headers", "while waiting"])
async def test_cancelling_at_any_time_leaves_nothing_behind(stage: str) -> None:
    handler = hang if stage == "before the headers" else reset()
    async with watched({"/builds": handler}) as (upstream, _, ear, task):
        await until(lambda: bool(upstream.asked if stage == "before the headers" else ear.errors))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await until(lambda: upstream.open_now == 0)


async def test_closing_the_client_ends_it() -> None:
    async with watched({"/builds": stream()}) as (upstream, client, ear, task):
        await until(lambda: bool(ear.heard))
        await client.aclose()
        with pytest.raises(UsageError, match="closed"):
            async with asyncio.timeout(2):
                await task
        await until(lambda: upstream.open_now == 0)


async def test_a_stream_that_ends_is_opened_again_with_its_last_id() -> None:
    ending = raw(STREAM + b"id: 41\ndata: a\n\nid: 42\ndata: b\n\nid: 43\ndata: never finished")
    async with watched({"/builds": alternate(ending, stream(b"data: c\n\n"))}) as (upstream, _, ear, _task):
        await until(lambda: len(ear.events) == 3)
        assert ear.events == ["a", "b", "c"]
        assert [one.headers.get("last-event-id") for one in upstream.asked] == [None, "42"]
        assert [one for one in ear.heard if isinstance(one, Opened)] == [
            Opened(again=False),
            Opened(again=True),
        ]


@pytest.mark.parametrize("last", ["x" * 2000, "\u00e9", "a\x07b"])
async def test_an_id_that_is_no_plain_header_is_not_repeated(last: str) -> None:
    ending = raw(STREAM + f"id: {last}\ndata: a\n\n".encode())
    async with watched({"/builds": ending}) as (upstream, _, _ear, _task):
        await until(lambda: len(upstream.asked) > 1)
        assert "last-event-id" not in upstream.asked[1].headers


NUISANCES: dict[str, tuple[Handler, type[FetchError], str]] = {
    "hangs": (hang, DeadlineError, "headers"),
    "resets": (reset(), NetworkError, "connection failed"),
    "resets in the stream": (reset(STREAM + b"data: "), NetworkError, "connection failed"),
    "says no HTTP": (raw(b"GARBAGE\r\n\r\n"), NetworkError, "connection failed"),
    "falls silent": (stream(), DeadlineError, "nothing has come for 0.3 s"),
    "ends at once": (raw(STREAM), NetworkError, "ended its stream"),
    "has no such path": (reply(status=404), StatusError, "404"),
    "fails": (reply(status=503), StatusError, "503"),
    "is a page": (reply(b"<p>hello", headers={"content-type": "text/html"}), NetworkError, "text/html"),
    "has no type": (reply(b"data: 1\n\n"), NetworkError, "no type"),
    "is compressed": (
        raw(
            head(200, {"content-type": "text/event-stream", "content-encoding": "gzip"})
            + gzip.compress(b"data: 1\n\n")
        ),
        NetworkError,
        "compressed",
    ),
    "sends an endless line": (stream(b"data: " + b"x" * (65 << 10)), TooLargeError, "more than"),
    "floods events": (stream(b"data: 1\n\n" * 1000), TooLargeError, "events"),
    "floods comments": (raw(STREAM, *[b": \n\n" * 5000] * 200, pause=0.001), TooLargeError, "bytes"),
    "redirects in circles": (redirect("/builds"), BlockedError, "redirects more than"),
    "redirects elsewhere": (redirect("http://elsewhere.example/builds"), BlockedError, "elsewhere.example"),
}


@pytest.mark.parametrize("kind", NUISANCES)
async def test_a_nuisance_is_named_hung_up_on_and_tried_again_later(kind: str) -> None:
    handler, error, text = NUISANCES[kind]
    async with watched({"/builds": handler, "/good": reply(b"{}")}) as (upstream, client, ear, task):
        await until(lambda: len(ear.errors) >= 2)
        found = ear.errors[0]
        assert type(found) is error
        assert text in str(found)
        assert found.subject == upstream.url("/builds")
        assert not task.done()
        assert len(ear.events) <= len(ear.errors) * (SWIFT.event_burst + 1)
        # One at a time: whatever went wrong was closed before the next attempt.
        assert upstream.open_now <= 1
        # Nobody's documents suffer for it.
        assert (await client.fetch(upstream.url("/good"), cap=10)).body == b"{}"
        assert client.breakers()[upstream.origin].failures == 0


async def test_waits_grow_up_to_a_bound_and_are_spread() -> None:
    limits = Limits(event_retry=0.01, event_retry_most=0.08)
    async with watched({"/builds": reply(status=404)}, limits=limits) as (_, _client, ear, _task):
        await until(lambda: len(ear.waits) >= 8)
        for wait, longest in zip(ear.waits, [0.01, 0.02, 0.04, 0.08, 0.08, 0.08, 0.08, 0.08], strict=False):
            assert longest / 2 <= wait <= longest
        assert len({wait / 0.08 for wait in ear.waits[3:8]}) > 1


async def test_the_wait_a_stream_asks_for_counts_within_bounds() -> None:
    limits = Limits(event_retry=0.01, event_retry_most=0.4)
    handlers = [raw(STREAM + b"retry: %d\n\n" % asked) for asked in (200, 3_600_000, 0)]
    async with watched({"/builds": alternate(*handlers)}, limits=limits) as (_, _client, ear, _task):
        await until(lambda: len(ear.waits) >= 2)
        assert 0.1 <= ear.waits[0] <= 0.2
        assert 0.2 <= ear.waits[1] <= 0.4


async def test_an_origin_that_wants_no_more_is_left_in_peace() -> None:
    async with watched({"/builds": reply(status=204)}) as (upstream, _, ear, task):
        async with asyncio.timeout(2):
            await task
        assert ear.heard == []
        assert len(upstream.asked) == 1


async def test_an_open_breaker_is_respected() -> None:
    limits = Limits(breaker_failures=1, event_retry=0.02, event_retry_most=0.05)
    async with serve_client({"/bad": reply(status=500), "/builds": stream()}, limits=limits) as (
        upstream,
        client,
    ):
        with pytest.raises(StatusError):
            await client.fetch(upstream.url("/bad"), cap=10)
        ear = Ear()
        task = asyncio.create_task(client.watch(upstream.url("/builds"), ear))
        await until(lambda: len(ear.errors) >= 3)
        assert {type(error) for error in ear.errors} == {BreakerError}
        assert upstream.paths() == ["/bad"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_may_not_be_asked_is_not_asked() -> None:
    async with serve_client({"/builds": stream()}, limits=SWIFT) as (upstream, client):
        client.access = Access.for_urls(["https://shop.example"], local=True)
        ear = Ear()
        task = asyncio.create_task(client.watch(upstream.url("/builds"), ear))
        await until(lambda: bool(ear.errors))
        assert type(ear.errors[0]) is BlockedError
        assert upstream.asked == []
        # What the operator allows meanwhile counts from the next attempt on.
        client.access = Access.for_urls([upstream.origin], local=True)
        await until(lambda: Opened(again=False) in ear.heard)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_name_with_a_private_address_is_refused() -> None:
    async def names(host: str, port: int) -> list[str]:
        return ["10.0.0.1"]

    url = "https://shop.example/builds"
    async with Client(Access.for_urls([url], local=False), resolver=names, limits=SWIFT) as client:
        ear = Ear()
        task = asyncio.create_task(client.watch(url, ear))
        await until(lambda: bool(ear.errors))
        assert type(ear.errors[0]) is BlockedError
        assert "10.0.0.1" in str(ear.errors[0])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_redirects_are_followed_where_they_may_lead() -> None:
    async with watched({"/builds": redirect("/elsewhere"), "/elsewhere": stream(b"data: 1\n\n")}) as (
        upstream,
        _,
        ear,
        _task,
    ):
        await until(lambda: bool(ear.events))
        assert upstream.paths() == ["/builds", "/elsewhere"]


async def test_streams_take_no_places_of_documents() -> None:
    limits = Limits(connections=2, connections_per_origin=2)
    async with serve_client({"/good": reply(b"{}"), "*": stream()}, limits=limits) as (upstream, client):
        ears = [Ear() for _ in range(6)]
        tasks = [
            asyncio.create_task(client.watch(upstream.url(f"/{number}"), ear))
            for number, ear in enumerate(ears)
        ]
        await until(lambda: all(ear.heard for ear in ears))
        start = time.monotonic()
        assert (await client.fetch(upstream.url("/good"), cap=10)).body == b"{}"
        assert time.monotonic() - start < 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: upstream.open_now <= 1)


async def test_fetches_with_other_rights_do_not_share_an_answer() -> None:
    """A redirect that one fetch may follow must not lead another, which waits for the same URL, there."""
    async with serve_client({"/here": reply(b"{}")}) as (elsewhere, _):
        slowly = reply(status=302, headers={"location": elsewhere.url("/here")}, delay=0.2)
        async with serve_client({"/x": slowly}) as (upstream, client):
            wide = client.access.with_urls([elsewhere.origin], local=True)
            outcomes = await asyncio.gather(
                client.fetch(upstream.url("/x"), cap=10, access=wide),
                client.fetch(upstream.url("/x"), cap=10),
                return_exceptions=True,
            )
            assert [type(one) for one in outcomes] == [BlockedError, BlockedError]
            assert len(upstream.asked) == 2
