"""A remote or a manifest that fails, hangs, lies or floods: it is named, and the others are served."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from hanse import LIMITS, HanseError, Limits, RemoteHealth
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share
from tests.net.upstream import Asked, Handler, alternate, drip, hang, raw, redirect, reply, reset

pytestmark = pytest.mark.anyio

HTTP = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

FLOOD = 50 << 20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def pour(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Send 50 MB without saying so first."""
    writer.write(HTTP + b"transfer-encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(FLOOD // 0x10000):
        writer.write(block)
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    return False


def document(value: object) -> Handler:
    return reply(json.dumps(value).encode())


def flood_of_packages() -> Handler:
    """Share 100 000 packages, in a document that is small enough to be read."""
    packages = [{"packageName": f"p{i}", "version": "1.0.0", "singleton": True} for i in range(100_000)]
    return document({"name": "bad", "shared": packages})


def bomb() -> Handler:
    return reply(gzip.compress(b" " * FLOOD), headers={"content-encoding": "gzip"})


def announce() -> Handler:
    """Say that 50 MB come, and hang up."""
    return raw(HTTP + b"content-length: %d\r\n\r\n[" % FLOOD)


# What goes wrong, how it is made, and a word of what is said about it.
BROKEN: dict[str, tuple[Callable[[], Handler], str]] = {
    "500": (lambda: reply(status=500), "answered 500"),
    "404": (lambda: reply(status=404), "answered 404"),
    "hang": (lambda: hang, "deadline"),
    "drip": (lambda: drip(start=HTTP + b"content-length: 5000\r\n\r\n"), "deadline"),
    "drip of headers": (lambda: drip(start=b"HTTP/1.1 200 OK\r\nx: ", byte=b"y"), "deadline"),
    "drop": (lambda: raw(), "connection failed"),
    "reset": (lambda: reset(), "connection failed"),
    "drop in the middle": (lambda: raw(HTTP + b'content-length: 5000\r\n\r\n{"name"'), "connection failed"),
    "no HTTP": (lambda: raw(b"220 mail ready\r\n"), "connection failed"),
    "50 MB": (lambda: pour, "more than"),
    "50 MB announced": (announce, f"{FLOOD} bytes"),
    "gzip bomb": (bomb, "more than"),
    "no gzip": (lambda: reply(b"{}", headers={"content-encoding": "gzip"}), "cannot be decoded"),
    "empty": (lambda: reply(), "not JSON"),
    "HTML": (lambda: reply(b"<!doctype html><title>Not found</title>"), "not JSON"),
    "cut off": (lambda: reply(entry("bad")[:-9]), "not JSON"),
    "not UTF-8": (lambda: reply(b'{"name": "\xff"}'), "not JSON"),
    "null": (lambda: document(None), "wrong type"),
    "array": (lambda: document([]), "wrong type"),
    "nested": (lambda: reply(b'{"name": "bad", "dev": ' + b"[" * 100_000), "$"),
    "nothing in it": (lambda: document({}), "`name` is missing"),
    "a number for a name": (lambda: document({"name": 7}), "$.name"),
    "a text for its shared": (lambda: document({"name": "bad", "shared": "x"}), "$.shared"),
    "a poisoned package": (lambda: reply(entry("bad", share("__proto__"))), "$.shared[0].packageName"),
    "a URL for a package": (lambda: reply(entry("bad", share("https://x/"))), "$.shared[0].packageName"),
    "a file outside": (lambda: reply(entry("bad", card="../../other/x.js")), "$.exposes[0].outFileName"),
    "a file elsewhere": (lambda: reply(entry("bad", card="//evil.example/x.js")), "$.exposes[0].outFileName"),
    "a base elsewhere": (lambda: document({"name": "bad", "url": "https://evil.example/x/"}), "$.url"),
    "a base that is code": (lambda: document({"name": "bad", "url": "javascript:alert(1)"}), "$.url"),
    "too many packages": (flood_of_packages, "too many items"),
    "redirect to metadata": (lambda: redirect("http://169.254.169.254/latest/meta-data"), "redirects to"),
    "redirect to loopback": (lambda: redirect("http://127.0.0.1:1/"), "redirects to"),
    "redirect in a circle": (lambda: redirect("/bad/remoteEntry.json"), "redirects more than"),
    "redirect to a file": (lambda: redirect("file:///etc/passwd"), "redirects to"),
}

each_way = pytest.mark.parametrize("kind", BROKEN)

SLOW = {"hang", "drip", "drip of headers"}


def limits_for(kind: str) -> Limits:
    """Return deadlines that a slow kind passes soon."""
    return QUICK if kind in SLOW else LIMITS


def health_of(towns: Towns, remotes: tuple[RemoteHealth, ...], word: str) -> RemoteHealth:
    """Return the bad one's health; all others are well, and it is named together with its fault."""
    assert all(one.status == "ok" for one in remotes if one.name != "bad")
    (bad,) = [one for one in remotes if one.name == "bad"]
    assert bad.url == towns.url("bad")
    assert word in (bad.error or ""), bad.error
    assert towns.url("bad") in (bad.error or "")
    assert "\n" not in (bad.error or "")
    assert (bad.error_code or "").startswith("HANSE-")
    return bad


@each_way
async def test_a_remote_that_is_bad_from_the_start_is_left_out(kind: str) -> None:
    make, word = BROKEN[kind]
    async with (
        serve_towns(home=entry("home"), bad=make(), shop=entry("shop")) as towns,
        asyncio.timeout(30),
        towns.federation(limits=limits_for(kind)) as federation,
    ):
        snapshot = federation.snapshot
        assert health_of(towns, snapshot.remotes, word).status == "failed"
        assert [*snapshot.plan.remotes] == ["home", "shop"]
        assert {"home/Card", "shop/Card", "react"} < snapshot.import_map.imports.keys()
        assert not snapshot.healthy
        towns.put("bad", entry("bad"))
        assert (await federation.refresh()).healthy


@each_way
async def test_a_remote_that_turns_bad_is_served_as_it_was(kind: str) -> None:
    make, word = BROKEN[kind]
    async with (
        serve_towns(home=entry("home"), bad=entry("bad"), shop=entry("shop")) as towns,
        asyncio.timeout(30),
        towns.federation(limits=limits_for(kind)) as federation,
    ):
        first = federation.snapshot
        towns.put("bad", make())
        towns.put("shop", entry("shop", card="new.js"))
        second = await federation.refresh()
        bad = health_of(towns, second.remotes, word)
        assert bad.status == "stale"
        assert bad.fetched_at is not None
        assert bad.fetched_at <= second.refreshed_at
        was, now = first.import_map.imports, second.import_map.imports
        assert {key: url for key, url in now.items() if not key.startswith("shop/")} == {
            key: url for key, url in was.items() if not key.startswith("shop/")
        }
        assert now["shop/Card"].endswith("/shop/new.js")


async def test_all_kinds_at_once_cost_one_deadline() -> None:
    async with (
        serve_towns(home=entry("home"), shop=entry("shop")) as towns,
        asyncio.timeout(20),
        towns.federation(limits=QUICK) as federation,
    ):
        bad = {f"bad-{number}": make() for number, (make, _) in enumerate(BROKEN.values())}
        for name, handler in bad.items():
            towns.put(name, handler)
        towns.list("home", *bad, "shop")
        towns.put("shop", entry("shop", card="new.js"))
        began = time.monotonic()
        snapshot = await federation.refresh()
        assert time.monotonic() - began < 10 * QUICK.fetch_deadline
        assert {one.name for one in snapshot.remotes if one.status == "failed"} == {*bad}
        assert [*snapshot.plan.remotes] == ["home", "shop"]


async def test_one_that_alternates_is_always_served() -> None:
    good = entry("bad", share(version="19.3.0"))
    turns = alternate(
        reply(good), reply(status=500), reply(good), reply(b"null"), reply(entry("bad", card="2.js")), raw()
    )
    async with serve_towns(home=entry("home"), bad=turns) as towns, towns.federation() as federation:
        seen = [federation.snapshot] + [await federation.refresh() for _ in range(5)]
    statuses = [one.health("bad").status for one in seen]  # type: ignore[union-attr]
    assert statuses == ["ok", "stale", "ok", "stale", "ok", "stale"]
    cards = [one.import_map.imports["bad/Card"].rpartition("/")[2] for one in seen]
    assert cards == ["Card.js"] * 4 + ["2.js"] * 2
    assert len({id(one.plan) for one in seen}) == 2


async def test_a_hanging_remote_does_not_hold_the_others_beyond_its_deadline() -> None:
    async with serve_towns(home=entry("home"), bad=hang) as towns:
        towns.list("home", bad={"url": towns.url("bad")})
        began = time.monotonic()
        async with towns.federation(limits=replace(QUICK, fetch_deadline=0.2)) as federation:
            assert time.monotonic() - began < 2.0
            assert federation.snapshot.health("home").status == "ok"  # type: ignore[union-attr]


async def test_a_foreign_name_is_reported_and_the_manifests_key_counts() -> None:
    async with (
        serve_towns(home=entry("home"), shop=entry("market")) as towns,
        towns.federation() as federation,
    ):
        snapshot = federation.snapshot
        assert snapshot.healthy
        assert snapshot.import_map.imports["shop/Card"] == towns.upstream.url("/shop/Card.js")
        assert "market/Card" not in snapshot.import_map.imports
        (notice,) = [one for one in snapshot.notices if one.code == "foreign-name"]
        assert notice.remote == "shop"
        assert "market" in notice.text


async def test_two_keys_delivering_one_name_lose_nothing() -> None:
    async with serve_towns(one=entry("shop"), two=entry("shop", card="Cart.js"), shop=entry("shop")) as towns:
        async with towns.federation() as federation:
            snapshot = federation.snapshot
            base = towns.upstream.origin
            assert {
                key: url.removeprefix(base)
                for key, url in snapshot.import_map.imports.items()
                if key.endswith("/Card") and "/./" not in key
            } == {"one/Card": "/one/Card.js", "two/Card": "/two/Cart.js", "shop/Card": "/shop/Card.js"}
            names = [one.remote for one in snapshot.notices if one.code == "foreign-name"]
            assert sorted(names) == ["one", "two"]
        async with towns.federation(policy="compatible") as federation:
            names = [one.remote for one in federation.snapshot.notices if one.code == "foreign-name"]
            assert sorted(names) == ["one", "two"]
            assert federation.load_remote_module("two", "Card").url == f"{base}/two/Cart.js"


# Hostile manifests, and what is said of them.
MANIFESTS: dict[str, tuple[Callable[[], Handler], str]] = {
    "no JSON": (lambda: reply(b"remotes: []"), "not JSON"),
    "null": (lambda: document(None), "wrong type"),
    "array": (lambda: document([]), "wrong type"),
    "text": (lambda: document("x"), "wrong type"),
    "a number for a remote": (lambda: document({"home": 7}), "$.home"),
    "a remote without a URL": (lambda: document({"home": {"integrity": "x"}}), "$.home"),
    "a poisoned name": (lambda: document({"__proto__": "https://x.example/"}), "__proto__"),
    "a URL for a name": (lambda: document({"https://x/": "https://x.example/"}), "$"),
    "a broken URL": (lambda: document({"home": "https://[x"}), "$.home.url"),
    "too many remotes": (lambda: document({f"r{i}": "/x" for i in range(10_001)}), "too many remotes"),
    "50 MB": (lambda: pour, "more than"),
    "gzip bomb": (bomb, "more than"),
    "hang": (lambda: hang, "deadline"),
    "drop": (lambda: raw(), "connection failed"),
    "500": (lambda: reply(status=500), "answered 500"),
    "redirect to metadata": (lambda: redirect("http://169.254.169.254/"), "redirects to"),
}


@pytest.mark.parametrize("kind", MANIFESTS)
async def test_a_bad_manifest_is_named_and_the_last_good_one_serves(kind: str) -> None:
    make, word = MANIFESTS[kind]
    async with serve_towns(home=entry("home")) as towns, asyncio.timeout(30):
        good = towns.upstream.routes["/manifest.json"]
        towns.put("manifest", make())
        with pytest.raises(HanseError) as caught:
            await towns.federation(limits=limits_for(kind)).start()
        assert towns.manifest_url in str(caught.value)
        assert word in str(caught.value)
        towns.upstream.routes["/manifest.json"] = good
        async with towns.federation(limits=limits_for(kind)) as federation:
            first = federation.snapshot
            towns.put("manifest", make())
            snapshot = await federation.refresh()
            assert snapshot.plan is first.plan
            assert snapshot.manifest_status == "stale"
            assert word in (snapshot.manifest_error or "")
            assert towns.manifest_url in (snapshot.manifest_error or "")
            assert snapshot.health("home").status == "ok"  # type: ignore[union-attr]


async def test_constructor_and_its_kin_are_names_like_any_other() -> None:
    names = ["constructor", "prototype", "toString", "Home", "team/shop", "@acme/shop"]
    async with serve_towns(**{name: entry(name) for name in names}) as towns:
        for policy in ("coherent", "compatible"):
            async with towns.federation(policy=policy) as federation:
                assert federation.snapshot.healthy
                for name in names:
                    module = federation.load_remote_module(name, "Card")
                    assert module.url == towns.upstream.url(f"/{name}/Card.js")


async def test_one_remote_with_a_url_that_leads_nowhere_is_alone_with_that() -> None:
    async with serve_towns(home=entry("home")) as towns:
        towns.list(
            "home",
            file="file:///etc/passwd",
            data="data:application/json,{}",
            container={"url": "https://10.0.0.1/mf-manifest.json", "type": "mf"},
            script={"url": "http://169.254.169.254/latest/remoteEntry.js", "type": "mf"},
            metadata="http://169.254.169.254/latest/remoteEntry.json",
            private="https://10.0.0.1/remoteEntry.json",
            plain="http://example.com/remoteEntry.json",
            shell="http://127.0.0.1:22/remoteEntry.json",
            user="https://me:secret@example.com/remoteEntry.json",
        )
        async with asyncio.timeout(30), towns.federation() as federation:
            health = {one.name: one for one in federation.snapshot.remotes}
            assert health.pop("home").status == "ok"
            assert all(one.status == "failed" for one in health.values())
            assert {one.error_code for one in health.values()} == {"HANSE-FETCH-BLOCKED"}
            assert all("secret" not in (one.error or "") for one in health.values())
