"""The blocking face: from several threads, after a fork, beside an asynchronous server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hanse import Federation, NotFoundError, Snapshot, StatusError, UsageError
from tests.federation.towns import entry, serve_towns, towns_in_a_thread
from tests.net.upstream import reply


def test_it_is_started_by_its_first_use() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        federation = towns.federation()
        with pytest.raises(NotFoundError):
            _ = federation.snapshot
        sync = federation.sync
        assert sync is federation.sync
        assert sync.snapshot.healthy
        assert federation.snapshot is sync.snapshot
        assert sync.load_remote_module("home", "Card").url == towns.upstream.url("/home/Card.js")
        assert towns.asked("home") == 1
        towns.put("home", entry("home", card="new.js"))
        heard: list[Snapshot] = []
        end = sync.on_change(lambda new, old: heard.append(new))
        snapshot = sync.refresh()
        assert heard == [snapshot]
        assert snapshot.import_map.imports["home/Card"].endswith("new.js")
        assert sync.snapshot_by_digest(snapshot.digest) is snapshot
        assert sync.fetches().fresh == 4
        assert [*sync.breakers()] == [towns.upstream.origin]
        towns.put("new", entry("new"))
        assert "new/Card" in sync.init_remote_entry(towns.url("new")).import_map.imports
        end()
        sync.close()
        sync.close()
        assert sync.snapshot is snapshot
        assert towns.asked("home") == 2


def test_it_can_be_entered() -> None:
    with towns_in_a_thread(home=entry("home")) as towns, towns.federation().sync as sync:
        assert sync.snapshot.healthy


def test_its_first_failure_is_told_and_the_next_use_tries_again() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        good = towns.upstream.routes["/manifest.json"]
        towns.put("manifest", reply(status=500))
        federation = towns.federation()
        with pytest.raises(StatusError):
            _ = federation.sync.snapshot
        towns.upstream.routes["/manifest.json"] = good
        assert federation.sync.snapshot.healthy
        federation.sync.close()


def test_many_threads_start_it_once() -> None:
    with towns_in_a_thread(home=reply(entry("home"), delay=0.1)) as towns:
        federation = towns.federation()
        barrier = threading.Barrier(16)

        def look(_: int) -> Snapshot:
            barrier.wait()
            return federation.sync.snapshot

        with ThreadPoolExecutor(16) as pool:
            snapshots = [*pool.map(look, range(16))]
        assert len({id(one) for one in snapshots}) == 1
        assert towns.asked("home") == 1
        with ThreadPoolExecutor(16) as pool:
            refreshed = [*pool.map(lambda _: federation.sync.refresh(), range(16))]
        assert all(one.healthy for one in refreshed)
        assert towns.asked("home") <= 3
        federation.sync.close()


def test_federations_share_one_thread() -> None:
    def threads() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "hanse-federation"]

    with towns_in_a_thread(home=entry("home")) as towns:
        for _ in range(3):
            with towns.federation().sync as sync:
                assert sync.snapshot.healthy
                assert len(threads()) == 1


def test_it_goes_on_in_the_background() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        changed = threading.Event()
        with towns.federation(refresh_interval=0.05).sync as sync:
            sync.on_change(lambda new, old: changed.set())
            towns.put("home", entry("home", card="new.js"))
            assert changed.wait(5)
            assert sync.snapshot.import_map.imports["home/Card"].endswith("new.js")


def test_a_started_federation_stays_on_its_loop() -> None:
    async def run() -> None:
        async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
            sync = federation.sync
            assert sync.snapshot is federation.snapshot
            assert (await asyncio.to_thread(sync.refresh)).healthy
            assert towns.asked("home") == 2
            # In the loop's own thread it would wait for itself.
            for blocking in (sync.refresh, sync.start, sync.close):
                with pytest.raises(UsageError, match="block the event loop"):
                    blocking()
            assert sync.load_remote_module("home", "Card").url

    asyncio.run(run())


def test_the_asynchronous_face_works_from_other_loops() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        federation = towns.federation()
        federation.sync.start()

        async def use() -> None:
            assert (await federation.refresh()).healthy
            assert (await federation.init_remote_entry(towns.url("home"))).import_map.imports == {}
            await federation.start()

        asyncio.run(use())
        assert towns.asked("home") == 3

        async def end() -> None:
            await federation.aclose()

        asyncio.run(end())
        assert federation.keeper is None


def test_a_loop_that_was_closed_under_it_is_replaced() -> None:
    with towns_in_a_thread(home=entry("home")) as towns:
        federation = towns.federation()
        asyncio.run(federation.start())
        assert federation.keeper is None
        assert federation.sync.refresh().healthy
        federation.sync.close()


FORKING = """
import os, sys, threading
from hanse import Federation

federation = Federation(sys.argv[1], refresh_interval=None, cache_folder=sys.argv[2])
early = sys.argv[3] == "early"
first = None if early else federation.sync.snapshot

def child(number):
    inherited = federation.sync.snapshot
    assert first is None or inherited.digest == first.digest
    assert federation.sync.load_remote_module("home", "Card").url
    fresh = federation.sync.refresh()
    assert fresh.healthy, fresh
    assert fresh.digest == inherited.digest
    assert [one.name for one in threading.enumerate()].count("hanse-federation") == 1

children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child(number)
            code = 0
        finally:
            os._exit(code)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
# The parent is as it was, whatever its children did.
assert federation.sync.refresh().healthy
assert federation.sync.refresh().healthy
print(codes)
"""


@pytest.mark.parametrize("moment", ["early", "late"])
def test_it_works_after_a_fork(moment: str, tmp_path: Path) -> None:
    with towns_in_a_thread(home=entry("home"), shop=entry("shop")) as towns:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING]
        done = subprocess.run(
            [*command, towns.manifest_url, str(tmp_path), moment],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert done.stderr == ""
    assert done.stdout == "[0, 0, 0]\n"


ENDING = """
import sys
from hanse import Federation

federation = Federation(sys.argv[1], refresh_interval=0.01)
assert federation.sync.snapshot.healthy
"""


def test_a_process_ends_without_ado_although_nobody_closed_it() -> None:
    with towns_in_a_thread(home=reply(entry("home"), delay=0.05)) as towns:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", ENDING, towns.manifest_url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stderr == ""
    assert done.returncode == 0


def test_making_a_federation_starts_nothing() -> None:
    before = threading.active_count()
    Federation("https://cdn.example/manifest.json")
    assert threading.active_count() == before
