"""What listeners are told of each refresh: what was asked, what came of it, and how long it took."""

from __future__ import annotations

import asyncio
import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from hanse import Federation, Policy, ResolveError, Snapshot, StatusError
from hanse.federation import Refresh
from tests.federation.towns import QUICK, entry, serve_towns, share, towns_in_a_thread
from tests.net.upstream import hang, reply, tagged

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def listen(federation: Federation) -> list[Refresh]:
    """Collect what is told of each refresh."""
    told: list[Refresh] = []
    federation.on_refresh(told.append)
    return told


async def test_what_came_of_asking_each_remote() -> None:
    async with serve_towns(
        home=tagged(entry("home"), '"1"'), shop=entry("shop"), gone=reply(status=500)
    ) as towns:
        script = towns.upstream.url("/box/remoteEntry.js")
        towns.upstream.routes["/box/remoteEntry.js"] = tagged(b"var box;", '"1"')
        towns.list("home", "shop", "gone", box={"url": script, "type": "mf"})
        federation = towns.federation()
        told = listen(federation)
        async with federation:
            await federation.refresh()
        first, second = told
        assert first.outcomes == {"home": "fetched", "shop": "fetched", "gone": "failed", "box": "fetched"}
        assert (first.asked, first.fetched, first.not_modified, first.failed) == (4, 3, 0, 1)
        assert second.outcomes == {**first.outcomes, "home": "not_modified", "box": "not_modified"}
        assert (second.asked, second.fetched, second.not_modified, second.failed) == (4, 1, 2, 1)
        assert second.count("skipped") == 0
        assert (first.error, second.error) == (None, None)


async def test_a_last_good_entry_does_not_make_a_fetch_that_failed_good() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop"), news=entry("news")) as towns:
        federation = towns.federation(limits=QUICK)
        told = listen(federation)
        async with federation:
            towns.put("home", reply(status=503))
            towns.put("shop", b"{")
            towns.put("news", hang)
            snapshot = await federation.refresh()
            assert [one.status for one in snapshot.remotes] == ["stale"] * 3
        assert told[-1].outcomes == {"home": "failed", "shop": "failed", "news": "failed"}


async def test_a_refresh_that_changes_nothing_is_told_and_was_not_resolved() -> None:
    changes: list[Snapshot] = []
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        federation.on_change(lambda new, old: changes.append(new))
        told = listen(federation)
        async with federation:
            await federation.refresh()
            towns.put("home", reply(status=500))
            await federation.refresh()
            towns.put("home", entry("home", share(version="19.2.0")))
            await federation.refresh()
    assert [one.changed for one in told] == [True, False, True, True]
    assert [one.resolve_seconds is not None for one in told] == [True, False, False, True]
    assert len(changes) == 3


async def test_it_says_when_it_began_and_how_long_it_took() -> None:
    async with serve_towns(home=reply(entry("home"), delay=0.1)) as towns:
        federation = towns.federation(clock=lambda: 1000.0)
        told = listen(federation)
        async with federation:
            pass
    (refresh,) = told
    assert refresh.started_at == 1000.0
    assert 0.1 <= refresh.seconds < 10
    assert refresh.resolve_seconds is not None
    assert 0 < refresh.resolve_seconds < refresh.seconds - 0.1


async def test_it_is_told_after_the_swap_and_after_the_change() -> None:
    order: list[str] = []
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        federation.on_refresh(lambda refresh: order.append(f"refresh {federation.has_snapshot}"))
        federation.on_change(lambda new, old: order.append("change"))
        async with federation:
            assert order == ["change", "refresh True"]


