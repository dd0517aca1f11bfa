"""A developer's remote in the place of the deployed one: that developer's snapshot, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hanse import BlockedError, Federation, FormatError, Limits, OverrideError, Policy, UsageError
from hanse.net import Access, Client
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share
from tests.net.upstream import Upstream, alternate, hang, redirect, reply, serve

pytestmark = pytest.mark.anyio

# Every call looks at the override's entry anew.
IMPATIENT = Limits(fetch_deadline=0.5, connect_deadline=0.5, refresh_deadline=2.0, override_fresh=0.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def developing(
    limits: Limits = IMPATIENT, modules: str = "skip"
) -> AsyncIterator[tuple[Towns, Federation, Upstream]]:
    """Serve a federation of home and shop, and beside it a developer's own server with another shop."""
    async with (
        serve_towns(home=entry("home"), shop=entry("shop", share(version="19.0.0"))) as towns,
        serve({"/entry.json": reply(entry("shop", share(version="19.2.0"), card="Mine.js"))}) as mine,
        towns.federation(limits=limits, modules=modules) as federation,
    ):
        yield towns, federation, mine


async def test_the_remote_is_replaced_for_those_who_ask_and_for_nobody_else() -> None:
    async with developing() as (_, federation, mine):
        before = federation.snapshot
        snapshot = await federation.override({"shop": mine.url("/entry.json")})
        assert snapshot.import_map.imports["shop/./Card"] == mine.url("/Mine.js")
        assert snapshot.import_map.imports["home/./Card"] == before.import_map.imports["home/./Card"]
        # It takes part in the resolution: the newest React now comes from it.
        assert snapshot.import_map.imports["react"] == mine.url("/react-19.2.0.js")
        assert snapshot.digest != before.digest
        assert snapshot.manifest["shop"].url == mine.url("/entry.json")
        assert federation.snapshot is before
        assert before.import_map.imports["shop/./Card"].endswith("/shop/Card.js")


async def test_a_remote_that_nobody_has_yet_is_added() -> None:
    async with developing() as (_, federation, mine):
        mine.routes["/entry.json"] = reply(entry("newcomer"))
        snapshot = await federation.override({"newcomer": mine.url("/entry.json")})
        assert snapshot.import_map.imports["newcomer/./Card"] == mine.url("/Card.js")
        assert list(snapshot.manifest) == ["home", "shop", "newcomer"]
        health = snapshot.health("newcomer")
        assert health is not None
        assert health.status == "ok"


async def test_nothing_overridden_is_the_current_snapshot() -> None:
    async with developing() as (_, federation, _mine):
        assert await federation.override({}) is federation.snapshot


async def test_the_same_overrides_give_the_same_snapshot_until_an_entry_changes() -> None:
    async with developing() as (_, federation, mine):
        wanted = {"shop": mine.url("/entry.json")}
        first = await federation.override(wanted)
        assert (await federation.override(wanted)).plan is first.plan
        mine.routes["/entry.json"] = reply(entry("shop", card="Rebuilt.js"))
        second = await federation.override(wanted)
        assert second.import_map.imports["shop/./Card"] == mine.url("/Rebuilt.js")


async def test_it_is_resolved_again_when_the_federation_changes() -> None:
    async with developing() as (towns, federation, mine):
        wanted = {"shop": mine.url("/entry.json")}
        first = await federation.override(wanted)
        towns.put("home", entry("home", card="Redeployed.js"))
        await federation.refresh()
        second = await federation.override(wanted)
        assert second.digest != first.digest
        assert second.import_map.imports["home/./Card"].endswith("/home/Redeployed.js")
        assert second.import_map.imports["shop/./Card"] == mine.url("/Mine.js")


async def test_pages_opened_together_share_one_look_and_one_resolution() -> None:
    async with developing(QUICK) as (_, federation, mine):
        wanted = {"shop": mine.url("/entry.json")}
        found = await asyncio.gather(*[federation.override(wanted) for _ in range(50)])
        assert len({id(one) for one in found}) == 1
        assert await federation.override(wanted) is found[0]
        assert mine.paths() == ["/entry.json"]


