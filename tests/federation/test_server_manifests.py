"""A container's build for servers: its manifest fetched beside the browser's, merged, kept, and compared."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanse import Federation, Limits, Snapshot
from hanse.formats.container import Container
from tests.federation.test_containers import actions, container, put, use
from tests.federation.test_verifying import GOOD
from tests.federation.towns import QUICK, Towns, entry, serve_towns
from tests.net.upstream import Asked, hang, reply

pytestmark = pytest.mark.anyio

SCRIPT = {"name": "remoteEntry.js", "path": "", "type": "commonjs-module"}
WEB, SERVER = "/shop/mf-manifest.json", "/shop/server/mf-manifest.json"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def served(*shared: dict[str, object], **meta: object) -> bytes:
    """Write the manifest of a build for servers."""
    return container("shop", *shared, **{"remoteEntry": SCRIPT, **meta})


def list_shop(towns: Towns, server: str | None = None, **more: object) -> None:
    """Let the manifest name `home`, and the container with the manifest of its build for servers."""
    named = towns.upstream.url(SERVER) if server is None else server
    towns.list("home", shop={"url": towns.upstream.url(WEB), "type": "mf", "server": named, **more})


def shop(snapshot: Snapshot) -> Container:
    return snapshot.containers.containers["shop"]


def told(snapshot: Snapshot) -> dict[str, str]:
    """Return code -> text of the container's warnings."""
    return {one.code: one.text for one in snapshot.notices if one.remote == "shop" and one.level == "warning"}


@pytest.mark.parametrize("named", ["/shop/server/mf-manifest.json", "/shop/server/", "/shop/server"])
async def test_the_two_builds_are_one_container(named: str) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served())
        list_shop(towns, towns.upstream.url(named))
        async with towns.federation() as federation:
            snapshot = federation.snapshot
    assert snapshot.healthy
    assert told(snapshot) == {}
    assert shop(snapshot).script == towns.upstream.url("/shop/remoteEntry.js")
    assert shop(snapshot).server_script == towns.upstream.url("/shop/server/remoteEntry.js")
    assert shop(snapshot).server_type == "commonjs-module"
    assert actions(snapshot) == {"react": ("elected", "accepted")}


async def test_a_relative_one_is_relative_to_the_federations_manifest() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, f"{SERVER}?build=7", served())
        list_shop(towns, "./shop/server/?build=7")
        async with towns.federation() as federation:
            assert shop(federation.snapshot).server_script is not None


async def test_of_a_native_remote_it_is_no_manifest() -> None:
    async with serve_towns(home=entry("home")) as towns:
        towns.list(home={"url": towns.url("home"), "server": towns.upstream.url("/server/")})
        async with towns.federation() as federation:
            assert federation.snapshot.healthy
        assert not [path for path in towns.upstream.paths() if path.startswith("/server")]


async def test_builds_and_versions_that_differ_are_notices() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container("shop", use(), use("vue", "3.5.0")))
        build = {"buildVersion": "0.9.0", "buildName": "shop"}
        put(towns, SERVER, served(use(version="19.0.0"), use("vue", "3.4.0"), buildInfo=build))
        list_shop(towns)
        async with towns.federation() as federation:
            notices = [one for one in federation.snapshot.notices if one.remote == "shop"]
    named = [(one.code, one.package) for one in notices if one.level == "warning"]
    assert ("builds-differ", "") in named
    assert ("server-version", "react") in named
    assert ("server-version", "vue") in named
    texts = " ".join(one.text for one in notices)
    assert "react is 19.1.0 in browsers and 19.0.0 on servers" in texts


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(status=404), "could not be had: http"),
        (b"<!doctype html>", "is not JSON"),
        (b'{"remotes": []}', "no Module Federation manifest"),
        (b'{"shared": [{"name": 1}]}', "at $.shared[0].name: "),
        (container(remoteEntry={"name": "a.js", "type": "window"}), "a build for browsers"),
        (served(publicPath="https://cdn.example/"), "files lie elsewhere"),
        (served(remoteEntry={"name": "../../a.js", "type": "module"}), "at $.metaData.remoteEntry"),
    ],
    ids=["missing", "html", "other", "typed", "browser", "elsewhere", "outside"],
)
async def test_a_faulty_one_costs_a_notice_and_nothing_else(answer: Any, words: str) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, answer)
        list_shop(towns)
        async with towns.federation() as federation:
            snapshot = federation.snapshot
    assert [one.status for one in snapshot.remotes] == ["ok", "ok"]
    assert actions(snapshot) == {"react": ("elected", "accepted")}
    assert [*told(snapshot)] == ["server-fault"]
    assert words in told(snapshot)["server-fault"]
    assert towns.upstream.url(SERVER) in told(snapshot)["server-fault"]
    assert shop(snapshot).server_script is None


@pytest.mark.parametrize("limits", [QUICK, replace(QUICK, fetch_deadline=30.0)], ids=["itself", "the round"])
async def test_one_that_is_too_slow_costs_a_notice_and_not_the_round(limits: Limits) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, hang)
        list_shop(towns)
        began = time.monotonic()
        async with towns.federation(limits=limits) as federation:
            snapshot = federation.snapshot
        assert time.monotonic() - began < limits.refresh_deadline
    assert [one.status for one in snapshot.remotes] == ["ok", "ok"]
    assert [*told(snapshot)] == ["server-fault"]


async def test_it_is_asked_for_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def wait(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(5):
            await both.wait()
        return await reply(container() if asked.path == WEB else served())(asked, writer)

    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, wait)
        put(towns, SERVER, wait)
        list_shop(towns)
        async with towns.federation() as federation:
            assert shop(federation.snapshot).server_script is not None