async def test_the_manifest_has_an_outcome_of_its_own(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        towns.upstream.routes["/manifest.json"] = tagged(
            json.dumps({"home": towns.url("home")}).encode(), '"m"'
        )
        federation = towns.federation()
        told = listen(federation)
        async with federation:
            await federation.refresh()
            towns.put("manifest", reply(status=500))
            await federation.refresh()
            towns.put("manifest", b"{")
            await federation.refresh()
        assert [one.manifest for one in told] == ["fetched", "not_modified", "failed", "failed"]
        assert all(one.outcomes == {"home": "fetched"} for one in told)
        given = Federation({"home": towns.url("home")}, refresh_interval=None)
        told = listen(given)
        async with given:
            assert [one.manifest for one in told] == ["skipped"]
    (tmp_path / "remoteEntry.json").write_bytes(entry("home"))
    (tmp_path / "manifest.json").write_text('{"home": "remoteEntry.json"}')
    local = Federation(tmp_path / "manifest.json", refresh_interval=None)
    told = listen(local)
    async with local:
        assert (told[0].manifest, told[0].outcomes) == ("fetched", {"home": "fetched"})


async def test_an_origin_that_is_left_alone_is_not_asked() -> None:
    limits = replace(QUICK, breaker_failures=1)
    async with (
        serve_towns(home=entry("home")) as towns,
        serve_towns(shop=reply(status=500)) as others,
    ):
        towns.list("home", shop=others.url("shop"))
        federation = towns.federation(limits=limits)
        told = listen(federation)
        async with federation:
            await federation.refresh()
        assert [one.outcomes["shop"] for one in told] == ["failed", "skipped"]
        assert told[-1].asked == 1
        assert others.asked("shop") == 1


async def test_who_was_not_asked_before_the_round_ended_is_no_failure() -> None:
    limits = replace(QUICK, connections=1, refresh_deadline=0.3, fetch_deadline=5.0)
    async with serve_towns(slow=hang, late=entry("late")) as towns:
        federation = towns.federation(limits=limits)
        told = listen(federation)
        async with federation:
            assert told[0].outcomes == {"slow": "failed", "late": "skipped"}
            assert (told[0].asked, told[0].failed) == (1, 1)


async def test_a_refresh_that_fails_is_told_with_its_error() -> None:
    async with serve_towns(home=entry("home")) as towns:
        good = towns.upstream.routes["/manifest.json"]
        towns.put("manifest", reply(status=503))
        federation = towns.federation(policy=Policy.coherent(strict_external_version=True))
        told = listen(federation)
        with pytest.raises(StatusError):
            await federation.start()
        assert (told[0].manifest, told[0].outcomes, told[0].changed) == ("failed", {}, False)
        assert told[0].error_code == "HANSE-FETCH-STATUS"
        assert told[0].error is not None
        assert "503" in told[0].error
        assert told[0].resolve_seconds is None
        towns.upstream.routes["/manifest.json"] = good
        async with federation:
            towns.put("home", entry("home", share(version="nineteen")))
            for changed in (True, False):
                with pytest.raises(ResolveError):
                    await federation.refresh()
                assert told[-1].error_code == "HANSE-RESOLVE"
                assert told[-1].outcomes == {"home": "fetched"}
                assert told[-1].resolve_seconds is not None
                assert told[-1].changed is changed


async def test_those_who_share_a_refresh_are_told_of_one() -> None:
    async with serve_towns(home=reply(entry("home"), delay=0.05)) as towns, towns.federation() as federation:
        told = listen(federation)
        await asyncio.gather(*(federation.refresh() for _ in range(20)))
        assert len(told) == 1


async def test_a_refresh_that_the_closing_ends_was_none() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        await federation.start()
        told = listen(federation)
        towns.put("home", hang)
        refreshing = asyncio.create_task(federation.refresh())
        await asyncio.sleep(0.05)
        await federation.aclose()
        await asyncio.wait({refreshing})
        assert refreshing.exception() is not None
        assert told == []


async def test_a_listener_that_fails_costs_nothing_and_one_that_ends_hears_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(refresh: Refresh) -> None:
        raise ValueError("a listener of somebody else")

    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        federation.on_refresh(fail)
        told = listen(federation)
        more: list[Refresh] = []
        end = federation.on_refresh(more.append)
        async with federation:
            assert "a listener of somebody else" in caplog.text
            end()
            end()
            await federation.refresh()
    assert (len(told), len(more)) == (2, 1)


async def test_what_is_told_does_not_change() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        told = listen(federation)
        async with federation:
            with pytest.raises(FrozenInstanceError):
                told[0].changed = False  # type: ignore[misc]


def test_the_blocking_face_tells_as_well() -> None:
    told: list[Refresh] = []
    with towns_in_a_thread(home=entry("home")) as towns, towns.federation().sync as sync:
        end = sync.on_refresh(told.append)
        sync.refresh()
        assert [one.fetched for one in told] == [1]
        end()
        sync.refresh()
        assert len(told) == 1
