"""The last good documents on disk: what a restart gets, and what damage does."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import Federation, FetchError, HanseError, Policy, StatusError
from hanse.net import digest
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share, until
from tests.net.upstream import hang, reply

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def stop(towns: Towns, *names: str) -> None:
    """Let everything that is named, or else everything, answer 503."""
    for path in [*towns.upstream.routes]:
        if not names or any(path.startswith(f"/{name}") for name in names):
            towns.upstream.routes[path] = reply(status=503)


def spoil(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def files(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


def stored(folder: Path) -> Path:
    (file,) = files(folder)
    return file


async def test_a_restart_with_everything_down_still_serves(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        async with towns.federation(cache_folder=tmp_path / "new" / "folder") as federation:
            first = federation.snapshot
        stop(towns)
        async with towns.federation(cache_folder=tmp_path / "new" / "folder") as federation:
            again = federation.snapshot
            assert again.digest == first.digest
            assert again.import_map_json == first.import_map_json
            assert not again.healthy
            assert again.manifest_status == "stale"
            assert "answered 503" in (again.manifest_error or "")
            assert [one.status for one in again.remotes] == ["stale", "stale"]
            fetched = [one.fetched_at for one in first.remotes]
            assert [one.fetched_at for one in again.remotes] == fetched
            assert (await federation.init_remote_entry(towns.url("home"), "home", snapshot=first.digest)).name
    # The server itself is gone now.
    async with towns.federation(cache_folder=tmp_path / "new" / "folder") as federation:
        assert federation.snapshot.digest == first.digest
    with pytest.raises(FetchError):
        await towns.federation(cache_folder=tmp_path).start()


async def test_what_is_up_after_a_restart_is_used(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        async with towns.federation(cache_folder=tmp_path):
            pass
        stop(towns, "shop")
        towns.put("home", entry("home", card="new.js"))
        async with towns.federation(cache_folder=tmp_path) as federation:
            snapshot = federation.snapshot
            assert snapshot.import_map.imports["home/Card"].endswith("new.js")
            assert snapshot.import_map.imports["shop/Card"].endswith("Card.js")
            assert [one.status for one in snapshot.remotes] == ["ok", "stale"]


async def test_what_was_stored_is_there_before_the_first_refresh_is_through(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation(cache_folder=tmp_path):
            pass
        towns.put("manifest", hang)
        federation = towns.federation(cache_folder=tmp_path, limits=QUICK)
        start = asyncio.create_task(federation.start())
        await until(lambda: federation.has_snapshot)
        assert not start.done()
        assert federation.snapshot.refreshed_at == 0
        assert federation.snapshot.health("home").status == "stale"  # type: ignore[union-attr]
        await start
        await federation.aclose()


async def test_another_policy_resolves_what_was_stored_anew(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation(cache_folder=tmp_path) as federation:
            first = federation.snapshot
        stop(towns)
        async with towns.federation(cache_folder=tmp_path, policy="compatible") as federation:
            assert federation.snapshot.digest != first.digest
            assert "home/./Card" in federation.snapshot.import_map.imports
            assert "home/Card" not in federation.snapshot.import_map.imports


async def test_strictness_does_not_forbid_a_restart(tmp_path: Path) -> None:
    policy = Policy.coherent(strict_remote_entry=True)
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation(cache_folder=tmp_path, policy=policy):
            pass
        stop(towns)
        async with towns.federation(cache_folder=tmp_path, policy=policy) as federation:
            assert "home/Card" in federation.snapshot.import_map.imports
            assert "home" in (federation.snapshot.error or "")


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "folder", "huge", "pipe", "appended"])
async def test_what_is_damaged_is_not_used_and_no_crash(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve_towns(home=entry("home")) as towns:
        limits = replace(QUICK, stored_bytes=100_000)
        async with towns.federation(cache_folder=tmp_path, limits=limits):
            pass
        file = stored(tmp_path)
        good = file.read_bytes()
        middle = len(good) // 2
        if damage in {"folder", "pipe"}:
            file.unlink()
            make = {"folder": os.mkdir, "pipe": os.mkfifo}[damage]
            make(file)
        else:
            spoil(
                file,
                {
                    "empty": b"",
                    "cut": good[:-1],
                    "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
                    "text": b"hello",
                    "huge": good + b" " * 100_000,
                    "appended": good + b" ",
                }[damage],
            )
        caplog.clear()
        async with towns.federation(cache_folder=tmp_path, limits=limits) as federation:
            assert federation.snapshot.healthy
        assert "what was stored is not used" in caplog.text
        assert str(file) in caplog.text
        stop(towns)
        again = towns.federation(cache_folder=tmp_path, limits=limits)
        if damage == "folder":
            with pytest.raises(StatusError):
                await again.start()
        else:
            async with again:
                assert "home/Card" in again.snapshot.import_map.imports


async def test_an_entry_that_no_longer_passes_is_left_out_and_the_others_serve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    many = [share(f"p{number}") for number in range(20)]
    async with serve_towns(home=entry("home"), shop=entry("shop", *many)) as towns:
        async with towns.federation(cache_folder=tmp_path):
            pass
        stop(towns)
        tighter = replace(QUICK, shared_per_entry=10)
        async with towns.federation(cache_folder=tmp_path, limits=tighter) as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["stale", "failed"]
            assert "shop" in caplog.text


async def test_a_manifest_of_another_digest_is_not_restored(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation(cache_folder=tmp_path):
            pass
        stop(towns)
        with pytest.raises(StatusError):
            await towns.federation(cache_folder=tmp_path, manifest_integrity=digest(b"other")).start()


async def test_federations_share_a_folder_and_not_their_documents(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        ways: list[dict[str, object]] = [{"home": towns.url("home")}, {"shop": towns.url("shop")}]
        for manifest in ways:
            async with Federation(manifest, cache_folder=tmp_path, refresh_interval=None, modules="skip"):
                pass
        assert len(files(tmp_path)) == 2
        stop(towns)
        for manifest in ways:
            async with Federation(
                manifest, cache_folder=tmp_path, refresh_interval=None, modules="skip"
            ) as federation:
                assert [one.status for one in federation.snapshot.remotes] == ["stale"]
        elsewhere = {"home": towns.url("shop")}
        async with Federation(
            elsewhere, cache_folder=tmp_path, refresh_interval=None, modules="skip"
        ) as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["failed"]


async def test_a_folder_that_cannot_be_written_costs_nothing_but_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(tmp_path / "file", b"")
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(cache_folder=tmp_path / "file" / "below") as federation,
    ):
        for number in range(3):
            towns.put("home", entry("home", card=f"{number}.js"))
            assert (await federation.refresh()).healthy
    said = [record for record in caplog.records if "cannot be stored" in record.message]
    assert len(said) == 1


async def test_what_is_too_large_is_not_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(cache_folder=tmp_path, limits=replace(QUICK, stored_bytes=100)) as federation,
    ):
        assert federation.snapshot.healthy
    assert files(tmp_path) == []
    assert "too large" in caplog.text


async def test_it_is_written_when_something_has_changed_and_only_then(tmp_path: Path) -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(cache_folder=tmp_path) as federation,
    ):
        written = stored(tmp_path).stat().st_ino
        await federation.refresh()
        assert stored(tmp_path).stat().st_ino == written
        towns.put("home", entry("home", card="new.js"))
        await federation.refresh()
        assert b"new.js" in stored(tmp_path).read_bytes()


async def test_a_process_that_lacks_a_remote_does_not_take_it_from_the_others(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        poor = towns.federation(cache_folder=tmp_path)
        stop(towns, "shop")
        await poor.start()
        assert [one.status for one in poor.snapshot.remotes] == ["ok", "failed"]
        towns.put("shop", entry("shop"))
        async with towns.federation(cache_folder=tmp_path) as rich:
            assert rich.snapshot.healthy
        stop(towns, "shop")
        towns.put("home", entry("home", card="new.js"))
        await poor.refresh()
        await poor.aclose()
        stop(towns)
        async with towns.federation(cache_folder=tmp_path) as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["stale", "stale"]
            assert federation.snapshot.import_map.imports["home/Card"].endswith("new.js")


async def test_writers_at_the_same_time_leave_a_whole_file(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        federations = [towns.federation(cache_folder=tmp_path) for _ in range(6)]
        for federation in federations:
            await federation.start()
        torn: list[object] = []
        done = threading.Event()

        def look() -> None:
            from hanse.federation.store import decode

            while not done.is_set():
                try:
                    decode(stored(tmp_path).read_bytes(), "file")
                except ValueError:
                    continue  # A part is there beside the file for a moment.
                except HanseError as error:
                    torn.append(error)

        watcher = threading.Thread(target=look)
        watcher.start()
        for number in range(10):
            towns.put("home", entry("home", *[share(f"p{i}") for i in range(50)], card=f"{number}.js"))
            await asyncio.gather(*(federation.refresh() for federation in federations))
        done.set()
        watcher.join()
        assert torn == []
        for federation in federations:
            await federation.aclose()
        assert stored(tmp_path).suffix == ".hanse"
        stop(towns)
        async with towns.federation(cache_folder=tmp_path) as federation:
            assert federation.snapshot.import_map.imports["home/Card"].endswith("9.js")


async def test_what_a_dead_process_left_behind_is_swept(tmp_path: Path) -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(cache_folder=tmp_path) as federation,
    ):
        left = tmp_path / f"{stored(tmp_path).stem}-dead.part"
        fresh = tmp_path / f"{stored(tmp_path).stem}-busy.part"
        left.write_text("x")
        fresh.write_text("x")
        os.utime(left, (0, 0))
        towns.put("home", entry("home", card="new.js"))
        await federation.refresh()
        assert not left.exists()
        assert fresh.exists()


async def test_restoring_is_not_logged_as_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hanse.federation")
    async with serve_towns(home=entry("home")) as towns:
        for _ in range(2):
            async with towns.federation(cache_folder=tmp_path):
                pass
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
