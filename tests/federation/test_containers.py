"""Module Federation containers beside native remotes: fetched, kept, restored, overridden, and handed on."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from hanse import LIMITS, Federation, Policy, Snapshot, UsageError
from tests.federation.towns import Towns, entry, serve_towns, share
from tests.net.upstream import Handler, reply

pytestmark = pytest.mark.anyio

FIXTURES = Path(__file__).parents[1] / "formats" / "mf"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def container(name: str = "shop", *shared: dict[str, object], **meta: object) -> bytes:
    """Write a container's manifest, as rspack does; it shares react 19.1.0 if nothing is given."""
    document: dict[str, Any] = json.loads((FIXTURES / "rspack-manifest.json").read_bytes())
    document["name"] = name
    document["metaData"] |= {"name": name, "globalName": name, **meta}
    document["shared"] = [*(shared or [use()])]
    return json.dumps(document).encode()


def use(package: str = "react", version: str = "19.1.0", **more: object) -> dict[str, object]:
    """Describe a package that a container shares."""
    item: dict[str, object] = {"name": package, "version": version, "singleton": True}
    return {**item, "requiredVersion": f"^{version.partition('.')[0]}.0.0", **more}


def put(towns: Towns, path: str, answer: bytes | Handler) -> None:
    """Answer a path from now on like this."""
    towns.upstream.routes[path] = reply(answer) if isinstance(answer, bytes) else answer


def list_mf(towns: Towns, *natives: str, **paths: str) -> None:
    """Let the manifest name native remotes, and containers with the paths of their documents."""
    containers = {name: {"url": towns.upstream.url(path), "type": "mf"} for name, path in paths.items()}
    towns.list(*natives, **containers)


