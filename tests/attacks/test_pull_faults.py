"""What a consumer gets of a remote that fails, lies or floods: an error that says so, soon, in little memory.

Each row of the table is its own test, against a real server; in each what was accepted before stays.
"""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import (
    BlockedError,
    DeadlineError,
    FormatError,
    HanseError,
    NetworkError,
    StatusError,
    StreamError,
    TooLargeError,
)
from hanse.limits import LIMITS
from hanse.stream import Build, InUse, StreamCache, pull, read_entry
from hanse.stream.pull import Announced, ask
from hanse.stream.requests import encode_request
from tests.net.upstream import Handler, Upstream, drip, hang, raw, redirect, reply, reset
from tests.net.upstream import serve as serve_raw
from tests.stream.remotes import FILES, Consumer, Recorder, consumer, publisher, serve, site, write_build

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Good:
    """What was accepted before anything went wrong: the build, its announcement, the folder it is kept in."""

    def __init__(self, build: Build, known: Announced, folder: Path, sealed: bytes) -> None:
        self.build = build
        self.known = known
        self.folder = folder
        self.sealed = sealed

    def stays(self) -> None:
        """Assert that it is still what a consumer would start with."""
        cache = StreamCache(self.folder)
        recalled = cache.recall("shop")
        assert recalled is not None
        assert dict(recalled.contents) == dict(self.build.contents)
        assert cache.in_use("shop") == InUse(self.build.entry.serial, self.build.entry.build)


@pytest.fixture
async def good(tmp_path: Path) -> Good:
    """Pull a build from a remote that is in order; keep one whole answer of it."""
    bodies: list[bytes] = []
    app = site(publisher(write_build(tmp_path / "server")))

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        async def copy(message: Any) -> None:
            if scope["path"].endswith("stream"):
                bodies.append(message.get("body", b""))
            await send(message)

        await app(scope, receive, copy)

    async with serve(keep) as url, consumer(url, tmp_path / "cache") as one:
        known = await read_entry(one.client, one.supplier)
        assert known is not None
        build = await pull(one.client, one.supplier, cache=one.cache, known=known)
    return Good(build, known, tmp_path / "cache", b"".join(bodies))


@asynccontextmanager
async def faulty(good: Good, stream: Handler, **said: Any) -> AsyncIterator[tuple[Consumer, Upstream]]:
    """A remote that announces a build as before, and answers the request for it with a fault."""
    routes = {"/_hanse/server-entry.json": reply(good.known.document), "/_hanse/stream": stream}
    async with serve_raw(routes) as upstream, consumer(upstream.url(), good.folder, **said) as one:
        yield one, upstream


async def failure(good: Good, stream: Handler, *, within: float = 3.0, **said: Any) -> HanseError:
    """Return the error that a fault comes to, after checking that it came soon and changed nothing."""
    async with faulty(good, stream, deadline=1.0, **said) as (one, _):
        began = time.monotonic()
        with pytest.raises(HanseError) as caught:
            await pull(one.client, one.supplier, cache=one.cache, limits=said.get("limits", LIMITS))
        assert time.monotonic() - began < within
    good.stays()
    return caught.value


async def test_a_500_with_a_javascript_body(good: Good) -> None:
    error = await failure(good, reply(b"module.exports = evil", status=500))
    assert isinstance(error, StatusError)
    assert error.status == 500


async def test_a_200_with_a_javascript_body(good: Good) -> None:
    error = await failure(good, reply(b"module.exports = evil", headers={"content-type": "text/javascript"}))
    assert isinstance(error, FormatError)
    assert "no sealed stream" in str(error)


async def test_a_404_with_html(good: Good) -> None:
    error = await failure(good, reply(b"<!doctype html>", status=404))
    assert isinstance(error, StatusError)
    assert "see whether a publisher is mounted there" in error.hint


async def test_after_a_404_the_next_pull_works(good: Good) -> None:
    async with faulty(good, reply(status=404)) as (one, upstream):
        with pytest.raises(StatusError):
            await pull(one.client, one.supplier, cache=one.cache)
        app = site(publisher(good.folder.parent / "server"))
        async with serve(app) as url, consumer(url, good.folder) as two:
            assert (await pull(two.client, two.supplier, cache=two.cache)).contents == good.build.contents
        assert upstream.paths().count("/_hanse/stream") == 1


async def test_one_that_hangs(good: Good) -> None:
    assert isinstance(await failure(good, hang, within=1.5), DeadlineError)


async def test_one_that_drips(good: Good) -> None:
    start = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    assert isinstance(await failure(good, drip(start=start), within=1.5), DeadlineError)


async def test_one_that_drops_the_connection(good: Good) -> None:
    for handler in (reset(), reset(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhan"), raw(b"")):
        assert isinstance(await failure(good, handler), NetworkError)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
async def test_a_stream_that_is_cut_off(good: Good, share: float) -> None:
    # Once as a connection that ends too early, once as an answer that is whole as HTTP has it.
    part = good.sealed[: int(len(good.sealed) * share)]
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(good.sealed)}\r\n\r\n".encode()
    assert isinstance(await failure(good, raw(head + part)), NetworkError)
    error = await failure(good, reply(part))
    assert isinstance(error, FormatError | StreamError)


async def test_200_megabytes(good: Good) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 209715200\r\n\r\n"
    assert isinstance(await failure(good, raw(head + b"x" * 1000)), TooLargeError)
    limits = replace(LIMITS, stream_bytes=1 << 20)
    endless = raw(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * (1 << 16)] * 3200)
    tracemalloc.start()
    try:
        assert isinstance(await failure(good, endless, limits=limits), TooLargeError)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


