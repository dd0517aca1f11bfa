"""No answer costs more memory than its cap, whatever it says about itself and whatever it inflates to."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hanse.errors import FetchError, NetworkError, TooLargeError
from hanse.limits import Limits
from hanse.net import Document
from hanse.net.decoding import codings
from tests.net.upstream import Handler, head, raw, reply, serve_client

pytestmark = pytest.mark.anyio

MIB = 1 << 20
CAP = 2 * MIB
# What the client, its decoder and the connection may need beside the document itself.
SLACK = 8 * MIB


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def bounded_memory(most: int) -> Iterator[None]:
    """Fail if Python's own memory grows by more than so many bytes meanwhile."""
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / MIB:.1f} MiB"


async def get(handler: Handler, *, cap: int = CAP) -> Document:
    async with serve_client({"/x": handler}) as (upstream, client):
        return await client.fetch(upstream.url("/x"), cap=cap)


async def refused(handler: Handler, *, cap: int = CAP, most: int = CAP + SLACK) -> TooLargeError:
    async with serve_client({"/x": handler}) as (upstream, client):
        with bounded_memory(most), pytest.raises(TooLargeError) as caught:
            await client.fetch(upstream.url("/x"), cap=cap)
        assert client.stats().cache_entries == 0
        assert caught.value.subject == upstream.url("/x")
    assert caught.value.hint
    return caught.value


def zeros(coding: str, *, mib: int) -> bytes:
    """Encode so many MiB of zeros, without having them in memory."""
    if coding in {"gzip", "deflate"}:
        machine = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | (16 if coding == "gzip" else 0))
        return b"".join(machine.compress(bytes(MIB)) for _ in range(mib)) + machine.flush()
    return encode(coding, bytes(mib * MIB))


def encode(coding: str, data: bytes) -> bytes:
    """Encode by the library the decoder comes from."""
    if coding == "br":
        return bytes(importlib.import_module("brotli").compress(data))
    if coding == "zstd":
        name = "compression.zstd" if importlib.util.find_spec("compression") else "backports.zstd"
        return bytes(importlib.import_module(name).compress(data))
    return gzip.compress(data) if coding == "gzip" else zlib.compress(data)


def coded(data: bytes, coding: str) -> Handler:
    return reply(data, headers={"content-encoding": coding})


@pytest.mark.parametrize("coding", codings())
async def test_a_bomb_stops_at_the_cap(coding: str) -> None:
    bomb = zeros(coding, mib=100)
    assert len(bomb) < MIB
    message = (await refused(coded(bomb, coding))).message
    assert "2097152" in message or "inflate" in message


@pytest.mark.parametrize("coding", codings())
async def test_a_bomb_under_a_high_cap_stops_at_the_ratio(coding: str) -> None:
    bomb = zeros(coding, mib=60)
    error = await refused(coded(bomb, coding), cap=64 * MIB, most=64 * MIB)
    assert "inflate to more than 200 times" in error.message


@pytest.mark.parametrize("coding", codings())
async def test_what_compresses_well_and_is_small_is_no_bomb(coding: str) -> None:
    document = await get(coded(zeros(coding, mib=1), coding))
    assert document.body == bytes(MIB)


@pytest.mark.parametrize("said", ["gzip, gzip", "gzip,identity,deflate", "deflate, gzip, br"])
async def test_a_bomb_in_a_bomb_is_not_opened(said: str) -> None:
    twice = gzip.compress(zeros("gzip", mib=100))
    assert "several content codings" in (await refused(coded(twice, said))).message


async def test_gzip_within_gzip_said_once_is_opened_once() -> None:
    inner = zeros("gzip", mib=10)
    assert (await get(coded(gzip.compress(inner), "gzip"))).body == inner


async def test_a_large_body_that_says_so_is_not_read() -> None:
    huge = raw(head(200, {"content-length": str(50 * MIB)}), *[bytes(MIB)] * 50)
    assert str(50 * MIB) in (await refused(huge)).message


@pytest.mark.parametrize("start", [head(200, {}), head(200, {"content-length": "9" * 18})])
async def test_a_body_without_end_is_cut(start: bytes) -> None:
    assert "has" in (await refused(raw(start, *[bytes(MIB)] * 50))).message


async def test_chunks_without_end_are_cut() -> None:
    start = head(200, {"transfer-encoding": "chunked"})
    await refused(raw(start, *[b"10000\r\n" + bytes(0x10000) + b"\r\n"] * 300))


async def test_a_flood_of_one_byte_chunks_is_cut() -> None:
    start = head(200, {"transfer-encoding": "chunked"})
    await refused(raw(start, *[b"1\r\n \r\n" * 20_000] * 10), cap=10_000)


async def test_a_coding_that_decodes_to_nothing_for_ever_is_cut() -> None:
    """Empty stored blocks are valid deflate data, five bytes each, and never yield anything."""
    start = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    nothing = b"\x00\x00\x00\xff\xff" * 20_000
    await refused(raw(head(200, {"content-encoding": "gzip"}), start, *[nothing] * 300), cap=MIB)


async def test_headers_without_end_are_cut() -> None:
    flood = raw(b"HTTP/1.1 200 OK\r\n", *[b"x-%d: %s\r\n" % (i, b"a" * 1000) for i in range(5000)])
    with bounded_memory(SLACK), pytest.raises(NetworkError):
        await get(flood)


