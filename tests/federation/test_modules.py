"""The files behind the import map: read in the background, in the snapshot's graph, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import Federation, NotFoundError, Snapshot, UsageError
from hanse.federation import split_module
from hanse.graph import walk
from hanse.net import digest
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share, until
from tests.net.upstream import hang, reply

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples" / "basic"
BUILT = ("basket", "catalog")

CARD = b"import React from 'react'; import './chunk.js'; export default () => import('./late.js')"
FILES = {
    "Card.js": CARD,
    "chunk.js": b"import 'react'; import './deep.js'",
    "deep.js": b"import './chunk.js'",
    "late.js": b"export * from './deep.js'",
    "react-19.1.0.js": b"export default 1",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def put_files(towns: Towns, name: str, files: dict[str, bytes]) -> None:
    """Serve a remote's files."""
    for file, body in files.items():
        towns.upstream.routes[f"/{name}/{file}"] = reply(body)


@asynccontextmanager
async def town(
    *, files: dict[str, bytes] | None = None, **given: object
) -> AsyncIterator[tuple[Towns, Federation]]:
    """Serve `home` with its files, and start its federation."""
    async with serve_towns(home=entry("home")) as towns:
        put_files(towns, "home", FILES if files is None else files)
        async with towns.federation(**{"modules": "read", **given}) as federation:
            yield towns, federation


def modules_files(folder: Path) -> list[Path]:
    """Return the files in which is kept what has been read."""
    return sorted(folder.glob("modules-*.hanse"))


def put_builds(towns: Towns) -> None:
    """Serve the example's remotes."""
    for name in BUILT:
        files = {file.name: file.read_bytes() for file in (EXAMPLES / name / "dist").iterdir()}
        put_files(towns, name, files)
    towns.list(**{f"team/{name}": towns.url(name) for name in BUILT})


def asked_files(towns: Towns) -> list[str]:
    return sorted(path for path in towns.upstream.paths() if path.endswith(".js"))


async def test_every_file_that_the_map_reaches_is_in_the_graph() -> None:
    async with town() as (towns, federation):
        await federation.modules_read()
        snapshot = federation.snapshot
        base = f"{towns.upstream.origin}/home/"
        assert {url.removeprefix(base) for url in snapshot.graph} == set(FILES)
        card = snapshot.graph[base + "Card.js"]
        assert (card.imports, card.dynamic) == (("react", "./chunk.js"), ("./late.js",))
        assert (card.digest, card.size) == (digest(CARD), len(CARD))
        assert not snapshot.locked
        assert asked_files(towns) == sorted(f"/home/{file}" for file in FILES)
        assert snapshot.notices == ()


async def test_the_map_is_served_before_its_files_are_read_and_keeps_its_digest() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put_files(towns, "home", {**FILES})
        towns.upstream.routes["/home/Card.js"] = reply(CARD, delay=0.2)
        heard: list[Snapshot] = []
        federation = towns.federation(modules="read")
        federation.on_change(lambda new, _: heard.append(new))
        async with federation:
            first = federation.snapshot
            assert first.graph == {}
            await federation.modules_read()
            second = federation.snapshot
            assert second.digest == first.digest
            assert second.plan is first.plan
            assert len(second.graph) == len(FILES)
            assert len(heard) == 1, "nothing that listeners are told about has changed"
            assert federation.snapshot_by_digest(first.digest) is second


async def test_preloads_are_what_the_module_imports() -> None:
    async with serve_towns(home=entry("home", share(), share("never-used", "1.0.0"))) as towns:
        put_files(towns, "home", {**FILES, "never-used-1.0.0.js": b""})
        base = f"{towns.upstream.origin}/home/"
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            module = federation.load_remote_module("home", "Card")
            files = [preload.url.removeprefix(base) for preload in module.preloads]
            assert files == ["Card.js", "react-19.1.0.js", "chunk.js", "deep.js"]
            assert {preload.integrity for preload in module.preloads} == {None}


async def test_preloads_are_guessed_until_the_module_was_read() -> None:
    async with town(modules="skip") as (towns, federation):
        await federation.modules_read()
        module = federation.load_remote_module("home", "Card")
        assert [one.url.rpartition("/")[2] for one in module.preloads] == ["Card.js", "react-19.1.0.js"]
        assert asked_files(towns) == []
        assert federation.snapshot.graph == {}


