"""An origin that hangs, drips, drops or lies costs its own documents, and nobody else's time."""

from __future__ import annotations

import asyncio
import gzip
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from hanse.errors import BreakerError, DeadlineError, FetchError, HanseError, NetworkError, StatusError
from hanse.limits import Limits
from hanse.net import Access, Client
from tests.net.upstream import Handler, alternate, drip, hang, head, raw, reply, reset, serve, serve_client

pytestmark = pytest.mark.anyio

DEADLINE = 0.3
# A fetch may outlive its deadline by 50 ms; a busy machine gets ten times as much here.
LATEST = DEADLINE + 0.5


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# The beginning of a gzip file, and of a stored block of 65535 bytes.
STORED = gzip.compress(b"{}")[:10] + b"\x00\xff\xff\x00\x00"

SLOW: dict[str, Handler] = {
    "hangs": hang,
    "drips its status line": drip(start=b"HTTP/1.1 20"),
    "drips its headers": drip(start=b"HTTP/1.1 200 OK\r\n", byte=b"x"),
    "drips endless hints": drip(byte=b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "drips its body": drip(start=head(200, {"content-length": "1000000"})),
    "drips a body without length": drip(start=head(200, {})),
    "drips its chunks": drip(start=head(200, {"transfer-encoding": "chunked"}), byte=b"1\r\n \r\n"),
    "drips a chunk's size": drip(start=head(200, {"transfer-encoding": "chunked"}), byte=b"0"),
    "drips gzip": drip(start=head(200, {"content-encoding": "gzip"}) + STORED, byte=b"\0"),
    "stops in its body": raw(head(200, {"content-length": "10"}) + b"{", b"", pause=30),
    "floods tiny chunks": raw(
        head(200, {"transfer-encoding": "chunked"}), *[b"1\r\n \r\n" * 5000] * 1000, pause=0.001
    ),
}


@pytest.mark.parametrize("kind", SLOW)
async def test_nothing_holds_a_fetch_beyond_its_deadline(kind: str) -> None:
    async with serve_client({"/x": SLOW[kind], "/good": reply(b"{}")}) as (upstream, client):
        start = time.monotonic()
        with pytest.raises(DeadlineError) as caught:
            await client.fetch(upstream.url("/x"), cap=1 << 20, deadline=DEADLINE)
        assert time.monotonic() - start < LATEST
        assert caught.value.subject == upstream.url("/x")
        assert caught.value.hint
        assert client.stats().in_flight == 0
        assert (await client.fetch(upstream.url("/good"), cap=10)).body == b"{}"
        await wait_until(lambda: upstream.open_now == 1)


async def wait_until(met: Callable[[], object]) -> None:
    """Wait until a condition holds; the test fails if that takes five seconds."""
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 - what is waited for happens in a socket
            await asyncio.sleep(0.005)


async def test_redirects_share_the_deadline() -> None:
    slowly = reply(status=302, headers={"location": "/x"}, delay=DEADLINE * 0.4)
    async with serve_client({"/x": slowly}) as (upstream, client):
        start = time.monotonic()
        with pytest.raises(DeadlineError):
            await client.fetch(upstream.url("/x"), cap=10, deadline=DEADLINE)
        assert time.monotonic() - start < LATEST
        assert len(upstream.asked) == 3


async def test_waiting_for_a_connection_counts() -> None:
    limits = Limits(connections_per_origin=1, breaker_failures=100)
    async with serve_client({"*": hang}, limits=limits) as (upstream, client):
        holder = asyncio.create_task(client.fetch(upstream.url("/first"), cap=10, deadline=30))
        await wait_until(lambda: upstream.asked)
        start = time.monotonic()
        fetches = [client.fetch(upstream.url(f"/{n}"), cap=10, deadline=DEADLINE) for n in range(20)]
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert time.monotonic() - start < LATEST
        assert all(isinstance(outcome, DeadlineError) for outcome in outcomes)
        assert upstream.paths() == ["/first"]
        # Having waited says nothing about the origin.
        assert client.breakers()[upstream.origin].failures == 0
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)


async def test_a_name_server_that_hangs_counts() -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    url = "https://shop.example/x"
    async with Client(Access.for_urls([url], local=False), resolver=names) as client:
        start = time.monotonic()
        with pytest.raises(DeadlineError):
            await client.fetch(url, cap=10, deadline=DEADLINE)
        assert time.monotonic() - start < LATEST


