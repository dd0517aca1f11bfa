"""The federation as a site sees it: started, read, refreshed, told of changes, closed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import replace

import httpx2
import pytest

from hanse import (
    Federation,
    FetchError,
    FormatError,
    IntegrityError,
    Limits,
    NotFoundError,
    Policy,
    ResolveError,
    Snapshot,
    StatusError,
    UsageError,
)
from hanse.net import Access, Client, digest
from tests.federation.towns import QUICK, entry, serve_towns, share
from tests.net.upstream import hang, reply, tagged

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


async def test_the_very_first_failure_is_told() -> None:
    async with serve_towns() as towns:
        towns.put("manifest", reply(status=503))
        federation = towns.federation()
        with pytest.raises(StatusError, match=r"manifest\.json: it answered 503"):
            await federation.start()
        towns.list()
        await federation.start()
        assert federation.snapshot.healthy
        await federation.aclose()


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
    slow = {name: reply(entry(name), delay=0.2) for name in names}
    async with serve_towns(**slow) as towns:
        began = time.monotonic()
        async with towns.federation() as federation:
            assert federation.snapshot.healthy
        assert time.monotonic() - began < 1.2


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
            await asyncio.sleep(0.4)
            assert 3 <= towns.asked("home") <= 10
            assert federation.snapshot.healthy
        calls = towns.asked("home")
        await asyncio.sleep(0.15)
        assert towns.asked("home") == calls, "it goes on after it was closed"
        async with towns.federation() as federation:
            asked = towns.asked("home")
            federation.wake()
            await asyncio.sleep(0.1)
            assert towns.asked("home") == asked + 1


async def test_a_failed_refresh_in_the_background_is_not_the_last_one() -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(refresh_interval=0.05) as federation,
    ):
        towns.put("manifest", reply(b"no json"))
        await asyncio.sleep(0.2)
        assert federation.snapshot.manifest_status == "stale"
        towns.list("home")
        await asyncio.sleep(0.2)
        assert federation.snapshot.healthy


async def test_readers_never_wait() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("home", hang)
        refresh = asyncio.create_task(federation.refresh())
        await asyncio.sleep(0.05)
        began = time.monotonic()
        for _ in range(1000):
            assert federation.snapshot.import_map.imports["home/Card"]
        assert time.monotonic() - began < 0.1
        assert (await refresh).health("home").status == "stale"  # type: ignore[union-attr]


async def test_a_manifest_that_fails_stays_as_it_was() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns, towns.federation() as federation:
        towns.put("manifest", reply(status=500))
        towns.put("shop", entry("shop", card="new.js"))
        snapshot = await federation.refresh()
        assert snapshot.manifest_status == "stale"
        assert snapshot.manifest_error == f"{towns.manifest_url}: it answered 500"
        assert not snapshot.healthy
        assert snapshot.import_map.imports["shop/Card"].endswith("new.js")
        towns.list("home")
        snapshot = await federation.refresh()
        assert snapshot.healthy
        assert [*snapshot.plan.remotes] == ["home"]


async def test_a_manifest_has_to_have_its_digest() -> None:
    async with serve_towns(home=entry("home")) as towns:
        body = json.dumps({"home": towns.url("home")}).encode()
        async with towns.federation(manifest_integrity=digest(body)) as federation:
            assert federation.snapshot.healthy
        with pytest.raises(IntegrityError, match=r"manifest\.json"):
            await towns.federation(manifest_integrity=digest(b"other")).start()


async def test_an_entry_has_to_have_the_digest_of_the_manifest() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        right = {"url": towns.url("home"), "integrity": digest(entry("home"))}
        wrong = {"url": towns.url("shop"), "integrity": digest(b"other")}
        towns.list(home=right, shop=wrong)
        async with towns.federation() as federation:
            home, shop = federation.snapshot.remotes
            assert home.status == "ok"
            assert (shop.status, shop.error_code) == ("failed", "HANSE-INTEGRITY")
            assert towns.url("shop") in (shop.error or "")


async def test_a_new_url_that_fails_leaves_the_old_one_in_use() -> None:
    async with serve_towns(shop=entry("shop")) as towns, towns.federation() as federation:
        towns.list(shop=towns.url("shop-2"))
        snapshot = await federation.refresh()
        assert snapshot.import_map.imports["shop/Card"] == towns.upstream.url("/shop/Card.js")
        (health,) = snapshot.remotes
        assert (health.status, health.url) == ("stale", towns.url("shop-2"))
        towns.put("shop-2", entry("shop"))
        snapshot = await federation.refresh()
        assert snapshot.import_map.imports["shop/Card"] == towns.upstream.url("/shop-2/Card.js")


async def test_what_an_origin_takes_back_is_not_served() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns, towns.federation() as federation:
        towns.put("shop", reply(status=410))
        snapshot = await federation.refresh()
        assert [*snapshot.plan.remotes] == ["home"]
        (health,) = [one for one in snapshot.remotes if one.name == "shop"]
        assert health.status == "failed"


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


async def test_strict_remote_entry_changes_nothing_while_one_fails() -> None:
    policy = Policy.coherent(strict_remote_entry=True)
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        async with towns.federation(policy=policy) as federation:
            first = federation.snapshot
            towns.put("home", entry("home", card="new.js"))
            towns.put("shop", reply(status=500))
            with pytest.raises(ResolveError, match=r"shop: its remote entry could not be had.*answered 500"):
                await federation.refresh()
            snapshot = federation.snapshot
            assert snapshot.plan is first.plan
            assert "strict" not in (snapshot.error or "")
            assert "shop" in (snapshot.error or "")
            assert not snapshot.healthy
            assert snapshot.health("shop").status == "stale"  # type: ignore[union-attr]
            towns.put("shop", entry("shop"))
            snapshot = await federation.refresh()
            assert snapshot.healthy
            assert snapshot.import_map.imports["home/Card"].endswith("new.js")
            towns.put("shop", reply(status=500))
            with pytest.raises(ResolveError, match="shop"):
                await federation.refresh()
            towns.put("shop", entry("shop"))
            again = await federation.refresh()
            assert again.healthy
            assert again.plan is snapshot.plan
        towns.put("shop", reply(status=500))
        with pytest.raises(ResolveError, match="shop"):
            await towns.federation(policy=policy).start()


async def test_a_deployment_that_a_strict_option_forbids_is_not_served() -> None:
    policy = Policy.coherent(strict_external_compatibility=True)
    async with (
        serve_towns(home=entry("home"), shop=entry("shop"), news=entry("news")) as towns,
        towns.federation(policy=policy) as federation,
    ):
        first = federation.snapshot
        towns.put("shop", entry("shop", share(version="18.0.0")))
        with pytest.raises(ResolveError, match="shop"):
            await federation.refresh()
        assert federation.snapshot.import_map_json == first.import_map_json
        assert "shop" in (federation.snapshot.error or "")
        towns.put("shop", entry("shop"))
        assert (await federation.refresh()).healthy
        assert federation.snapshot.error is None


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


async def test_more_remotes_than_connections_are_all_asked() -> None:
    limits = replace(QUICK, connections=2, connections_per_origin=2)
    names = [f"town-{number}" for number in range(40)]
    async with (
        serve_towns(**{name: reply(entry(name), delay=0.03) for name in names}) as towns,
        towns.federation(limits=limits) as federation,
    ):
        # 40 remotes take 0.6 s, more than any of them may take: their deadlines begin with their turn.
        assert federation.snapshot.healthy


async def test_a_round_ends_and_who_had_no_turn_comes_first_in_the_next() -> None:
    limits = replace(QUICK, connections=1, fetch_deadline=0.3, refresh_deadline=0.5, breaker_failures=99)
    async with serve_towns(slow=hang, slower=hang, slowest=hang, good=entry("good")) as towns:
        began = time.monotonic()
        async with towns.federation(limits=limits) as federation:
            assert time.monotonic() - began < 5
            errors = {one.name: one.error_code for one in federation.snapshot.remotes}
            assert set(errors.values()) == {"HANSE-FETCH-DEADLINE"}
            for _ in range(3):
                snapshot = await federation.refresh()
                assert snapshot.health("good").status == "ok"  # type: ignore[union-attr]


async def test_trouble_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hanse.federation")
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("home", reply(status=500))
        for _ in range(3):
            await federation.refresh()
        towns.put("home", entry("home"))
        await federation.refresh()
    assert [record.message for record in caplog.records if record.name == "hanse.federation"] == [
        f"remote 'home' is stale: {towns.url('home')}: it answered 500",
        "remote 'home' is well again",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"manifest": ""},
        {"manifest": 7},
        {"manifest": {}, "policy": "fastest"},
        {"manifest": {}, "allowed_origins": ["cdn.example"]},
        {"manifest": {}, "allowed_origins": "file:///x"},
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


class Faulty(httpx2.AsyncBaseTransport):
    """A transport with a mistake in it, which shows with one remote."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.split("/")[1]
        if name == "shop":
            raise KeyError("a mistake")
        return httpx2.Response(200, content=entry(name))