async def test_a_file_that_cannot_be_read_harms_nobodys_health() -> None:
    """Not even by opening the breaker of the origin that has the remote's entry, too."""
    broken = {f"part-{number}.js": b"" for number in range(20)}
    card = "".join(f"import './{name}';" for name in broken).encode()
    async with town(files={"Card.js": card, "react-19.1.0.js": b"import 'nobody'"}) as (towns, federation):
        for name in broken:
            towns.upstream.routes[f"/home/{name}"] = reply(status=500)
        await federation.refresh()
        await federation.modules_read()
        snapshot = await federation.refresh()
        assert snapshot.healthy
        assert {state.phase for state in federation.breakers().values()} == {"closed"}
        found = [one for one in federation.snapshot.notices if one.code == "unreadable-module"]
        assert len(found) == 20
        base = f"{towns.upstream.origin}/home"
        assert found[0].remote == "home"
        assert f"{base}/part-0.js, imported by {base}/Card.js, cannot be read" in found[0].text
        assert [(one.code, one.text) for one in federation.snapshot.notices if one not in found] == [
            ("unprovided-import", f"{base}/react-19.1.0.js imports 'nobody', which nothing provides")
        ]


async def test_what_could_not_be_read_is_read_when_it_is_there() -> None:
    async with town(
        files={"Card.js": CARD, "react-19.1.0.js": b""}, limits=replace(QUICK, negative_cache=0.0)
    ) as (
        towns,
        federation,
    ):
        await federation.modules_read()
        assert [one.code for one in federation.snapshot.notices] == ["unreadable-module", "unreadable-module"]
        put_files(towns, "home", FILES)
        await federation.refresh()
        await federation.modules_read()
        assert federation.snapshot.notices == ()
        assert asked_files(towns).count("/home/Card.js") == 1


async def test_a_redeploy_costs_the_files_that_changed() -> None:
    home = {"Card.js": digest(CARD), "react-19.1.0.js": digest(FILES["react-19.1.0.js"])}
    async with serve_towns(home=entry("home", integrity=home), shop=entry("shop")) as towns:
        put_files(towns, "home", FILES)
        put_files(towns, "shop", FILES)
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            towns.upstream.asked.clear()
            towns.put(
                "home", entry("home", integrity=home, exposes=[{"key": "./C", "outFileName": "Card.js"}])
            )
            await federation.refresh()
            await federation.modules_read()
            # Those with integrity are known; those without belong to a build, which is another one now.
            assert asked_files(towns) == ["/home/chunk.js", "/home/deep.js", "/home/late.js"]
            towns.upstream.asked.clear()
            await federation.refresh()
            await federation.modules_read()
            assert asked_files(towns) == []


async def test_the_known_part_of_a_new_map_has_its_graph_at_once() -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        put_files(towns, "home", FILES)
        put_files(towns, "shop", FILES)
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            towns.put("shop", entry("shop", card="new.js"))
            towns.upstream.routes["/shop/new.js"] = hang
            await federation.refresh()
            assert len(federation.load_remote_module("home", "Card").preloads) == 4


async def test_files_without_integrity_are_read_again_on_demand() -> None:
    async with town() as (towns, federation):
        await federation.modules_read()
        put_files(towns, "home", {"Card.js": b"import './other.js'", "other.js": b""})
        await federation.refresh()
        await federation.modules_read()
        assert len(federation.load_remote_module("home", "Card").preloads) == 4
        snapshot = await federation.reread("home")
        assert snapshot is federation.snapshot
        names = [one.url.rpartition("/")[2] for one in federation.load_remote_module("home", "Card").preloads]
        assert names == ["Card.js", "other.js"]
        with pytest.raises(NotFoundError):
            await federation.reread("nobody")


async def test_a_file_with_another_digest_is_not_read() -> None:
    async with serve_towns(home=entry("home", integrity={"Card.js": digest(b"other")})) as towns:
        put_files(towns, "home", FILES)
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            (notice,) = federation.snapshot.notices
            assert "Card.js, named by the import map, cannot be read" in notice.text
            assert digest(CARD) in notice.text
            assert f"{towns.upstream.origin}/home/Card.js" not in federation.snapshot.graph