async def test_a_connection_that_is_never_made_has_a_deadline_of_its_own() -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    url = "https://shop.example/x"
    limits = Limits(connect_deadline=0.1)
    async with Client(Access.for_urls([url], local=False), resolver=names, limits=limits) as client:
        start = time.monotonic()
        with pytest.raises(NetworkError, match=r"no connection to shop\.example within 0\.1 s"):
            await client.fetch(url, cap=10, deadline=10)
        assert time.monotonic() - start < 1


@asynccontextmanager
async def serve_bytes(answer: bytes) -> AsyncIterator[str]:
    """Run a server that says something to whoever says something, and then waits."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read(1)
            writer.write(answer)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    await asyncio.sleep(0)


async def test_tls_that_is_never_finished_counts() -> None:
    async with serve_bytes(b"") as url, Client(Access.for_urls([url], local=True)) as client:
        start = time.monotonic()
        with pytest.raises(DeadlineError):
            await client.fetch(url, cap=10, deadline=DEADLINE)
        assert time.monotonic() - start < LATEST


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x28", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_tls_that_fails_is_a_network_error(answer: bytes) -> None:
    async with serve_bytes(answer) as url, Client(Access.for_urls([url], local=True)) as client:
        with pytest.raises(NetworkError, match="SSL") as caught:
            await client.fetch(url, cap=10, deadline=5)
        assert caught.value.subject == url


BROKEN: dict[str, Handler] = {
    "says nothing": raw(),
    "resets": reset(),
    "resets in its headers": reset(b"HTTP/1.1 200 OK\r\ncont"),
    "resets in its body": reset(head(200, {"content-length": "1000"}) + b"{"),
    "drops in its headers": raw(b"HTTP/1.1 200 OK\r\ncontent-"),
    "drops in its body": raw(head(200, {"content-length": "1000"}) + b'{"name": "shop"'),
    "drops in its chunks": raw(head(200, {"transfer-encoding": "chunked"}) + b"5\r\n{}"),
    "drops before the last chunk": raw(head(200, {"transfer-encoding": "chunked"}) + b"2\r\n{}\r\n"),
    "sends garbage for chunks": raw(head(200, {"transfer-encoding": "chunked"}) + b"zz\r\n{}\r\n0\r\n\r\n"),
    "has a negative length": raw(head(200, {"content-length": "-1"}) + b"{}"),
    "has two lengths": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    "has a length of letters": raw(head(200, {"content-length": "two"}) + b"{}"),
    "has huge headers": raw(head(200, {"x": "y" * 300_000}) + b"{}"),
    "has a header name with a space": raw(b"HTTP/1.1 200 OK\r\na b: x\r\n\r\n{}"),
    "has a null in a header": raw(b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n{}"),
    "has a status of letters": raw(b"HTTP/1.1 abc OK\r\n\r\n{}"),
    "has a status too large": raw(b"HTTP/1.1 99999 OK\r\n\r\n{}"),
    "speaks another protocol": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "speaks TLS": raw(b"\x15\x03\x01\x00\x02\x02\x46"),
    "switches protocols": raw(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{}"
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_not_http_is_an_error_that_names_the_url(kind: str) -> None:
    async with serve_client({"/x": BROKEN[kind], "/good": reply(b"{}")}) as (upstream, client):
        with pytest.raises((NetworkError, StatusError)) as caught:
            await client.fetch(upstream.url("/x"), cap=1 << 20, deadline=5)
        assert caught.value.subject == upstream.url("/x")
        assert caught.value.hint
        assert str(caught.value).isprintable() or "\n  hint" in str(caught.value)
        assert (await client.fetch(upstream.url("/good"), cap=10)).body == b"{}"


async def test_more_than_was_said_is_not_taken() -> None:
    async with serve_client({"/x": raw(head(200, {"content-length": "2"}) + b"{}<script>")}) as (
        upstream,
        client,
    ):
        assert (await client.fetch(upstream.url("/x"), cap=100)).body == b"{}"
        # Nor is it the beginning of the next answer.
        with suppress(FetchError):
            document = await client.fetch(upstream.url("/x"), cap=100)
            assert document.body == b"{}"


@pytest.mark.parametrize(
    "status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 599]
)
async def test_a_status_without_a_whole_document_is_an_error(status: int) -> None:
    async with serve_client({"/x": raw(head(status, {"content-length": "0"}))}) as (upstream, client):
        with pytest.raises(StatusError, match=str(status)) as caught:
            await client.fetch(upstream.url("/x"), cap=100)
        assert caught.value.status == status
        assert caught.value.hint


async def test_nobody_is_there() -> None:
    async with serve({}) as upstream:
        url = upstream.url("/x")
    async with Client(Access.for_urls([url], local=True)) as client:
        with pytest.raises(NetworkError, match="refused") as caught:
            await client.fetch(url, cap=10)
    assert caught.value.subject == url


async def test_four_good_origins_do_not_feel_the_fifth() -> None:
    """Of five origins one hangs: the others' times stay, and the fifth is soon left alone."""
    times: list[float] = []
    refusals: list[float] = []
    async with AsyncExitStack() as stack:
        routes = {"*": reply(b"{}", headers={"cache-control": "no-store"})}
        good = [await stack.enter_async_context(serve(routes)) for _ in range(4)]
        bad = await stack.enter_async_context(serve({"*": hang}))
        access = Access.for_urls([one.origin for one in (*good, bad)], local=True)
        client = await stack.enter_async_context(Client(access, limits=Limits(fetch_deadline=0.2)))
        for page in range(30):
            start = time.monotonic()
            stuck = asyncio.create_task(measure(client, bad.url(f"/{page}")))
            await asyncio.gather(*(client.fetch(one.url(f"/{page}"), cap=10) for one in good))
            times.append(time.monotonic() - start)
            outcome, seconds = await stuck
            assert isinstance(outcome, DeadlineError if page < 5 else BreakerError)
            refusals.append(seconds)
        assert statistics.median(times) < 0.1
        assert statistics.median(refusals[5:]) < 0.05
        assert len(bad.asked) == 5
        assert client.breakers()[bad.origin].phase == "open"
        assert {client.breakers()[one.origin].phase for one in good} == {"closed"}