async def test_a_mistake_that_one_remote_brings_to_light_does_not_cost_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listed = {name: f"https://cdn.example/{name}/remoteEntry.json" for name in ("home", "shop")}
    async with (
        Client(Access(), transport=Faulty()) as client,
        Federation(listed, client=client, refresh_interval=None) as federation,
    ):
        home, shop = federation.snapshot.remotes
        assert home.status == "ok"
        assert shop.status == "failed"
        assert "unexpected KeyError: 'a mistake'" in (shop.error or "")
        assert "Traceback" in caplog.text


async def test_a_client_given_is_used_and_left_open() -> None:
    async with serve_towns(home=entry("home")) as towns, Client(Access()) as client:
        async with towns.federation(client=client) as federation:
            assert federation.fetches().fresh == 2
        assert client.stats().fresh == 2
        assert (await client.fetch(towns.url("home"), cap=10_000)).body == entry("home")


async def test_a_failing_origin_says_why_also_while_it_is_left_alone() -> None:
    limits = replace(QUICK, breaker_failures=1)
    async with serve_towns(home=entry("home")) as towns, serve_towns(shop=reply(status=500)) as others:
        towns.list("home", shop=others.url("shop"))
        async with towns.federation(limits=limits) as federation:
            await federation.refresh()
            assert others.asked("shop") == 1
            assert "answered 500" in (federation.snapshot.health("shop").error or "")  # type: ignore[union-attr]
            assert federation.breakers()[others.upstream.origin].phase == "open"


def test_the_limits_can_be_given() -> None:
    assert Limits(refresh_interval=5).refresh_interval == 5
    assert issubclass(StatusError, FetchError)