async def test_foreign_origins_are_not_asked() -> None:
    hostile = (
        b"import 'http://127.0.0.1:9/x.js'; import 'file:///etc/passwd'; import '//169.254.169.254/y.js';"
    )
    async with town(files={"Card.js": hostile, "react-19.1.0.js": b""}) as (_, federation):
        await federation.modules_read()
        texts = [one.text for one in federation.snapshot.notices]
        assert len(texts) == 3
        assert all("cannot be read" in text for text in texts)


async def test_a_module_of_the_web_does_not_reach_the_disk(tmp_path: Path) -> None:
    """Not even the files of a remote that is on disk itself."""
    (tmp_path / "secret.js").write_text("export const secret = 1")
    (tmp_path / "remoteEntry.json").write_bytes(entry("local"))
    for file, body in FILES.items():
        (tmp_path / file).write_bytes(body)
    async with serve_towns(home=entry("home")) as towns:
        page = "https://page.invalid/~1/~2/~3/~4"
        source = f"import '{page}/secret.js'; import '/secret.js'; import './../secret.js'"
        put_files(towns, "home", {"Card.js": source.encode(), "react-19.1.0.js": b""})
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps({"home": towns.url("home"), "local": "./remoteEntry.json"}))
        async with Federation(manifest, refresh_interval=None) as federation:
            await federation.modules_read()
            assert "./Card.js" in federation.snapshot.graph
            assert not any("secret" in url for url in federation.snapshot.graph)