async def measure(client: Client, url: str) -> tuple[HanseError | None, float]:
    start = time.monotonic()
    try:
        await client.fetch(url, cap=10)
    except HanseError as error:
        return error, time.monotonic() - start
    return None, time.monotonic() - start


async def test_connections_are_bounded_in_all_and_for_each_origin() -> None:
    limits = Limits(connections=6, connections_per_origin=4)
    slowly = {"*": reply(b"{}", delay=0.02)}
    async with serve(dict(slowly)) as a, serve(dict(slowly)) as b:
        async with Client(Access.for_urls([a.origin, b.origin], local=True), limits=limits) as client:
            most: list[int] = [0, 0, 0]

            async def watch() -> None:
                while True:
                    most[:] = map(max, most, (a.open_now, b.open_now, a.open_now + b.open_now))
                    await asyncio.sleep(0.001)

            watcher = asyncio.create_task(watch())
            await asyncio.gather(
                *(client.fetch(one.url(f"/{n}"), cap=10) for n in range(50) for one in (a, b))
            )
            watcher.cancel()
        assert 0 < most[0] <= 4
        assert 0 < most[1] <= 4
        assert most[2] <= 6


async def test_an_origin_that_alternates_is_served_from_its_good_answers() -> None:
    flapping = alternate(reply(b"{}"), raw(head(500, {"content-length": "0"})), reset())
    async with serve_client({"/x": flapping}) as (upstream, client):
        documents = [await client.fetch(upstream.url("/x"), cap=10) for _ in range(12)]
        assert {document.body for document in documents} == {b"{}"}
        assert [document.status for document in documents] == ["fresh", "stale", "stale"] * 4
        reasons = [type(document.stale_reason).__name__ for document in documents[:3]]
        assert reasons == ["NoneType", "StatusError", "NetworkError"]
        assert client.breakers()[upstream.origin].phase == "closed"


async def test_closing_ends_what_is_under_way() -> None:
    async with serve({"/x": hang}) as upstream:
        client = Client(Access.for_urls([upstream.origin], local=True))
        waiting = asyncio.create_task(client.fetch(upstream.url("/x"), cap=10))
        await wait_until(lambda: upstream.asked)
        start = time.monotonic()
        await client.aclose()
        with pytest.raises(NetworkError, match="was closed"):
            await waiting
        assert time.monotonic() - start < 1
        await wait_until(lambda: upstream.open_now == 0)
