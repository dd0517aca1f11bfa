"""Locked maps: integrity of every file that can be reached, or the remote is not served."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import Federation, HanseError, IntegrityError, Policy, ResolveError, Snapshot
from hanse.graph import place_on_page, walk
from hanse.net import digest
from tests.federation.test_modules import CARD, FILES, asked_files, modules_files, put_builds, put_files
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

# A file that is not there yet is asked for again at once.
EAGER = replace(QUICK, negative_cache=0.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def towns_with_files(*names: str, **remotes: bytes) -> AsyncIterator[Towns]:
    async with serve_towns(**{name: entry(name) for name in names}, **remotes) as towns:
        for name in (*names, *remotes):
            put_files(towns, name, FILES)
        yield towns


def locked(towns: Towns, **given: object) -> Federation:
    return towns.federation(**{"modules": "locked", "limits": EAGER, **given})


def coverage(snapshot: Snapshot) -> float:
    """Return the share of files within reach that the served map has integrity for."""
    served = json.loads(snapshot.import_map_json)
    known = {place_on_page(url): value for url, value in served.get("integrity", {}).items()}
    roots = [
        *served["imports"].values(),
        *(url for table in served.get("scopes", {}).values() for url in table.values()),
    ]
    steps = walk(snapshot.graph, snapshot.import_map, roots, dynamic=True).steps
    assert steps
    covered = [step for step in steps if step.file and known.get(place_on_page(step.url)) == step.file.digest]
    return len(covered) / len(steps)


async def test_every_file_within_reach_has_integrity_before_anything_is_served() -> None:
    async with towns_with_files("home", "shop") as towns, locked(towns) as federation:
        snapshot = federation.snapshot
        assert snapshot.locked
        assert coverage(snapshot) == 1.0
        base = f"{towns.upstream.origin}/home/"
        assert {
            url.removeprefix(base) for url in snapshot.import_map.integrity if url.startswith(base)
        } == set(FILES)
        assert snapshot.import_map.integrity[base + "late.js"] == digest(FILES["late.js"])
        assert json.loads(snapshot.import_map_json)["integrity"] == snapshot.import_map.integrity
        assert snapshot.plan.import_map.integrity == {}
        async with towns.federation() as plain:
            assert plain.snapshot.digest != snapshot.digest
        async with locked(towns) as again:
            assert again.snapshot.digest == snapshot.digest, "it is not the same in every process"
        module = federation.load_remote_module("home", "Card")
        assert [one.integrity for one in module.preloads] == [
            snapshot.import_map.integrity[one.url] for one in module.preloads
        ]


@pytest.mark.parametrize("policy", ["coherent", "compatible"])
async def test_real_builds_are_covered_whole(policy: str) -> None:
    async with serve_towns() as towns:
        put_builds(towns)
        async with locked(towns, policy=policy) as federation:
            assert coverage(federation.snapshot) == 1.0
            assert any("Details-" in url for url in federation.snapshot.import_map.integrity)


async def test_a_remote_whose_files_cannot_be_read_keeps_its_last_good_entry() -> None:
    async with towns_with_files("home", "shop") as towns, locked(towns) as federation:
        first = federation.snapshot
        towns.put("shop", entry("shop", card="New.js"))
        towns.upstream.routes["/shop/New.js"] = reply(b"import './missing.js'")
        second = await federation.refresh()
        assert second.import_map.imports == first.import_map.imports
        health = second.health("shop")
        assert health is not None
        assert (health.status, health.error_code) == ("stale", "HANSE-FETCH-STATUS")
        assert "missing.js" in (health.error or "")
        assert coverage(second) == 1.0
        towns.upstream.routes["/shop/missing.js"] = reply(b"")
        third = await federation.refresh()
        assert third.healthy
        assert third.import_map.imports["shop/Card"].endswith("/shop/New.js")
        assert coverage(third) == 1.0


async def test_a_remote_that_never_could_be_read_is_left_out() -> None:
    async with towns_with_files("home", "shop") as towns:
        del towns.upstream.routes["/shop/deep.js"]
        async with locked(towns) as federation:
            snapshot = federation.snapshot
            assert snapshot.health("shop").status == "failed"  # type: ignore[union-attr]
            assert "shop/Card" not in snapshot.import_map.imports
            assert coverage(snapshot) == 1.0
            put_files(towns, "shop", FILES)
            snapshot = await federation.refresh()
            assert snapshot.healthy
            assert "shop/Card" in snapshot.import_map.imports


async def test_a_changed_byte_makes_a_remote_fail() -> None:
    integrity = {"Card.js": digest(CARD)}
    async with towns_with_files("home", shop=entry("shop", integrity=integrity)) as towns:
        put_files(towns, "shop", {"Card.js": CARD + b" "})
        async with locked(towns) as federation:
            health = federation.snapshot.health("shop")
            assert health is not None
            assert (health.status, health.error_code) == ("failed", IntegrityError.code)


async def test_who_takes_the_place_of_a_failing_provider_is_read_as_well() -> None:
    """`home` provides react; without it, `shop` does, whose own copy nobody had to read before."""
    async with towns_with_files("home", shop=entry("shop", share(version="19.0.0"))) as towns:
        put_files(towns, "shop", {"react-19.0.0.js": b"import './react-part.js'"})
        del towns.upstream.routes["/home/deep.js"]
        async with locked(towns) as federation:
            assert [one.status for one in federation.snapshot.remotes] == ["failed", "failed"]
            assert federation.snapshot.import_map.imports == {}
            put_files(towns, "shop", {"react-part.js": b""})
            snapshot = await federation.refresh()
            assert [one.status for one in snapshot.remotes] == ["failed", "ok"]
            assert snapshot.import_map.imports["react"].endswith("/shop/react-19.0.0.js")
            assert coverage(snapshot) == 1.0


async def test_the_number_of_rounds_is_bounded() -> None:
    async with towns_with_files("home", shop=entry("shop", share(version="19.0.0"))) as towns:
        put_files(towns, "shop", {"react-19.0.0.js": b"import './react-part.js'"})
        del towns.upstream.routes["/home/deep.js"]
        with pytest.raises(ResolveError, match="2 rounds"):
            await locked(towns, limits=replace(EAGER, locked_rounds=2)).start()


async def test_strict_remote_entry_forbids_to_go_on_without() -> None:
    strict = Policy.coherent(strict_remote_entry=True)
    async with towns_with_files("home", "shop") as towns, locked(towns, policy=strict) as federation:
        first = federation.snapshot
        towns.put("shop", entry("shop", card="gone.js"))
        with pytest.raises(ResolveError, match="remote entry could not be had"):
            await federation.refresh()
        assert federation.snapshot.import_map_json == first.import_map_json
        assert federation.snapshot.error


async def test_a_restart_with_everything_down_serves_locked(tmp_path: Path) -> None:
    async with towns_with_files("home", "shop") as towns:
        async with locked(towns, cache_folder=tmp_path) as federation:
            first = federation.snapshot
        towns.upstream.routes.clear()
        towns.upstream.asked.clear()
        async with locked(towns, cache_folder=tmp_path) as federation:
            snapshot = federation.snapshot
            assert snapshot.import_map_json == first.import_map_json
            assert snapshot.locked
            assert coverage(snapshot) == 1.0
            assert asked_files(towns) == []
            assert {one.status for one in snapshot.remotes} == {"stale"}
        (known,) = modules_files(tmp_path)
        known.unlink()
        async with locked(towns, cache_folder=tmp_path) as federation:
            assert federation.snapshot.import_map.imports == {}, "it serves what it has not read"


async def test_what_is_added_to_a_page_has_integrity_too() -> None:
    async with towns_with_files("home", late=entry("late", share("vue", "3.5.0"))) as towns:
        put_files(towns, "late", {"vue-3.5.0.js": b"import './vue-part.js'", "vue-part.js": b""})
        towns.list("home")
        async with locked(towns) as federation:
            page = federation.snapshot
            delta = await federation.init_remote_entry(towns.url("late"), "late")
            base = f"{towns.upstream.origin}/late/"
            files = {"Card.js", "chunk.js", "deep.js", "late.js", "vue-3.5.0.js", "vue-part.js"}
            assert {url.removeprefix(base) for url in delta.import_map.integrity} == files
            assert json.loads(delta.import_map_json)["integrity"] == delta.import_map.integrity
            again = await federation.init_remote_entry(towns.url("late"), "late", snapshot=page.digest)
            assert again.digest == delta.digest
            put_files(towns, "third", FILES)
            towns.put("third", entry("third"))
            third = await federation.init_remote_entry(towns.url("third"), "third", snapshot=delta.digest)
            assert {url.rpartition("/")[2] for url in third.import_map.integrity} == set(FILES) - {
                "react-19.1.0.js"
            }
            towns.put("broken", entry("broken", card="gone.js"))
            with pytest.raises(HanseError, match=r"gone\.js"):
                await federation.init_remote_entry(towns.url("broken"), "broken")


async def test_rereading_changes_the_integrity_or_nothing() -> None:
    async with towns_with_files("home") as towns, locked(towns) as federation:
        first = federation.snapshot
        put_files(towns, "home", {"late.js": b"export const changed = 1"})
        assert (await federation.refresh()).digest == first.digest
        second = await federation.reread("home")
        url = f"{towns.upstream.origin}/home/late.js"
        assert second.import_map.integrity[url] == digest(b"export const changed = 1")
        assert second.digest != first.digest
        assert coverage(second) == 1.0
        del towns.upstream.routes["/home/late.js"]
        with pytest.raises(HanseError, match=r"late\.js"):
            await federation.reread("home")
        assert (await federation.refresh()).digest == second.digest


async def test_a_local_federation_is_locked_with_relative_urls(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "remoteEntry.json").write_bytes(entry("home"))
    for file, body in FILES.items():
        (tmp_path / "home" / file).write_bytes(body)
    (tmp_path / "hanse.toml").write_text(
        '[federation]\nmodules = "locked"\nrefresh = 0\n[remotes.home]\nurl = "./home/remoteEntry.json"\n'
    )
    async with Federation.from_toml(tmp_path / "hanse.toml") as federation:
        assert set(federation.snapshot.import_map.integrity) == {f"./home/{file}" for file in FILES}
        assert coverage(federation.snapshot) == 1.0