async def test_trailers_without_end_are_cut() -> None:
    start = head(200, {"transfer-encoding": "chunked"}) + b"2\r\n{}\r\n0\r\n"
    flood = raw(start, *[b"x-%d: %s\r\n" % (i, b"a" * 1000) for i in range(5000)])
    with bounded_memory(SLACK), pytest.raises(NetworkError):
        await get(flood)


@pytest.mark.parametrize("size", [0, 1, CAP - 1, CAP])
async def test_the_cap_itself_is_allowed(size: int) -> None:
    assert (await get(reply(b"x" * size))).body == b"x" * size


async def test_one_byte_more_is_not() -> None:
    await refused(reply(b"x" * (CAP + 1)))


@pytest.mark.parametrize("coding", codings())
async def test_what_was_encoded_comes_out_as_it_was(coding: str) -> None:
    data = b"".join(b"%d," % (i * i) for i in range(100_000))
    assert (await get(coded(encode(coding, data), coding))).body == data
    assert (await get(coded(encode(coding, b""), coding))).body == b""


@pytest.mark.parametrize("coding", codings())
async def test_encoded_bodies_may_come_in_any_pieces(coding: str) -> None:
    wire = encode(coding, b'{"name": "shop"}' * 50)
    start = head(200, {"content-encoding": coding, "content-length": str(len(wire))})
    parts = [wire[i : i + 1] for i in range(len(wire))]
    assert (await get(raw(start, *parts, pause=0.0001))).body == b'{"name": "shop"}' * 50


async def test_bare_deflate_data_is_understood() -> None:
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert (await get(coded(machine.compress(b"{}") + machine.flush(), "deflate"))).body == b"{}"


async def test_padding_after_the_end_is_ignored() -> None:
    assert (await get(coded(gzip.compress(b"{}") + bytes(100), "gzip"))).body == b"{}"


@pytest.mark.parametrize("coding", codings())
@pytest.mark.parametrize(
    "damage", ["cut", "cut by one", "flipped", "not encoded", "more after it", "nothing"]
)
async def test_a_damaged_coding_is_an_error_and_not_a_shorter_document(coding: str, damage: str) -> None:
    wire = encode(coding, b"".join(b"%d," % (i * i) for i in range(20_000)))
    damaged = {
        "cut": wire[: len(wire) // 2],
        "cut by one": wire[:-1],
        "flipped": bytes([*wire[:2], wire[2] ^ 0xFF, *(byte ^ 0x55 for byte in wire[3:])]),
        "not encoded": b'{"plain": true}',
        "more after it": wire + wire,
        "nothing": b"",
    }[damage]
    with pytest.raises(NetworkError, match="cannot be decoded") as caught:
        await get(coded(damaged, coding))
    assert caught.value.hint


@pytest.mark.parametrize("coding", codings())
@pytest.mark.parametrize("rest", [b"{}", None])
async def test_what_follows_the_end_is_not_dropped(coding: str, rest: bytes | None) -> None:
    wire = encode(coding, b"{}")
    with pytest.raises(NetworkError, match="cannot be decoded"):
        await get(coded(wire + (wire if rest is None else rest), coding))


@pytest.mark.parametrize("said", ["rot13", "compress", "\xff\xfe", "gzip;q=1"])
async def test_a_coding_nobody_asked_for_is_an_error(said: str) -> None:
    with pytest.raises(NetworkError, match="was not asked for"):
        await get(coded(b"{}", said))


async def test_only_codings_that_can_be_stopped_are_asked_for() -> None:
    async with serve_client({"/x": reply(b"{}")}) as (upstream, client):
        await client.fetch(upstream.url("/x"), cap=10)
        assert upstream.asked[0].headers["accept-encoding"] == ", ".join(codings())


async def test_the_cache_is_bounded_in_bytes_and_number() -> None:
    limits = Limits(cache_bytes=10_000, cache_entries=5)
    kept = {"cache-control": "max-age=60"}
    routes = {"*": reply(b"x" * 1000, headers=kept)}
    async with serve_client(routes, limits=limits) as (upstream, client):
        for number in range(20):
            await client.fetch(upstream.url(f"/{number}"), cap=5000)
            assert client.stats().cache_entries <= 5
        upstream.routes["*"] = reply(b"x" * 4000, headers=kept)
        for number in range(20):
            await client.fetch(upstream.url(f"/large/{number}"), cap=5000)
            assert client.stats().cache_bytes <= 10_000
        upstream.routes["*"] = reply(b"x" * 20_000, headers=kept)
        before = client.stats().cache_entries
        assert len((await client.fetch(upstream.url("/huge"), cap=50_000)).body) == 20_000
        assert client.stats().cache_entries == before


async def test_no_bomb_is_a_fault_of_another_kind() -> None:
    """A client that has stopped a hundred of them still works, and holds no connection."""
    routes = {"/bomb": coded(zeros("gzip", mib=20), "gzip"), "/x": reply(b"{}")}
    async with serve_client(routes) as (upstream, client):
        for _ in range(100):
            with pytest.raises(FetchError):
                await client.fetch(upstream.url("/bomb"), cap=1000)
        assert (await client.fetch(upstream.url("/x"), cap=10)).body == b"{}"
        assert client.stats().in_flight == 0
        assert client.breakers()[upstream.origin].phase == "closed"