async def test_a_loaded_page_of_an_overridden_snapshot_can_add_remotes() -> None:
    async with developing() as (towns, federation, mine):
        towns.put("chat", entry("chat"))
        snapshot = await federation.override({"shop": mine.url("/entry.json")})
        assert federation.snapshot_by_digest(snapshot.digest) is snapshot
        delta = await federation.init_remote_entry(towns.url("chat"), "chat", snapshot=snapshot.digest)
        assert delta.import_map.imports["chat/./Card"].endswith("/chat/Card.js")
        # What it shares comes from the override, which is what this page has.
        assert "react" not in delta.import_map.imports
        assert (await federation.refresh()).digest != snapshot.digest


async def test_what_is_known_of_the_others_files_is_known_beside_an_override() -> None:
    async with developing(modules="read") as (towns, federation, mine):
        towns.upstream.routes["/home/Card.js"] = reply(b'import "./chunk.js";')
        towns.upstream.routes["/home/chunk.js"] = reply(b"export {};")
        await federation.reread("home")
        await federation.modules_read()
        snapshot = await federation.override({"shop": mine.url("/entry.json")})
        assert towns.upstream.url("/home/chunk.js") in snapshot.graph
        assert mine.paths() == ["/entry.json"]


async def test_an_override_beside_a_locked_map_is_not_locked_and_leaves_the_map_locked() -> None:
    async with (
        serve_towns(home=entry("home", share(singleton=False)), shop=entry("shop", share())) as towns,
        serve({"/entry.json": reply(entry("shop", share(), card="Mine.js"))}) as mine,
    ):
        towns.upstream.routes["*"] = reply(b"export {};")
        async with towns.federation(modules="locked") as federation:
            assert federation.snapshot.locked
            snapshot = await federation.override({"shop": mine.url("/entry.json")})
            assert not snapshot.locked
            assert mine.url("/Mine.js") not in snapshot.import_map.integrity
            assert federation.snapshot.locked
            assert mine.paths() == ["/entry.json"]


async def test_the_origins_of_overrides_are_open_to_overrides_alone() -> None:
    async with developing() as (_, federation, mine):
        await federation.override({"shop": mine.url("/entry.json")})
        with pytest.raises(BlockedError, match="not allowed"):
            await federation.init_remote_entry(mine.url("/entry.json"), "other")


async def test_an_override_may_not_be_redirected_out_of_its_origin() -> None:
    async with developing() as (_, federation, mine), serve({"*": reply(entry("shop"))}) as elsewhere:
        mine.routes["/entry.json"] = redirect(elsewhere.url("/entry.json"))
        with pytest.raises(OverrideError, match="not allowed"):
            await federation.override({"shop": mine.url("/entry.json")})
        assert elsewhere.asked == []


FAILING = {
    "is not there": (reply(status=404), "404"),
    "hangs": (hang, "deadline"),
    "is no remote entry": (reply(b"<!doctype html>"), "JSON"),
    "is of the wrong shape": (reply(b'{"exposes": 1}'), "wrong type"),
}


@pytest.mark.parametrize("kind", FAILING)
async def test_an_entry_that_cannot_be_had_is_the_developers_error_alone(kind: str) -> None:
    handler, text = FAILING[kind]
    async with developing() as (_, federation, mine):
        mine.routes["/entry.json"] = handler
        with pytest.raises(OverrideError, match=text) as caught:
            await federation.override({"shop": mine.url("/entry.json")})
        assert caught.value.subject == "shop"
        assert mine.url("/entry.json") in caught.value.message
        assert caught.value.hint
        assert federation.snapshot.healthy
        assert (await federation.refresh()).import_map.imports["shop/./Card"].endswith("/shop/Card.js")