async def test_a_gzip_bomb(good: Good) -> None:
    bomb = gzip.compress(b"\0" * (100 << 20))
    tracemalloc.start()
    try:
        error = await failure(good, reply(bomb, headers={"content-encoding": "gzip"}))
        assert isinstance(error, TooLargeError)
        # Two hundred times its size on the wire, and not a thousand times.
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


async def test_a_redirect_is_not_followed_with_the_proof(good: Good) -> None:
    async with serve_raw({"*": reply(good.sealed)}) as other:
        error = await failure(good, redirect(f"{other.origin}/_hanse/stream", status=307))
        assert isinstance(error, BlockedError)
        assert other.paths() == []


async def test_an_answer_that_was_given_before(good: Good) -> None:
    error = await failure(good, reply(good.sealed))
    assert isinstance(error, StreamError)
    assert error.reason == "nonce"


async def refusal(tmp_path: Path, good: Good, app: Any, **said: Any) -> str:
    """Return the reason for which what another publisher gives is refused."""
    async with serve(site(app)) as url, consumer(url, good.folder, **said) as one:
        with pytest.raises(StreamError) as caught:
            await pull(one.client, one.supplier, cache=one.cache)
    good.stays()
    return caught.value.reason


async def test_the_signature_of_somebody_else(tmp_path: Path, good: Good) -> None:
    app = publisher(write_build(tmp_path / "evil", serial=2**40), private_key=b"p" * 32)
    assert await refusal(tmp_path, good, app) == "publisher"


async def test_a_lower_serial(tmp_path: Path, good: Good) -> None:
    app = publisher(write_build(tmp_path / "old", {"card.js": b"old"}, serial=3))
    assert await refusal(tmp_path, good, app) == "serial"


async def test_another_build_under_the_same_serial(tmp_path: Path, good: Good) -> None:
    serial = good.build.entry.serial
    app = publisher(write_build(tmp_path / "twin", {"card.js": b"twin"}, serial=serial))
    assert await refusal(tmp_path, good, app) == "serial"


async def test_an_answer_that_is_sealed_for_another_remote(tmp_path: Path, good: Good) -> None:
    """Of a publisher that has the same key, and gives out another remote's modules under this one's name."""
    cart = publisher(write_build(tmp_path / "cart", name="cart", serial=2**40))
    async with serve(site(cart)) as url, consumer(url, good.folder) as one:
        as_cart = replace(one.supplier, remote="cart", publishers={"cart": {}})
        sealed = await answer_of(one, as_cart)
    error = await failure(good, reply(sealed))
    assert isinstance(error, StreamError)
    assert error.reason == "seal"


async def answer_of(one: Consumer, supplier: Any) -> bytes:
    """Return the bytes of a whole answer."""
    content = encode_request("n" * 32, exposes=None, have=())
    reply = await ask(
        one.client, supplier, "stream", cap=1 << 20, now=time.time, deadline=5.0, content=content
    )
    return reply.body


async def test_a_stream_whose_time_is_over(tmp_path: Path, good: Good) -> None:
    limits = replace(LIMITS, stream_lifetime=1.0)
    app = publisher(good.folder.parent / "server", now=lambda: time.time() - 59, limits=limits)
    assert await refusal(tmp_path, good, app) == "expired"


async def test_a_key_that_is_not_known_here(tmp_path: Path, good: Good) -> None:
    app = publisher(good.folder.parent / "server", key=b"x" * 32, development=True)

    async def strip(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].startswith(b"signature")]
        await site(app)(scope, receive, send)

    async with serve(strip) as url, consumer(url, good.folder) as one:
        with pytest.raises(StreamError) as caught:
            await pull(one.client, one.supplier, cache=one.cache)
    assert caught.value.reason == "key"
    good.stays()


async def test_a_broken_build_over_a_working_one(tmp_path: Path, good: Good) -> None:
    folder = good.folder.parent / "server"
    app = publisher(folder)
    write_build(folder, {**FILES, "card.js": b"2"}, version="2.0.0")
    (folder / "card.js").write_bytes(b"half a fi")
    await app.refresh()
    recorder = Recorder(site(app))
    async with serve(recorder) as url, consumer(url, good.folder) as one:
        build = await pull(one.client, one.supplier, cache=one.cache)
    assert dict(build.contents) == dict(good.build.contents)
    good.stays()


async def test_a_restart_accepts_no_lower_serial(tmp_path: Path, good: Good) -> None:
    """The consumer's memory is gone, its folder is not."""
    for file in (good.folder / "modules").iterdir():
        file.unlink()
    app = publisher(write_build(tmp_path / "old", serial=3))
    async with serve(site(app)) as url, consumer(url, good.folder) as one:
        with pytest.raises(StreamError) as caught:
            await pull(one.client, one.supplier, cache=one.cache)
    assert caught.value.reason == "serial"


async def test_a_record_that_was_damaged_accepts_nothing(tmp_path: Path, good: Good) -> None:
    for file in (good.folder / "remotes").glob("*.json"):
        file.write_bytes(b"{}")
    app = site(publisher(good.folder.parent / "server"))
    async with serve(app) as url, consumer(url, good.folder) as one:
        with pytest.raises(FormatError):
            await pull(one.client, one.supplier, cache=one.cache)


async def test_one_that_hangs_keeps_no_other_remote_waiting(tmp_path: Path, good: Good) -> None:
    app = site(publisher(good.folder.parent / "server"))
    async with faulty(good, hang, deadline=5.0) as (one, _), serve(app) as url:
        waiting = [asyncio.create_task(pull(one.client, one.supplier, cache=one.cache)) for _ in range(20)]
        await asyncio.sleep(0.1)
        one.client.access = one.client.access.with_urls([url], local=True)
        began = time.monotonic()
        await pull(one.client, replace(one.supplier, server=url), cache=one.cache)
        assert time.monotonic() - began < 1.0
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
