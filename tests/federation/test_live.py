"""The federation as a site sees it: started, read, refreshed, told of changes, closed."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from hanse import (
    Federation,
    FetchError,
    FormatError,
    Limits,
    NotFoundError,
    Policy,
    Snapshot,
    StatusError,
    UsageError,
)
from hanse.net import Access, Client
from tests.federation.towns import QUICK, entry, serve_towns, share, until
from tests.net.upstream import reply, tagged

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_from_a_manifest_to_a_finished_map() -> None:
    async with (
        serve_towns(home=entry("home"), shop=entry("shop", share(version="19.0.0"))) as towns,
        towns.federation() as federation,
    ):
        snapshot = federation.snapshot
    base = towns.upstream.origin
    assert json.loads(snapshot.import_map_json)["imports"] == {
        "home/Card": f"{base}/home/Card.js",
        "shop/Card": f"{base}/shop/Card.js",
        "home/./Card": f"{base}/home/Card.js",
        "shop/./Card": f"{base}/shop/Card.js",
        "react": f"{base}/home/react-19.1.0.js",
    }
    assert [(one.name, one.url, one.status) for one in snapshot.remotes] == [
        ("home", towns.url("home"), "ok"),
        ("shop", towns.url("shop"), "ok"),
    ]
    assert snapshot.healthy
    assert snapshot.etag == f'"{snapshot.digest}"'
    assert abs(snapshot.made_at - time.time()) < 60
    assert [*snapshot.manifest] == ["home", "shop"]


async def test_the_digest_is_the_same_for_the_same_documents_and_differs_with_the_policy() -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation() as one,
        towns.federation() as two,
        towns.federation(policy="compatible") as three,
    ):
        assert one.snapshot.digest == two.snapshot.digest
        assert three.snapshot.digest != one.snapshot.digest
        assert three.policy == Policy.compatible()
        strict = Policy.coherent(strict_import_map=True)
        async with towns.federation(policy=strict) as four:
            assert four.snapshot.import_map_json == one.snapshot.import_map_json
            assert four.snapshot.digest != one.snapshot.digest


async def test_there_is_no_snapshot_before_the_start() -> None:
    federation = Federation(manifest={})
    with pytest.raises(NotFoundError, match=r"start\(\)"):
        _ = federation.snapshot
    with pytest.raises(UsageError, match="not started"):
        await federation.refresh()
    federation.wake()


async def test_a_manifest_without_remotes_is_a_federation() -> None:
    async with serve_towns() as towns, towns.federation() as federation:
        assert federation.snapshot.import_map_json == b'{"imports":{}}'
        assert federation.snapshot.healthy


async def test_the_snapshot_outlives_the_closing_and_a_new_start_goes_on() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        await federation.start()
        await federation.start()
        first = federation.snapshot
        await federation.aclose()
        await federation.aclose()
        assert federation.snapshot is first
        with pytest.raises(UsageError, match="not started"):
            await federation.refresh()
        await federation.start()
        assert (await federation.refresh()).plan is first.plan
        await federation.aclose()


async def test_unchanged_documents_are_confirmed_and_not_resolved_again() -> None:
    async with (
        serve_towns(home=tagged(entry("home"), '"1"'), shop=entry("shop")) as towns,
        towns.federation() as federation,
    ):
        first = federation.snapshot
        second = await federation.refresh()
        assert second.plan is first.plan
        assert second.import_map_json is first.import_map_json
        assert federation.fetches().revalidated == 1
        assert towns.asked("home") == 2
        assert second.refreshed_at >= first.refreshed_at


async def test_a_change_is_resolved_with_what_stayed() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns, towns.federation() as federation:
        first = federation.snapshot
        towns.put("shop", entry("shop", card="Card-2.js"))
        second = await federation.refresh()
        assert second.digest != first.digest
        assert second.import_map.imports["shop/Card"].endswith("/shop/Card-2.js")
        assert second.plan.remotes["home"].entry is first.plan.remotes["home"].entry
        assert federation.snapshot_by_digest(first.digest) is first
        assert federation.snapshot_by_digest(second.digest) is second
        assert federation.snapshot_by_digest("sha384-other") is None


async def test_remotes_come_and_go_with_the_manifest() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns, towns.federation() as federation:
        towns.put("news", entry("news"))
        towns.list("home", "news")
        snapshot = await federation.refresh()
        assert [*snapshot.plan.remotes] == ["home", "news"]
        assert "shop/Card" not in snapshot.import_map.imports
        assert snapshot.health("shop") is None


async def test_many_who_ask_share_one_refresh() -> None:
    async with serve_towns(home=reply(entry("home"), delay=0.05)) as towns, towns.federation() as federation:
        snapshots = await asyncio.gather(*(federation.refresh() for _ in range(50)))
        assert len({id(snapshot) for snapshot in snapshots}) == 1
        assert towns.asked("home") == 2


async def test_who_leaves_does_not_take_the_refresh_along() -> None:
    async with serve_towns(home=reply(entry("home"), delay=0.1)) as towns, towns.federation() as federation:
        hasty = asyncio.create_task(federation.refresh())
        patient = asyncio.create_task(federation.refresh())
        await asyncio.sleep(0.02)
        hasty.cancel()
        assert (await patient).healthy
        assert hasty.cancelled()
        assert towns.asked("home") == 2


async def test_all_remotes_are_asked_at_once() -> None:
    names = [f"town-{number}" for number in range(8)]
    slow = {name: reply(entry(name), delay=0.5) for name in names}
    async with serve_towns(**slow) as towns:
        began = time.monotonic()
        async with towns.federation() as federation:
            assert federation.snapshot.healthy
        assert time.monotonic() - began < 3.5


async def test_listeners_hear_of_changes_and_of_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[tuple[Snapshot, Snapshot | None]] = []

    def fail(new: Snapshot, old: Snapshot | None) -> None:
        raise ValueError("a listener of somebody else")

    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        end_failing = federation.on_change(fail)
        end = federation.on_change(lambda new, old: heard.append((new, old)))
        await federation.start()
        await federation.refresh()
        assert [(new.digest, old) for new, old in heard] == [(federation.snapshot.digest, None)]
        assert "a listener of somebody else" in caplog.text
        end_failing()
        towns.put("home", reply(status=500))
        stale = await federation.refresh()
        assert heard[-1][0] is stale
        assert heard[-1][1] is not None
        assert heard[-1][1].healthy
        end()
        towns.put("home", entry("home", card="other.js"))
        await federation.refresh()
        assert len(heard) == 2
        await federation.aclose()


async def test_a_listener_is_called_after_the_swap() -> None:
    seen: list[bool] = []
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        federation.on_change(lambda new, old: seen.append(federation.snapshot is new))
        async with federation:
            assert seen == [True]


async def test_it_refreshes_by_itself_and_when_woken() -> None:
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation(refresh_interval=0.05) as federation:
            began = time.monotonic()
            await until(lambda: towns.asked("home") == 5)
            assert time.monotonic() - began > 4 * 0.9 * 0.05
            assert federation.snapshot.healthy
        calls = towns.asked("home")
        await asyncio.sleep(0.15)
        assert towns.asked("home") == calls, "it goes on after it was closed"
        async with towns.federation() as federation:
            asked = towns.asked("home")
            federation.wake()
            await until(lambda: towns.asked("home") == asked + 1)


async def test_the_host_takes_precedence() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        towns.put("host", entry("whatever", share(version="19.0.5")))
        async with towns.federation(host={"url": towns.url("host"), "name": "site"}) as federation:
            snapshot = federation.snapshot
            assert snapshot.import_map.imports["react"] == towns.upstream.url("/host/react-19.0.5.js")
            assert [one.name for one in snapshot.remotes] == ["home", "shop", "site"]
        async with towns.federation(host=towns.url("host")) as federation:
            assert federation.snapshot.remotes[-1].name == "__NF-HOST__"
        with pytest.raises(FormatError, match="name of the host"):
            await towns.federation(host={"url": towns.url("host"), "name": "shop"}).start()


async def test_old_snapshots_are_kept_by_count_and_by_age() -> None:
    now = [1000.0]
    limits = replace(QUICK, snapshots_kept=3, snapshot_age=100.0)
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(limits=limits, clock=lambda: now[0]) as federation,
    ):
        digests = [federation.snapshot.digest]
        for number in range(4):
            towns.put("home", entry("home", card=f"card-{number}.js"))
            digests.append((await federation.refresh()).digest)
        kept = [federation.snapshot_by_digest(digest) is not None for digest in digests]
        assert kept == [False, False, True, True, True]
        now[0] += 99
        await federation.refresh()
        assert federation.snapshot_by_digest(digests[2]) is not None
        now[0] += 2
        await federation.refresh()
        kept = [federation.snapshot_by_digest(digest) is not None for digest in digests]
        assert kept == [False, False, False, False, True]


async def test_a_module_is_found_with_what_to_load_along() -> None:
    icons = {**{f"icons/{number}": f"{number}.js" for number in range(9)}, "icons": "i.js"}
    shop = entry(
        "shop",
        share(),
        share(
            "icons",
            "1.0.0",
            outFileName=None,
            entries=icons,
        ),
        share("own", "1.0.0", singleton=False, requiredVersion=None, strictVersion=None),
        integrity={"Card.js": "sha384-" + "A" * 64, "i.js": "sha384-" + "B" * 64},
    )
    async with (
        serve_towns(home=entry("home", share(version="19.2.0")), shop=shop) as towns,
        towns.federation() as federation,
    ):
        base = towns.upstream.origin
        for key in ("Card", "./Card"):
            module = federation.load_remote_module("shop", key)
            assert (module.remote, module.key, module.specifier) == ("shop", "./Card", "shop/./Card")
            assert module.url == f"{base}/shop/Card.js"
            assert module.integrity == "sha384-" + "A" * 64
            assert [(one.url.removeprefix(base), one.integrity) for one in module.preloads] == [
                ("/shop/Card.js", "sha384-" + "A" * 64),
                ("/home/react-19.2.0.js", None),
                ("/shop/i.js", "sha384-" + "B" * 64),
                ("/shop/own-1.0.0.js", None),
            ]
        with pytest.raises(NotFoundError, match=r"shop: it exposes no module 'Cart'[\s\S]*\./Card"):
            federation.load_remote_module("shop", "Cart")
        with pytest.raises(NotFoundError, match="there is no such remote"):
            federation.load_remote_module("port", "Card")
        towns.list("home", "shop", "gone")
        await federation.refresh()
        with pytest.raises(NotFoundError, match=r"left out of the federation.*404"):
            federation.load_remote_module("gone", "Card")


@pytest.mark.parametrize(
    "arguments",
    [
        {"manifest": ""},
        {"manifest": 7},
        {"manifest": {}, "policy": "fastest"},
        {"manifest": {}, "allowed_origins": ["cdn.example"]},
        {"manifest": {}, "allowed_origins": "file:///x"},
        {"manifest": {}, "refresh_interval": -1},
        {"manifest": {}, "refresh_interval": float("nan")},
        {"manifest": {}, "manifest_integrity": "sha384-x"},
        {"manifest": {"a": 1}},
        {"manifest": {"__proto__": "https://x/"}},
        {"manifest": {}, "host": {"name": "x"}},
        {"manifest": {}, "host": {"url": "/x", "name": "__proto__"}},
        {"manifest": "file://server/x.json"},
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments: dict[str, object]) -> None:
    with pytest.raises((UsageError, FormatError)):
        Federation(**arguments)  # type: ignore[arg-type]


async def test_a_client_given_is_used_and_left_open() -> None:
    async with serve_towns(home=entry("home")) as towns, Client(Access()) as client:
        async with towns.federation(client=client) as federation:
            assert federation.fetches().fresh == 2
        assert client.stats().fresh == 2
        assert (await client.fetch(towns.url("home"), cap=10_000)).body == entry("home")


def test_the_limits_can_be_given() -> None:
    assert Limits(refresh_interval=5).refresh_interval == 5
    assert issubclass(StatusError, FetchError)
