"""A consumer pulls what a remote publishes, from a real server, and accepts it whole or not at all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import DeadlineError, FormatError, HanseError, StreamError
from hanse.formats.server_entry import build_digest
from hanse.limits import LIMITS
from hanse.stream import InUse, StreamCache, key_ring, pull, read_entry, watch
from hanse.stream.pull import Announced
from tests.stream.remotes import (
    FILES,
    KEY,
    Recorder,
    consumer,
    document,
    publisher,
    serve,
    site,
    supplier,
    write_build,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


LARGE = b"".join(b"export const n%d = %d;\n" % (n, n * 7919) for n in range(40_000))


async def test_a_cold_pull_is_one_round_trip_and_gives_the_whole_build(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    recorder = Recorder(site(app))
    async with serve(recorder) as url, consumer(url, tmp_path / "cache") as one:
        build = await pull(one.client, one.supplier, cache=one.cache)
    assert dict(build.contents) == dict(FILES)
    assert build.entry.serial == app.serial
    assert build.entry.exposes == {"./card": "card.js", "./other": "other.js"}
    # Both were under way at the same time; neither had to wait for the other.
    assert sorted(recorder.paths) == ["/_hanse/server-entry.json", "/_hanse/stream"]


async def test_what_an_exposed_module_needs_comes_along_and_nothing_else(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        build = await pull(one.client, one.supplier, cache=one.cache, exposes=["./card"])
        assert set(build.contents) == {"card.js", "price.js", "react.js"}
        other = await pull(one.client, one.supplier, cache=one.cache, exposes=["./other"])
        assert set(other.contents) == {"other.js"}


async def test_only_what_changed_travels(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server", {**FILES, "other.js": LARGE})
    app = publisher(folder)
    recorder = Recorder(site(app))
    async with serve(recorder) as url, consumer(url, tmp_path / "cache") as one:
        first = await pull(one.client, one.supplier, cache=one.cache)
        cold = max(recorder.sizes)
        write_build(folder, {**FILES, "other.js": LARGE, "card.js": b"export default 2"}, version="1.5.0")
        await app.refresh()
        recorder.sizes.clear()
        second = await pull(one.client, one.supplier, cache=one.cache)
    assert second.contents["card.js"] == b"export default 2"
    assert second.contents["other.js"] == LARGE
    assert second.entry.serial > first.entry.serial
    assert cold > 100_000
    assert sum(recorder.sizes) < 5_000


async def test_a_known_entry_saves_its_request_and_a_stale_one_is_read_again(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    app = publisher(folder)
    recorder = Recorder(site(app))
    async with serve(recorder) as url, consumer(url, tmp_path / "cache") as one:
        known = await read_entry(one.client, one.supplier)
        assert known is not None
        recorder.paths.clear()
        await pull(one.client, one.supplier, cache=one.cache, known=known)
        assert recorder.paths == ["/_hanse/stream"]
        for version in ("1.4.0", "1.5.0"):
            # Of the same version the seal opens and the build is another; of another one it does not open.
            write_build(folder, {"card.js": version.encode()}, version=version)
            await app.refresh()
            recorder.paths.clear()
            build = await pull(one.client, one.supplier, cache=one.cache, known=known)
            assert dict(build.contents) == {"card.js": version.encode()}
            assert sorted(recorder.paths) == [
                "/_hanse/server-entry.json",
                "/_hanse/stream",
                "/_hanse/stream",
            ]


@pytest.mark.parametrize("renamed", [False, True])
async def test_an_entry_that_the_publisher_did_not_sign_is_refused(tmp_path: Path, renamed: bool) -> None:
    app = publisher(write_build(tmp_path / "server"))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        known = await read_entry(one.client, one.supplier)
        assert known is not None
        forged = known.document.replace(b'"./other":"other.js"', b'"./other":"card.js"')
        assert forged != known.document
        if renamed:
            # In itself it is in order then: only what the publisher has signed tells.
            said = build_digest(forged, subject="forged")
            forged = forged.replace(known.entry.build.encode(), said.encode())

        async def lie(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].endswith("stream"):
                await site(app)(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": forged})

        async with serve(lie) as lying, consumer(lying, tmp_path / "other") as two:
            with pytest.raises(StreamError) as caught:
                await pull(two.client, two.supplier, cache=two.cache)
            assert caught.value.reason == "build"
            assert two.cache.recall("shop") is None


async def test_what_is_accepted_survives_a_restart_with_the_remote_down(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        build = await pull(one.client, one.supplier, cache=one.cache, exposes=["./card"])
    again = StreamCache(tmp_path / "cache")
    recalled = again.recall("shop")
    assert recalled is not None
    assert dict(recalled.contents) == dict(build.contents)
    assert recalled.entry == build.entry
    assert again.in_use("shop") == InUse(app.serial, build.entry.build)
    assert again.recall("cart") is None


async def test_a_module_that_was_changed_on_disk_travels_again(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        await pull(one.client, one.supplier, cache=one.cache)
        for file in (tmp_path / "cache" / "modules").iterdir():
            if file.read_bytes() == FILES["card.js"]:
                file.write_bytes(FILES["card.js"].replace(b"card", b"evil"))
        assert one.cache.recall("shop") is None
        build = await pull(one.client, one.supplier, cache=one.cache)
        assert dict(build.contents) == dict(FILES)


async def test_what_is_not_exposed_is_an_error_and_says_nothing(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        with pytest.raises(HanseError, match="400"):
            await pull(one.client, one.supplier, cache=one.cache, exposes=["./secret"])


async def test_another_key_is_refused_by_the_publisher_and_said_so_to_the_consumer(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server"))
    ring = key_ring([b"x" * 32])
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache", ring=ring) as one:
        with pytest.raises(HanseError, match="compare the keys and the clocks"):
            await pull(one.client, one.supplier, cache=one.cache)


async def test_keys_are_rotated_without_a_moment_of_silence(tmp_path: Path) -> None:
    new = b"n" * 32
    folder = write_build(tmp_path / "server")
    both = publisher(folder, key=key_ring([new, KEY]))
    async with serve(site(both)) as url, consumer(url, tmp_path / "cache") as one:
        # The publisher has both keys, and answers each consumer with the key of its proof.
        for ring in (key_ring([KEY]), key_ring([new])):
            known = replace(one.supplier, ring=ring)
            assert dict((await pull(one.client, known, cache=one.cache)).contents) == dict(FILES)


async def test_the_deadline_of_a_remote_counts_for_all_of_a_pull(tmp_path: Path) -> None:
    async def hang(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(30)

    async with serve(hang) as url, consumer(url, tmp_path / "cache", deadline=0.3) as one:
        began = time.monotonic()
        with pytest.raises(DeadlineError):
            await pull(one.client, one.supplier, cache=one.cache)
        assert time.monotonic() - began < 1.0


async def test_two_pulls_at_a_time_leave_the_higher_serial(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    app = publisher(folder)
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        old = await pull(one.client, one.supplier, cache=one.cache)
        entry = await read_entry(one.client, one.supplier)
        assert entry is not None
        write_build(folder, {"card.js": b"2"}, version="2.0.0")
        await app.refresh()
        new = await pull(one.client, one.supplier, cache=one.cache)
        # The slower of two, which was verified against what was in use before the other one came.
        with pytest.raises(StreamError) as caught:
            one.cache.keep(old, entry.document)
        assert caught.value.reason == "serial"
        assert one.cache.in_use("shop") == InUse(new.entry.serial, new.entry.build)


async def test_a_watcher_hears_of_a_build_soon_after_its_deploy(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    limits = replace(LIMITS, publisher_look=0.05, build_interval=0.2)
    app = publisher(folder, limits=limits)
    recorder = Recorder(site(app))
    heard: asyncio.Queue[Announced | HanseError] = asyncio.Queue()
    async with serve(recorder) as url, consumer(url, tmp_path / "cache", limits=limits) as one:
        watching = asyncio.create_task(watch(one.client, one.supplier, heard.put, limits=limits))
        try:
            async with asyncio.timeout(10):
                first = await heard.get()
                await asyncio.sleep(1.0)
                began = time.monotonic()
                write_build(folder, {"card.js": b"2"}, version="2.0.0")
                second = await heard.get()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    assert isinstance(first, Announced)
    assert isinstance(second, Announced)
    assert (first.entry.version, second.entry.version) == ("1.4.0", "2.0.0")
    assert time.monotonic() - began < 1.0
    # It waited with one request at a time, and did not ask again and again.
    assert len(recorder.paths) < 5


async def test_a_watcher_goes_on_after_failures(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    limits = replace(LIMITS, build_interval=0.05, build_interval_most=0.1)
    app, broken = site(publisher(folder, limits=limits)), [True, True]

    async def sometimes(scope: Any, receive: Any, send: Any) -> None:
        if broken and broken.pop():
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"alert(1)"})
        else:
            await app(scope, receive, send)

    heard: asyncio.Queue[Announced | HanseError] = asyncio.Queue()
    async with serve(sometimes) as url, consumer(url, tmp_path / "cache", limits=limits) as one:
        watching = asyncio.create_task(watch(one.client, one.supplier, heard.put, limits=limits))
        async with asyncio.timeout(10):
            found = [await heard.get() for _ in range(3)]
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert [type(one).__name__ for one in found] == ["StatusError", "StatusError", "Announced"]


async def test_an_entry_of_another_remote_is_refused(tmp_path: Path) -> None:
    async def tell(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": document(name="cart")})

    async with serve(tell) as url, consumer(url, tmp_path / "cache") as one:
        with pytest.raises(FormatError, match="another remote's"):
            await read_entry(one.client, one.supplier)


def test_a_server_that_is_no_url_is_said_so() -> None:
    with pytest.raises(HanseError, match="no server's URL"):
        supplier("/relative").endpoint("stream")
    assert supplier("https://shop.example/a").endpoint("stream") == "https://shop.example/a/_hanse/stream"