async def test_the_files_of_a_local_manifest_are_read_from_disk(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in ("home", "shop"):
        (site / name).mkdir(parents=True)
        (site / name / "remoteEntry.json").write_bytes(entry(name))
        for file, body in FILES.items():
            (site / name / file).write_bytes(body)
    (tmp_path / "outside.js").write_text("")
    (site / "home" / "link.js").symlink_to(tmp_path / "outside.js")
    (site / "home" / "deep.js").write_text(
        "import '../shop/late.js'; import '../../outside.js'; import './link.js'"
    )
    listed = {"home": "./home/remoteEntry.json", "shop": (site / "shop" / "remoteEntry.json").as_uri()}
    (site / "manifest.json").write_text(json.dumps(listed))
    async with Federation(site / "manifest.json", refresh_interval=None) as federation:
        await federation.modules_read()
        graph = federation.snapshot.graph
        assert {url for url in graph if url.startswith("./home/")} == {f"./home/{file}" for file in FILES}
        shop = {f"{(site / 'shop').as_uri()}/{file}" for file in FILES if not file.startswith("react")}
        assert shop <= set(graph)
        assert "./shop/late.js" in graph
        assert not any("outside" in url or "link" in url for url in graph)
        names = [one.url for one in federation.load_remote_module("home", "Card").preloads]
        assert "./home/chunk.js" in names


async def test_a_hostile_module_takes_bounded_time() -> None:
    limits = replace(QUICK, lex_seconds=0.05, module_bytes=1 << 20, fetch_deadline=5.0)
    slow = b"import 'x'; " + b"import { " * 80_000
    files = {"Card.js": slow, "react-19.1.0.js": b"a" * (2 << 20)}
    async with town(files=files, limits=limits) as (towns, federation):
        async with asyncio.timeout(10):
            await federation.modules_read()
            texts = sorted(one.text for one in federation.snapshot.notices)
            assert "takes too long" in texts[0]
            assert "2097152 bytes, and 1048576 are allowed" in texts[1]
            before = asked_files(towns).count("/home/Card.js")
            await federation.refresh()
            await federation.modules_read()
            assert asked_files(towns).count("/home/Card.js") == before, "it is known to take too long"


async def test_a_trap_without_an_end_is_left() -> None:
    async def endless(asked: object, writer: asyncio.StreamWriter) -> bool:
        number = int(getattr(asked, "path").rpartition("-")[2].removesuffix(".js"))  # noqa: B009
        return await reply(f"import './n-{number + 1}.js'".encode())(asked, writer)  # type: ignore[arg-type]

    limits = replace(QUICK, modules_per_federation=50)
    async with serve_towns(home=entry("home", card="n-0.js")) as towns:
        put_files(towns, "home", {"react-19.1.0.js": b""})
        for number in range(200):
            towns.upstream.routes[f"/home/n-{number}.js"] = endless
        async with towns.federation(modules="read", limits=limits) as federation, asyncio.timeout(20):
            await federation.modules_read()
            assert len(federation.snapshot.graph) <= 51
            assert "more than 50 modules" in federation.snapshot.notices[0].text


async def test_a_reading_has_a_deadline() -> None:
    limits = replace(QUICK, modules_deadline=0.3, fetch_deadline=30.0)
    async with serve_towns(home=entry("home")) as towns:
        put_files(towns, "home", FILES)
        towns.upstream.routes["/home/chunk.js"] = hang
        async with towns.federation(modules="read", limits=limits) as federation, asyncio.timeout(10):
            await federation.modules_read()
            notice = federation.snapshot.notices[0]
            assert "the reading ended after 0.3 s" in notice.text


async def test_closing_ends_the_reading() -> None:
    async with town(files={"react-19.1.0.js": b""}) as (towns, federation):
        towns.upstream.routes["/home/Card.js"] = hang
        await until(lambda: "/home/Card.js" in towns.upstream.paths())
        async with asyncio.timeout(5):
            await federation.aclose()
    with pytest.raises(UsageError):
        await federation.modules_read()


async def test_the_graph_outlives_a_restart_with_everything_down(tmp_path: Path) -> None:
    async with town(cache_folder=tmp_path) as (towns, federation):
        await federation.modules_read()
        graph = dict(federation.snapshot.graph)
        await federation.aclose()
        towns.upstream.routes.clear()
        async with towns.federation(modules="read", cache_folder=tmp_path) as again:
            assert dict(again.snapshot.graph) == graph
        (stored,) = modules_files(tmp_path)
        content = bytearray(stored.read_bytes())
        content[-1] ^= 1
        stored.write_bytes(content)
        async with towns.federation(modules="read", cache_folder=tmp_path) as again:
            assert again.snapshot.graph == {}
            assert again.snapshot.import_map == federation.snapshot.import_map


def test_the_synchronous_face_waits_for_modules_too() -> None:
    federation = Federation({}, refresh_interval=None)
    with federation.sync as sync:
        sync.modules_read()
        with pytest.raises(NotFoundError):
            sync.reread("nobody")


async def test_a_modules_name_is_split_at_the_longest_remote() -> None:
    async with serve_towns(team=entry("team")) as towns:
        towns.put("nested", entry("team/mfe1"))
        towns.put("deeper", entry("@acme/x"))
        listed = {"team": towns.url("team"), "team/mfe1": towns.url("nested"), "@acme/x": towns.url("deeper")}
        towns.list(**listed)
        async with towns.federation() as federation:
            snapshot = federation.snapshot
            assert split_module(snapshot, "team/mfe1/Card") == ("team/mfe1", "Card")
            assert split_module(snapshot, "team/mfe1/./Card") == ("team/mfe1", "./Card")
            assert split_module(snapshot, "team/Card") == ("team", "Card")
            assert split_module(snapshot, "team/mfe2/Card") == ("team", "mfe2/Card")
            assert split_module(snapshot, "@acme/x/a/b") == ("@acme/x", "a/b")
            for name in ("nobody/Card", "team", "", "/", "@acme/y/Card"):
                with pytest.raises(NotFoundError, match="no remote's name"):
                    split_module(snapshot, name)


async def test_real_builds_are_read_whole() -> None:
    async with serve_towns() as towns:
        put_builds(towns)
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            snapshot = federation.snapshot
            assert snapshot.notices == ()
            found = walk(snapshot.graph, snapshot.import_map, ["team/catalog/ProductList"], dynamic=True)
            assert found.complete
            assert any("Details-" in step.url for step in found.steps)
            module = federation.load_remote_module("team/catalog", "./ProductList")
            assert not any("Details-" in preload.url for preload in module.preloads)
            assert len(module.preloads) == 8
            assert all(preload.integrity for preload in module.preloads)