async def test_an_old_copy_does_not_stand_in_for_what_a_developer_broke() -> None:
    async with developing() as (_, federation, mine):
        wanted = {"shop": mine.url("/entry.json")}
        await federation.override(wanted)
        mine.routes["/entry.json"] = reply(status=500)
        with pytest.raises(OverrideError, match="500"):
            await federation.override(wanted)
        mine.routes["/entry.json"] = reply(entry("shop", card="Mended.js"))
        mended = await federation.override(wanted)
        assert mended.import_map.imports["shop/./Card"] == mine.url("/Mended.js")


async def test_a_failure_is_not_asked_for_by_every_page() -> None:
    async with developing(QUICK) as (_, federation, mine):
        mine.routes["/entry.json"] = reply(status=500)
        for _ in range(10):
            with pytest.raises(OverrideError, match="500"):
                await federation.override({"shop": mine.url("/entry.json")})
        assert len(mine.asked) == 1


async def test_what_a_strict_option_forbids_is_the_developers_error_too() -> None:

    strict = Policy.coherent(strict_external_version=True)
    async with (
        serve_towns(home=entry("home")) as towns,
        serve({"/entry.json": reply(entry("shop", share(version="what")))}) as mine,
        towns.federation(policy=strict) as federation,
    ):
        with pytest.raises(OverrideError, match="semver") as caught:
            await federation.override({"shop": mine.url("/entry.json")})
        assert caught.value.subject == "shop"
        assert federation.snapshot.healthy


@pytest.mark.parametrize(
    ("name", "url", "error"),
    [
        ("__proto__", "http://localhost:1/x", FormatError),
        ("shop", "/remoteEntry.json", FormatError),
        ("shop", "file:///etc/passwd", FormatError),
        ("shop", "http://169.254.169.254/latest", OverrideError),
        ("shop", "http://user:pass@localhost:4201/x", OverrideError),
        ("shop", "http://localhost:22/x", OverrideError),
    ],
)
async def test_names_and_urls_are_checked(name: str, url: str, error: type[Exception]) -> None:
    async with developing() as (_, federation, _mine):
        with pytest.raises(error):
            await federation.override({name: url})


async def test_a_name_by_https_has_to_be_public() -> None:
    """A list of origins with a wildcard must not open the network to whoever can name a host in it."""

    async def names(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with Client(Access(), resolver=names) as client, Federation({}, client=client) as federation:
        with pytest.raises(OverrideError, match="loopback"):
            await federation.override({"shop": "https://pr-1.preview.example/x"})
        with pytest.raises(OverrideError, match="no connection"):
            await federation.override({"shop": "http://dev-box.example:4/x"})


async def test_what_is_kept_is_bounded() -> None:
    limits = Limits(overrides_kept=3, overrides_per_page=2)
    async with developing(limits) as (_, federation, mine):
        mine.routes["*"] = alternate(*[reply(entry("shop", card=f"Card{n}.js")) for n in range(6)])
        digests = []
        for number in range(6):
            snapshot = await federation.override({"shop": mine.url(f"/{number}.json")})
            digests.append(snapshot.digest)
        kept = [federation.snapshot_by_digest(digest) is not None for digest in digests]
        assert kept == [False] * 3 + [True] * 3
        assert federation.snapshot_by_digest(federation.snapshot.digest) is federation.snapshot
        with pytest.raises(UsageError, match="too many"):
            await federation.override({f"r{number}": mine.url("/1.json") for number in range(3)})


async def test_it_can_be_had_without_awaiting() -> None:
    async with developing() as (_, federation, mine):
        wanted = {"shop": mine.url("/entry.json")}
        found = await asyncio.to_thread(federation.sync.override, wanted)
        assert found.plan is (await federation.override(wanted)).plan


async def test_a_federation_that_is_not_started_cannot_be_overridden() -> None:
    with pytest.raises(UsageError, match="not started"):
        await Federation({}).override({"shop": "http://localhost:1/x"})