async def test_the_last_good_one_stays_while_its_origin_fails() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served())
        list_shop(towns)
        async with towns.federation() as federation:
            first = federation.snapshot
            assert (await federation.refresh()).containers is first.containers
            put(towns, SERVER, reply(status=500))
            stale = await federation.refresh()
            assert shop(stale).server_script == shop(first).server_script
            assert "an old copy is used" in told(stale)["server-fault"]
            assert stale.digest == first.digest
            assert [one.status for one in stale.remotes] == ["ok", "ok"]
            assert (await federation.refresh()).containers is stale.containers


async def test_one_that_is_taken_back_is_not_used_any_longer() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served())
        list_shop(towns)
        async with towns.federation() as federation:
            put(towns, SERVER, reply(status=410))
            gone = await federation.refresh()
    assert [one.status for one in gone.remotes] == ["ok", "ok"]
    assert shop(gone).server_script is None
    assert "could not be had" in told(gone)["server-fault"]


async def test_the_guard_keeps_to_the_origins_that_are_named() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        list_shop(towns, "https://10.1.2.3/server/")
        async with towns.federation() as federation:
            snapshot = federation.snapshot
    assert snapshot.remotes[1].status == "ok"
    assert "10.1.2.3" in told(snapshot)["server-fault"]


async def test_a_restart_with_everything_down_still_has_it(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served(use(version="19.0.0")))
        list_shop(towns)
        async with towns.federation(cache_folder=tmp_path) as federation:
            first = federation.snapshot
        for known in [*towns.upstream.routes]:
            put(towns, known, reply(status=503))
        async with towns.federation(cache_folder=tmp_path) as federation:
            again = federation.snapshot
    assert again.containers == first.containers
    assert shop(again).server_script == towns.upstream.url("/shop/server/remoteEntry.js")
    assert "server-version" in told(again)


async def test_what_was_stored_of_another_place_is_not_used(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served())
        listed: dict[str, Any] = {"shop": {"url": towns.upstream.url(WEB), "type": "mf"}}
        listed["shop"]["server"] = towns.upstream.url(SERVER)
        async with Federation(listed, cache_folder=tmp_path, modules="skip") as federation:
            assert shop(federation.snapshot).server_script is not None
        listed["shop"]["server"] = towns.upstream.url("/elsewhere/")
        put(towns, WEB, reply(status=503))
        async with Federation(listed, cache_folder=tmp_path, modules="skip") as federation:
            snapshot = federation.snapshot
    assert snapshot.remotes[0].status == "stale"
    assert shop(snapshot).server_script is None


async def test_an_override_is_compared_with_the_server_build_that_stays() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, WEB, container())
        put(towns, SERVER, served())
        put(towns, "/mine/mf-manifest.json", container("shop", use(version="19.3.0")))
        list_shop(towns)
        async with towns.federation() as federation:
            mine = await federation.override({"shop": towns.upstream.url("/mine/mf-manifest.json")})
            assert shop(mine).server_script == towns.upstream.url("/shop/server/remoteEntry.js")
            assert "19.3.0 in browsers and 19.1.0 on servers" in told(mine)["server-version"]
            assert mine.manifest["shop"].server == towns.upstream.url(SERVER)
            assert told(federation.snapshot) == {}


async def test_a_bare_container_script_has_one_too() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/remoteEntry.js", b"var shop = {};")
        put(towns, SERVER, served())
        list_shop(towns, url=towns.upstream.url("/shop/remoteEntry.js"))
        async with towns.federation() as federation:
            found = shop(federation.snapshot)
            put(towns, SERVER, b"{}")
            odd = await federation.refresh()
    assert found.server_script == towns.upstream.url("/shop/server/remoteEntry.js")
    assert "server-fault" in told(odd)


async def test_the_configuration_names_it_for_a_remote_of_the_manifest(tmp_path: Path) -> None:
    for folder, document in (("web", container()), ("server", served())):
        (tmp_path / "site" / folder).mkdir(parents=True)
        (tmp_path / "site" / folder / "mf-manifest.json").write_bytes(document)
    listed = {"shop": {"url": "./web/mf-manifest.json", "type": "mf"}}
    (tmp_path / "site" / "manifest.json").write_text(json.dumps(listed))
    toml = tmp_path / "hanse.toml"
    text = '[federation]\nmanifest = "site/manifest.json"\nmodules = "skip"\n'
    # It is relative to the file that it stands in.
    toml.write_text(f'{text}[remotes.shop]\nserver = "./site/server/"\n')
    async with Federation.from_toml(toml) as federation:
        snapshot = federation.snapshot
    assert told(snapshot) == {}
    assert shop(snapshot).server_script == "./site/server/remoteEntry.js"


async def test_verify_asks_for_the_script_that_it_names() -> None:
    async with serve_towns() as towns:
        for file in ("remoteEntry.js", "__federation_expose_Card.js", "__federation_expose_Card.css"):
            put(towns, f"/shop/{file}", reply(b"var x;", headers=GOOD))
        put(towns, WEB, container())
        put(towns, SERVER, served())
        towns.list(shop={"url": towns.upstream.url(WEB), "type": "mf", "server": towns.upstream.url(SERVER)})
        async with towns.federation() as federation:
            missing = await federation.verify()
            put(towns, "/shop/server/remoteEntry.js", b"module.exports = {};")
            whole = await federation.verify()
    assert [(one.severity, one.kind, one.url) for one in missing.faults] == [
        ("warning", "missing-file", towns.upstream.url("/shop/server/remoteEntry.js"))
    ]
    assert whole.faults == ()
