"""What a publisher gives out: builds of its folder, one after the other, whole, under serials that grow."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import hypercorn.asyncio
import pytest
from hypercorn.config import Config

from hanse.errors import FormatError, HanseError, IntegrityError, UsageError
from hanse.formats.server_entry import build_digest, decode_server_entry
from hanse.limits import LIMITS
from hanse.stream import InUse, Publisher, pull, read_entry, write_key
from hanse.stream.published import publish, record_folder, roll_back
from tests.stream.remotes import (
    FILES,
    KEY,
    PRIVATE,
    consumer,
    document,
    publisher,
    serve,
    site,
    write_build,
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def record_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((record_folder(folder) / "published.json").read_bytes())
    return found


def test_a_build_without_a_serial_gets_the_time_and_the_next_one_more(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    assert publisher(folder, now=lambda: 1_700_000_000.5).serial == 1_700_000_000
    assert publisher(folder, now=lambda: 1_800_000_000.0).serial == 1_700_000_000
    write_build(folder, {"card.js": b"2"})
    assert publisher(folder, now=lambda: 1.0).serial == 1_700_000_001


def test_a_serial_that_a_build_brings_along_counts_where_it_is_higher(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server", serial=17)
    assert publisher(folder).serial == 17
    write_build(folder, {"card.js": b"2"}, serial=40)
    assert publisher(folder).serial == 40
    write_build(folder, {"card.js": b"3"}, serial=3)
    assert publisher(folder).serial == 41
    # An older build in the folder is a new publication.
    write_build(folder, serial=17)
    assert publisher(folder).serial == 42


def test_several_processes_give_a_build_the_same_serial(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    first, second = publisher(folder), publisher(folder)
    write_build(folder, {"card.js": b"2"})
    asyncio.run(first.refresh())
    asyncio.run(second.refresh())
    assert first.serial == second.serial


@pytest.mark.anyio
async def test_the_entry_has_the_serial_and_the_build_and_is_confirmed_by_its_tag(tmp_path: Path) -> None:
    app = publisher(write_build(tmp_path / "server", unknown={"kept": True}))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        known = await read_entry(one.client, one.supplier)
        assert known is not None
        assert known.entry.serial == app.serial
        assert known.entry.build == build_digest(known.document, subject="entry")
        assert json.loads(known.document)["unknown"] == {"kept": True}
        assert await read_entry(one.client, one.supplier, etag=known.etag) is None
        roll = write_build(tmp_path / "server", {"card.js": b"2"})
        await app.refresh()
        assert roll.exists()
        after = await read_entry(one.client, one.supplier, etag=known.etag)
        assert after is not None
        assert after.etag != known.etag


async def pulled(app: Publisher, folder: Path) -> dict[str, bytes]:
    """Return what a consumer gets of a publisher."""
    async with serve(site(app)) as url, consumer(url, folder) as one:
        return dict((await pull(one.client, one.supplier, cache=one.cache)).contents)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"card.js": b"changed"}, IntegrityError),
        ({"card.js": None}, OSError),
        ({"server-entry.json": b'{"schema": 1}'}, FormatError),
        ({"server-entry.json": document().replace(b'"1.4.0"', b'"1.4.1"')}, FormatError),
        ({"server-entry.json": None}, OSError),
    ],
)
def test_a_broken_build_is_not_published_and_the_one_before_stays(
    tmp_path: Path, fault: dict[str, bytes | None], error: type[Exception]
) -> None:
    for name, content in fault.items():
        fresh = write_build(tmp_path / "fresh")
        (fresh / name).unlink()
        if content is not None:
            (fresh / name).write_bytes(content)
        with pytest.raises(error):
            publisher(fresh)
        folder = write_build(tmp_path / "server")
        app = publisher(folder)
        serial = app.serial
        write_build(folder, {**FILES, "other.js": b"2"}, version="2.0.0")
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)
        assert asyncio.run(app.refresh()) == serial
        # After a restart, too: what was published is kept, whatever has become of the folder.
        again = publisher(folder)
        assert again.serial == serial
        assert asyncio.run(pulled(again, tmp_path / "cache")) == dict(FILES)


def test_why_a_build_is_not_published_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_build(tmp_path / "server")
    app = publisher(folder)
    (folder / "card.js").write_bytes(b"changed")
    with caplog.at_level(logging.WARNING, "hanse.stream"):
        for _ in range(3):
            asyncio.run(app.refresh())
    assert [line for line in caplog.messages if "`card.js` has not the digest" in line] == caplog.messages[:1]
    assert len(caplog.messages) == 1


def test_a_file_outside_the_folder_is_none_of_the_build(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    secret = tmp_path / "secret.js"
    secret.write_bytes(FILES["card.js"])
    (folder / "card.js").unlink()
    (folder / "card.js").symlink_to(secret)
    with pytest.raises(FormatError, match="outside the build's folder"):
        publisher(folder)
    (folder / "card.js").unlink()
    os.mkfifo(folder / "card.js")
    with pytest.raises(FormatError, match="no regular file"):
        publisher(folder)


def test_what_a_publisher_writes_down_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    publisher(folder)
    record = record_folder(folder)
    assert stat.S_IMODE(record.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(file.stat().st_mode) for file in record.rglob("*") if file.is_file()}
    assert modes == {0o600}
    record.chmod(0o777)
    with pytest.raises(UsageError, match="others on this machine"):
        publisher(folder)


@pytest.mark.anyio
async def test_a_build_is_noticed_when_somebody_asks(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    limits = replace(LIMITS, publisher_look=0.02)
    app = publisher(folder, limits=limits)
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        write_build(folder, {"card.js": b"2"}, version="2.0.0")
        async with asyncio.timeout(10):
            while True:
                build = await pull(one.client, one.supplier, cache=one.cache)
                if build.entry.version == "2.0.0":
                    break
                await asyncio.sleep(0.03)


@pytest.mark.anyio
async def test_going_back_publishes_older_modules_under_a_new_serial(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    app = publisher(folder)
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        first = await pull(one.client, one.supplier, cache=one.cache)
        write_build(folder, {"card.js": b"broken()"}, version="2.0.0")
        await app.refresh()
        second = await pull(one.client, one.supplier, cache=one.cache)
        rolled = roll_back(folder, record_folder(folder))
        assert (rolled.version, rolled.replaced) == ("1.4.0", second.entry.build)
        await app.refresh()
        third = await pull(one.client, one.supplier, cache=one.cache)
        assert dict(third.contents) == dict(first.contents)
        assert first.entry.serial < second.entry.serial < third.entry.serial == rolled.serial
        assert one.cache.in_use("shop") == InUse(rolled.serial, first.entry.build)
        # It holds over a restart, and until the next build.
        assert publisher(folder).serial == rolled.serial
        write_build(folder, {"card.js": b"mended()"}, version="2.0.1")
        await app.refresh()
        fourth = await pull(one.client, one.supplier, cache=one.cache)
    assert fourth.entry.version == "2.0.1"
    assert fourth.entry.serial > rolled.serial


def test_a_rollback_chooses_by_version_and_by_digest_and_only_what_is_kept(tmp_path: Path) -> None:
    folder, record = tmp_path / "server", record_folder(tmp_path / "server")
    with pytest.raises(UsageError, match="nothing was published"):
        roll_back(folder, record)
    builds = []
    for number in range(8):
        write_build(folder, {"card.js": b"%d" % number}, version=f"{number}.0.0")
        builds.append(publish(folder, record, now=1.0).entry.build)
    assert [one["version"] for one in record_of(folder)["builds"]] == [  # type: ignore[attr-defined]
        "3.0.0",
        "4.0.0",
        "5.0.0",
        "6.0.0",
        "7.0.0",
    ]
    # What no build that is kept needs is gone from the disk.
    assert len([*(record / "contents").iterdir()]) == 10
    assert roll_back(folder, record, to="4.0.0").build == builds[4]
    assert roll_back(folder, record, to=builds[5][:20]).build == builds[5]
    assert roll_back(folder, record).build == builds[4]
    assert roll_back(folder, record).build == builds[3]
    with pytest.raises(UsageError, match="no older build"):
        roll_back(folder, record)
    with pytest.raises(UsageError, match=r"no build that is kept is 1\.0\.0"):
        roll_back(folder, record, to="1.0.0")
    assert record_of(folder)["serial"] == 12
    assert publish(folder, record, now=1.0).entry.build == builds[3]
    # A build that is deployed once more, under a higher serial, is meant.
    write_build(folder, {"card.js": b"7"}, version="7.0.0", serial=20)
    assert publish(folder, record, now=1.0).entry.serial == 20


def test_a_damaged_record_gives_no_serial_away_twice(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    publisher(folder)
    (record_folder(folder) / "published.json").write_bytes(b"{")
    with pytest.raises(FormatError, match="not JSON"):
        publisher(folder)


def test_a_folder_is_one_remotes(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    publisher(folder)
    write_build(folder, name="cart")
    assert publisher(folder).remote == "shop"


def test_keys_and_networks_are_checked_at_once(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")
    key, private = write_key(KEY, "key"), write_key(PRIVATE, "private")
    assert Publisher.from_folder(folder, key=f"{key}\n{key}", private_key=private).remote == "shop"
    with pytest.raises(FormatError, match="no private key"):
        Publisher.from_folder(folder, key=key, private_key=key)
    with pytest.raises(FormatError, match="no shared key"):
        Publisher.from_folder(folder, key=private, private_key=private)
    with pytest.raises(UsageError, match="no network"):
        Publisher.from_folder(folder, key=key, private_key=private, allow=["10.0.0.1/8"])
    with pytest.raises(UsageError, match="no base URL"):
        Publisher.from_folder(folder, key=key, private_key=private, url="/shop")


@pytest.mark.anyio
async def test_it_works_in_hypercorn_too(tmp_path: Path, unused_port: int) -> None:
    app = publisher(write_build(tmp_path / "server"))
    config, end = Config(), asyncio.Event()
    config.bind = [f"127.0.0.1:{unused_port}"]
    config.loglevel = "CRITICAL"
    running = asyncio.create_task(hypercorn.asyncio.serve(site(app), config, shutdown_trigger=end.wait))  # type: ignore[arg-type]
    url = f"http://127.0.0.1:{unused_port}/"
    try:
        async with consumer(url, tmp_path / "cache") as one, asyncio.timeout(20):
            while True:
                try:
                    build = await pull(one.client, one.supplier, cache=one.cache)
                    break
                except HanseError:
                    await asyncio.sleep(0.05)
    finally:
        end.set()
        await running
    assert dict(build.contents) == dict(FILES)


@pytest.mark.anyio
async def test_behind_a_proxy_that_changes_host_and_path_the_url_says_what_was_signed(tmp_path: Path) -> None:
    folder = write_build(tmp_path / "server")

    async def proxy(scope: dict[str, object], receive: object, send: object) -> None:
        inner = {**scope, "path": str(scope["path"]).removeprefix("/team"), "raw_path": None}
        inner["headers"] = [(b"host", b"inside:8000")] + [
            pair
            for pair in scope["headers"]  # type: ignore[attr-defined]
            if pair[0] != b"host"
        ]
        await target(inner, receive, send)  # type: ignore[arg-type]

    async with serve(proxy) as url:
        target = site(publisher(folder))
        outside = f"{url}team/"
        async with consumer(outside, tmp_path / "cache") as one:
            with pytest.raises(HanseError, match="401"):
                await pull(one.client, one.supplier, cache=one.cache)
            target = site(publisher(folder, url=outside))
            assert (await pull(one.client, one.supplier, cache=one.cache)).entry.name == "shop"


@pytest.mark.anyio
async def test_sealing_a_large_build_does_not_hold_up_other_requests(tmp_path: Path) -> None:
    big = {f"m{n}.js": os.urandom(1 << 20) for n in range(8)}
    app = publisher(write_build(tmp_path / "server", big))
    async with serve(site(app)) as url, consumer(url, tmp_path / "cache") as one:
        longest, ended = 0.0, False

        async def tick() -> None:
            nonlocal longest
            while not ended:
                began = time.monotonic()
                await asyncio.sleep(0.001)
                longest = max(longest, time.monotonic() - began)

        ticking = asyncio.create_task(tick())
        build = await pull(one.client, one.supplier, cache=one.cache)
        ended = True
        await ticking
    assert len(build.contents) == 8
    # Writing and sealing 8 MB, and opening them again, would take as long on one of two busy cores.
    assert longest < 0.25


def test_the_entry_a_publisher_gives_is_one(tmp_path: Path) -> None:
    edition = publish(write_build(tmp_path / "server"), tmp_path / "record", now=5.0)
    assert decode_server_entry(edition.document, subject="entry") == edition.entry