def actions(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Return package -> what became of it and why, of the only container."""
    return {one.package: (one.action, one.reason.code) for one in snapshot.containers.uses}


async def test_a_container_stands_beside_native_remotes() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            snapshot = federation.snapshot
    assert snapshot.healthy
    assert [*snapshot.plan.remotes] == ["home"]
    assert not [one for one in snapshot.import_map.imports if one.startswith("shop/")]
    assert actions(snapshot) == {"react": ("elected", "accepted")}
    base = towns.upstream.url("/shop/")
    assert snapshot.containers.document() == {
        "containers": {
            "shop": {
                "script": f"{base}remoteEntry.js",
                "type": "script",
                "global": "shop",
                "exposes": {
                    "./Card": {
                        "js": (f"{base}__federation_expose_Card.js",),
                        "css": (f"{base}__federation_expose_Card.css",),
                    }
                },
                "scopes": ("default",),
            }
        },
        "shared": {
            "default": {
                "react": {
                    "19.1.0": {
                        "specifier": "react",
                        "singleton": True,
                        "requiredVersion": "^19.0.0",
                        "strictVersion": False,
                        "from": "home",
                    }
                }
            }
        },
    }


async def test_without_containers_a_snapshot_is_what_it_was() -> None:
    async with serve_towns(home=entry("home")) as towns:
        async with towns.federation() as federation:
            plain = federation.snapshot
        assert plain.containers.document_json() == b""
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            assert federation.snapshot.import_map_json == plain.import_map_json
            assert federation.snapshot.digest != plain.digest


async def test_stats_beside_the_manifest_count_from_when_they_are_there() -> None:
    quick = dataclasses.replace(LIMITS, negative_cache=0.05)
    async with serve_towns(home=entry("home", share(version="18.2.0"))) as towns:
        put(towns, "/shop/mf-manifest.json", container("shop", use(strictVersion=True)))
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation(limits=quick) as federation:
            assert actions(federation.snapshot) == {"react": ("own", "rejects-version")}
            stats = container("shop", use(requiredVersion=False, strictVersion=True))
            put(towns, "/shop/mf-stats.json", stats)
            await asyncio.sleep(0.1)
            await federation.refresh()
            assert actions(federation.snapshot) == {"react": ("elected", "accepted")}


async def test_stats_that_are_not_there_are_not_asked_for_again_at_once() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            await federation.refresh()
            assert federation.snapshot.healthy
        assert towns.upstream.paths().count("/shop/mf-manifest.json") == 2
        assert towns.upstream.paths().count("/shop/mf-stats.json") == 1


async def test_stats_are_asked_for_by_the_rule_and_kept_while_their_origin_fails() -> None:
    async with serve_towns(home=entry("home", share(version="18.2.0"))) as towns:
        put(towns, "/shop/cards.json", container("shop", use(strictVersion=True)))
        put(towns, "/shop/cards-stats.json", container("shop", use(requiredVersion=False)))
        list_mf(towns, "home", shop="/shop/cards.json")
        async with towns.federation() as federation:
            first = federation.snapshot
            assert actions(first) == {"react": ("elected", "accepted")}
            put(towns, "/shop/cards-stats.json", reply(status=503))
            assert (await federation.refresh()).containers is first.containers


@pytest.mark.parametrize(
    ("junk", "told"),
    [
        (b"<!doctype html><title>shop</title>", []),
        (b"{", ["is not JSON", "is not JSON"]),
        (b'{"shared": 1, "federatedModules": 1}', ["at $.shared: ", "at $.federatedModules: "]),
    ],
)
async def test_stats_that_are_none_cost_a_notice_at_most(junk: bytes, told: list[str]) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        put(towns, "/shop/mf-stats.json", junk)
        put(towns, "/shop/federated-stats.json", junk)
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            assert federation.snapshot.healthy
            assert actions(federation.snapshot) == {"react": ("elected", "accepted")}
            found = [one.text for one in federation.snapshot.notices if one.code == "stats-fault"]
    assert len(found) == len(told)
    for text, words, name in zip(found, told, ("mf-stats.json", "federated-stats.json"), strict=False):
        assert words in text
        assert towns.upstream.url(f"/shop/{name}: ") in text


async def test_stats_of_another_build_are_not_used() -> None:
    async with serve_towns(home=entry("home", share(version="18.2.0"))) as towns:
        put(towns, "/shop/mf-manifest.json", container("shop", use(strictVersion=True)))
        other = container("shop", use(requiredVersion=False), buildInfo={"buildVersion": "1.3.0"})
        put(towns, "/shop/mf-stats.json", other)
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            assert actions(federation.snapshot) == {"react": ("own", "rejects-version")}
            assert "stats-differ" in {one.code for one in federation.snapshot.notices}


async def test_federated_stats_say_which_files_an_expose_needs() -> None:
    document = json.loads(container())
    del document["exposes"][0]["assets"]
    noted = {"federatedModules": [{"remote": "shop", "exposes": {"./Card": ["a.js", "a.css"]}}]}
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", json.dumps(document).encode())
        put(towns, "/shop/federated-stats.json", json.dumps(noted).encode())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            found = federation.snapshot.containers.containers["shop"]
    assert (found.exposes or {})["./Card"].js == (towns.upstream.url("/shop/a.js"),)


async def test_a_bare_script_is_a_container_of_which_nothing_is_known() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/remoteEntry.js", b"var shop = {};")
        list_mf(towns, "home", shop="/shop/remoteEntry.js")
        async with towns.federation() as federation:
            snapshot = federation.snapshot
    assert snapshot.containers.document()["containers"] == {
        "shop": {
            "script": towns.upstream.url("/shop/remoteEntry.js"),
            "type": "script",
            "global": "shop",
            "exposes": None,
            "scopes": ("default",),
        }
    }
    (notice,) = [one for one in snapshot.notices if one.remote == "shop"]
    assert (notice.code, notice.level) == ("bare-script", "info")
    assert not [path for path in towns.upstream.paths() if "stats" in path]


async def test_a_container_that_fails_keeps_its_last_good_documents() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            first = federation.snapshot
            for answer in (reply(status=500), reply(b"<html>"), reply(container("shop", use("__proto__")))):
                put(towns, "/shop/mf-manifest.json", answer)
                snapshot = await federation.refresh()
                assert [one.status for one in snapshot.remotes] == ["ok", "stale"]
                assert snapshot.containers is first.containers
            put(towns, "/shop/mf-manifest.json", reply(status=410))
            snapshot = await federation.refresh()
            assert [one.status for one in snapshot.remotes] == ["ok", "failed"]
            assert not snapshot.containers.containers
            assert snapshot.plan is first.plan


async def test_a_container_that_changes_leaves_the_plan_and_its_files_as_they_are() -> None:
    changes: list[Snapshot] = []
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            federation.on_change(lambda new, old: changes.append(new))
            first = federation.snapshot
            put(
                towns,
                "/shop/mf-manifest.json",
                container("shop", use(version="18.2.0", strictVersion=True), use("vue", "3.5.0")),
            )
            second = await federation.refresh()
            assert second.plan is first.plan
            assert second.files is first.files
            assert second.digest != first.digest
            assert actions(second) == {"react": ("own", "rejects-version"), "vue": ("own", "alone")}
            assert changes == [second]
            assert (await federation.refresh()).containers is second.containers
            assert changes == [second]


async def test_its_files_must_not_lie_elsewhere() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container(publicPath="https://cdn.example/shop/"))
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            (health,) = [one for one in federation.snapshot.remotes if one.name == "shop"]
            assert health.status == "failed"
            assert "$.metaData.publicPath" in (health.error or "")
        async with towns.federation(allowed_origins=["https://cdn.example"]) as federation:
            found = federation.snapshot.containers.containers["shop"]
            assert found.script == "https://cdn.example/shop/remoteEntry.js"


async def test_a_build_for_servers_is_told_from_one_for_browsers() -> None:
    async with serve_towns(home=entry("home")) as towns:
        script = {"name": "remoteEntry.js", "path": "", "type": "commonjs-module"}
        put(towns, "/shop/mf-manifest.json", container(remoteEntry=script))
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            (health,) = [one for one in federation.snapshot.remotes if one.name == "shop"]
    assert "built for servers only" in (health.error or "")


@pytest.mark.parametrize("path", ["/shop/mf-manifest.json", "/shop/remoteEntry.js"])
async def test_a_restart_with_everything_down_still_has_it(tmp_path: Path, path: str) -> None:
    async with serve_towns(home=entry("home", share(version="18.2.0"))) as towns:
        put(towns, "/shop/remoteEntry.js", b"var shop = {};")
        put(towns, "/shop/mf-manifest.json", container("shop", use(strictVersion=True)))
        put(towns, "/shop/mf-stats.json", container("shop", use(requiredVersion=False)))
        list_mf(towns, "home", shop=path)
        async with towns.federation(cache_folder=tmp_path) as federation:
            first = federation.snapshot
        for known in [*towns.upstream.routes]:
            put(towns, known, reply(status=503))
        async with towns.federation(cache_folder=tmp_path) as federation:
            again = federation.snapshot
    assert again.containers == first.containers
    assert again.digest == first.digest
    assert [one.status for one in again.remotes] == ["stale", "stale"]


async def test_what_was_stored_of_a_native_remote_is_no_container(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        async with towns.federation(cache_folder=tmp_path) as federation:
            assert [*federation.snapshot.plan.remotes] == ["home", "shop"]
        list_mf(towns, "home", shop="/shop/remoteEntry.json")
        towns.put("shop", reply(status=503))
        async with towns.federation(cache_folder=tmp_path) as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["ok", "failed"]


async def test_a_local_manifest_names_containers_beside_it(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "remoteEntry.json").write_bytes(entry("home", share(version="18.2.0")))
    (tmp_path / "shop" / "mf-manifest.json").write_bytes(container("shop", use(strictVersion=True)))
    (tmp_path / "shop" / "mf-stats.json").write_bytes(container("shop", use(requiredVersion=False)))
    listed = {
        "home": "./home/remoteEntry.json",
        "shop": {"url": "./shop/mf-manifest.json", "type": "mf"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(listed))
    async with Federation(tmp_path / "manifest.json", modules="skip") as federation:
        snapshot = federation.snapshot
    assert snapshot.healthy
    assert snapshot.containers.containers["shop"].script == "./shop/remoteEntry.js"
    assert actions(snapshot) == {"react": ("elected", "accepted")}


async def test_a_developers_container_takes_the_place_of_the_deployed_one() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        put(towns, "/mine/mf-manifest.json", container("shop", use("vue", "3.5.0")))
        put(towns, "/mine/remoteEntry.js", b"var other;")
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            mine = towns.upstream.url("/mine/mf-manifest.json")
            other = towns.upstream.url("/mine/remoteEntry.js")
            snapshot = await federation.override({"shop": mine, "other": other})
            assert [*snapshot.containers.containers] == ["other", "shop"]
            assert actions(snapshot) == {"vue": ("own", "alone")}
            assert snapshot.containers.containers["shop"].script == towns.upstream.url("/mine/remoteEntry.js")
            assert actions(federation.snapshot) == {"react": ("elected", "accepted")}


async def test_a_developers_native_remote_takes_the_place_of_a_container() -> None:
    async with serve_towns(home=entry("home"), mine=entry("shop")) as towns:
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            snapshot = await federation.override({"shop": towns.url("mine")})
            assert not snapshot.containers.containers
            assert [*snapshot.plan.remotes] == ["home", "shop"]


async def test_a_page_with_containers_is_locked_like_any_other(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/home/Card.js", reply(b"export {}", headers={"content-type": "text/javascript"}))
        put(towns, "/home/react-19.1.0.js", reply(b"export {}", headers={"content-type": "text/javascript"}))
        put(towns, "/shop/mf-manifest.json", container())
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation(modules="locked") as federation:
            first = federation.snapshot
            assert first.locked
            put(towns, "/shop/mf-manifest.json", container(globalName="other"))
            second = await federation.refresh()
            assert second.locked
            assert second.import_map_json == first.import_map_json
            assert second.digest != first.digest


async def test_a_containers_copy_is_given_to_native_remotes_through_a_facade() -> None:
    lit = share("lit", "3.1.0", requiredVersion="^3.0.0")
    async with serve_towns(home=entry("home", lit)) as towns:
        put(towns, "/shop/mf-manifest.json", container("shop", use("lit", "3.3.0", strictVersion=True)))
        item = {"url": towns.upstream.url("/shop/mf-manifest.json"), "type": "mf"}
        towns.list("home", shop=item)
        async with towns.federation(policy=Policy.coherent(latest_shared_external=True)) as federation:
            assert federation.snapshot.import_map.imports["lit"] == towns.upstream.url("/home/lit-3.1.0.js")
            towns.list("home", shop={**item, "facade": {"lit": ["html", "LitElement"]}})
            snapshot = await federation.refresh()
            url = snapshot.import_map.imports["lit"]
            assert url.startswith("/_hanse/facade/")
            text = federation.facade(url.removeprefix("/_hanse/facade/"))
            assert text is not None
            assert "export { e0 as html, e1 as LitElement };" in text
            towns.list("home", shop=item)
            snapshot = await federation.refresh()
            assert snapshot.import_map.imports["lit"] == towns.upstream.url("/home/lit-3.1.0.js")
            # Pages that are loaded already may still ask for it.
            assert federation.facade(url.removeprefix("/_hanse/facade/")) == text
            assert federation.facade("nobody/lit.js") is None


async def test_facades_are_read_like_other_files_and_locked(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        for file in ("Card.js", "react-19.1.0.js"):
            put(towns, f"/home/{file}", reply(b"export {}", headers={"content-type": "text/javascript"}))
        put(towns, "/shop/mf-manifest.json", container("shop", use("lit", "3.3.0")))
        item = {"url": towns.upstream.url("/shop/mf-manifest.json"), "type": "mf"}
        towns.list("home", shop={**item, "facade": {"lit": ["html"]}})
        async with towns.federation(
            modules="locked", cache_folder=tmp_path, facade_base="/site/facades/"
        ) as federation:
            snapshot = federation.snapshot
            url = snapshot.import_map.imports["lit"]
            assert url.startswith("/site/facades/")
            assert snapshot.locked
            assert url in snapshot.import_map.integrity
            assert snapshot.files.unread == ()
        for known in [*towns.upstream.routes]:
            put(towns, known, reply(status=503))
        async with towns.federation(
            modules="locked", cache_folder=tmp_path, facade_base="/site/facades/"
        ) as federation:
            assert federation.snapshot.import_map_json == snapshot.import_map_json


@pytest.mark.parametrize("base", ["facade/", "/facade", "//evil.example/", "https://x.example/", "/a/../b/"])
def test_facades_are_served_in_a_folder_of_the_site(base: str) -> None:
    with pytest.raises(UsageError, match="no folder of the site"):
        Federation({}, facade_base=base)


async def test_a_remote_of_the_wrong_type_is_told_which_it_is() -> None:
    async with serve_towns(home=container("home"), shop=entry("shop")) as towns:
        list_mf(towns, "home", shop="/shop/remoteEntry.json")
        federation = towns.federation()
        async with federation:
            home, shop = federation.snapshot.remotes
    assert "found a Module Federation manifest" in (home.error or "")
    assert "a remote entry of native federation" in (shop.error or "")


async def test_what_was_stored_under_another_type_is_not_restored(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        listed: dict[str, Any] = {name: {"url": towns.url(name)} for name in ("home", "shop")}
        async with Federation(listed, cache_folder=tmp_path, modules="skip") as federation:
            assert federation.snapshot.healthy
        for known in [*towns.upstream.routes]:
            put(towns, known, reply(status=503))
        listed["shop"]["type"] = "mf"
        async with Federation(listed, cache_folder=tmp_path, modules="skip") as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["stale", "failed"]
