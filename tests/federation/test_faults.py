"""What a federation does where something fails: who is named, what is served on, how long it takes."""

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
    IntegrityError,
    Policy,
    ResolveError,
    StatusError,
)
from hanse.net import Access, Client, digest
from tests.federation.towns import QUICK, entry, serve_towns, share, until
from tests.net.upstream import hang, reply

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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


async def test_a_failed_refresh_in_the_background_is_not_the_last_one() -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        towns.federation(refresh_interval=0.05) as federation,
    ):
        towns.put("manifest", reply(b"no json"))
        await until(lambda: federation.snapshot.manifest_status == "stale")
        towns.list("home")
        await until(lambda: federation.snapshot.healthy)


async def test_readers_never_wait() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation(limits=QUICK) as federation:
        towns.put("home", hang)
        refresh = asyncio.create_task(federation.refresh())
        await asyncio.sleep(0.05)
        began = time.monotonic()
        for _ in range(1000):
            assert federation.snapshot.import_map.imports["home/Card"]
        assert time.monotonic() - began < 0.5
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


async def test_more_remotes_than_connections_are_all_asked() -> None:
    limits = replace(QUICK, connections=2, connections_per_origin=2, refresh_deadline=20)
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


async def test_a_failing_origin_says_why_also_while_it_is_left_alone() -> None:
    limits = replace(QUICK, breaker_failures=1)
    async with serve_towns(home=entry("home")) as towns, serve_towns(shop=reply(status=500)) as others:
        towns.list("home", shop=others.url("shop"))
        async with towns.federation(limits=limits) as federation:
            await federation.refresh()
            assert others.asked("shop") == 1
            assert "answered 500" in (federation.snapshot.health("shop").error or "")  # type: ignore[union-attr]
            assert federation.breakers()[others.upstream.origin].phase == "open"
