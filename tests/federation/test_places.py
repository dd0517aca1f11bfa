"""Where documents may lie: local manifests, relative URLs, and who may name a private address."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hanse import BlockedError, Federation, FetchError, FormatError, TooLargeError
from hanse.federation.places import Folder, Place, Web, is_loopback, locate, widen
from hanse.net import Access
from tests.federation.towns import QUICK, entry, serve_towns

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def local(tmp_path: Path, manifest: object, **files: bytes) -> Path:
    """Write a manifest, and entries of remotes beside it."""
    for name, body in files.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "remoteEntry.json").write_bytes(body)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


async def test_a_local_manifest_with_local_entries(tmp_path: Path) -> None:
    listed = {
        "home": "./home/remoteEntry.json",
        "shop": "shop/remoteEntry.json",
        "news": "/news/remoteEntry.json",
    }
    path = local(tmp_path, listed, **{name: entry(name) for name in listed})
    async with Federation(path, refresh_interval=None) as federation:
        snapshot = federation.snapshot
        assert snapshot.healthy
        assert snapshot.import_map.imports["home/Card"] == "./home/Card.js"
        assert snapshot.import_map.imports["shop/Card"] == "./shop/Card.js"
        assert snapshot.import_map.imports["news/Card"] == "/news/Card.js"
        (tmp_path / "shop" / "remoteEntry.json").write_bytes(entry("shop", card="new.js"))
        assert (await federation.refresh()).import_map.imports["shop/Card"] == "./shop/new.js"
        (tmp_path / "shop" / "remoteEntry.json").unlink()
        snapshot = await federation.refresh()
        assert snapshot.health("shop").status == "stale"  # type: ignore[union-attr]
        assert "No such file" in (snapshot.health("shop").error or "")  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["url", "text", "path", "relative"])
async def test_a_local_manifest_may_be_named_in_several_ways(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = local(tmp_path, {"home": (tmp_path / "home" / "remoteEntry.json").as_uri()}, home=entry("home"))
    monkeypatch.chdir(tmp_path)
    ways: dict[str, str | Path] = {
        "url": path.as_uri(),
        "text": str(path),
        "path": path,
        "relative": "manifest.json",
    }
    async with Federation(ways[form], refresh_interval=None) as federation:
        assert federation.snapshot.healthy


async def test_a_manifest_given_in_place_reads_files_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local(tmp_path, {}, home=entry("home"))
    monkeypatch.chdir(tmp_path)
    async with Federation({"home": "./home/remoteEntry.json"}, refresh_interval=None) as federation:
        assert federation.snapshot.healthy


async def test_a_local_manifest_may_name_loopback() -> None:
    async with (
        serve_towns(home=entry("home")) as towns,
        Federation({"home": towns.url("home")}, refresh_interval=None) as federation,
    ):
        assert federation.snapshot.healthy


@pytest.mark.parametrize(
    ("own", "card"),
    [
        ("https://cdn.example/shop/", "https://cdn.example/shop/Card.js"),
        ("/assets/shop/", "/assets/shop/Card.js"),
        ("./elsewhere/", "./elsewhere/Card.js"),
        ("javascript:alert(1)", None),
        ("file:///etc/", None),
    ],
)
async def test_an_entry_on_disk_may_say_where_its_files_are_served(
    tmp_path: Path, own: str, card: str | None
) -> None:
    path = local(tmp_path, {"shop": "shop/remoteEntry.json"}, shop=entry("shop", url=own))
    async with Federation(path, refresh_interval=None, cache_folder=tmp_path / "cache") as federation:
        assert federation.snapshot.import_map.imports.get("shop/Card") == card


@pytest.mark.parametrize("policy", ["coherent", "compatible"])
async def test_an_entrys_own_url_is_relative_to_it_and_stays_on_its_origin(
    tmp_path: Path, policy: str
) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop", url="../files/shop/")) as towns:
        given: dict[str, object] = {"policy": policy, "cache_folder": tmp_path}
        files = towns.upstream.url("/files/shop/Card.js")
        async with towns.federation(**given) as federation:
            assert federation.snapshot.import_map.imports["shop/./Card"] == files
            first = federation.snapshot.digest
            towns.put("new", entry("new", url="../files/new/"))
            delta = await federation.init_remote_entry(towns.url("new"))
            assert delta.import_map.imports["new/./Card"] == towns.upstream.url("/files/new/Card.js")
            towns.put("bad", entry("bad", url="https://evil.example/"))
            with pytest.raises(FormatError, match="leads elsewhere"):
                await federation.init_remote_entry(towns.url("bad"))
        towns.upstream.routes.clear()
        async with towns.federation(**given) as federation:
            assert federation.snapshot.digest == first


async def test_files_stay_inside_the_manifests_folder(tmp_path: Path) -> None:
    inside = tmp_path / "site"
    inside.mkdir()
    (tmp_path / "secret.json").write_bytes(entry("secret"))
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(inside / "pipe.json")
    (inside / "folder.json").mkdir()
    listed = {
        "dots": "../secret.json",
        "escaped": "..%2fsecret.json",
        "file": (tmp_path / "secret.json").as_uri(),
        "link": "link.json",
        "pipe": "pipe.json",
        "folder": "folder.json",
        "zero": "zero%00.json",
        "host": "//example.com/x.json",
        "device": "file:///dev/zero",
        "server": "file://server/x.json",
        "home": "home/remoteEntry.json",
    }
    path = local(inside, listed, home=entry("home"))
    async with Federation(path, refresh_interval=None) as federation:
        health = {one.name: one for one in federation.snapshot.remotes}
        assert health.pop("home").status == "ok"
        assert [name for name, one in health.items() if one.status != "failed"] == []
        assert {name: one.error_code for name, one in health.items()} == {
            "dots": "HANSE-FETCH",
            "escaped": "HANSE-FETCH-BLOCKED",
            "file": "HANSE-FETCH-BLOCKED",
            "link": "HANSE-FETCH-BLOCKED",
            "pipe": "HANSE-FETCH-BLOCKED",
            "folder": "HANSE-FETCH",
            "zero": "HANSE-FETCH",
            "host": "HANSE-FORMAT",
            "device": "HANSE-FETCH-BLOCKED",
            "server": "HANSE-USAGE",
        }


async def test_a_local_manifest_has_its_cap_and_has_to_be_there(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(FetchError, match=r"manifest\.json: it cannot be read: No such file"):
        await Federation(path).start()
    path.write_bytes(b" " * (QUICK.manifest_bytes + 1))
    with pytest.raises(TooLargeError, match=r"manifest\.json"):
        await Federation(path).start()


async def test_a_fetched_manifest_may_not_name_files(tmp_path: Path) -> None:
    (tmp_path / "remoteEntry.json").write_bytes(entry("home"))
    async with serve_towns() as towns:
        towns.list(home=(tmp_path / "remoteEntry.json").as_uri())
        async with towns.federation() as federation:
            (health,) = federation.snapshot.remotes
            assert health.error_code == "HANSE-FETCH-BLOCKED"


async def test_relative_urls_of_a_fetched_manifest_are_relative_to_it() -> None:
    async with serve_towns(home=entry("home")) as towns:
        towns.list(home="./home/remoteEntry.json")
        async with towns.federation() as federation:
            assert federation.snapshot.import_map.imports["home/Card"] == towns.upstream.url("/home/Card.js")


@pytest.mark.parametrize(
    ("manifest", "url", "origins", "local"),
    [
        # A manifest in public names public remotes by https, whatever it says.
        ("https://cdn.example/m.json", "https://shop.example/e.json", True, False),
        ("https://cdn.example/m.json", "http://localhost:3000/e.json", True, False),
        ("https://cdn.example/m.json", "http://10.0.0.1/e.json", True, False),
        # One in the private network names its own origin, and no other private one.
        ("http://10.0.0.1/m.json", "http://10.0.0.1/e.json", True, True),
        ("http://10.0.0.1/m.json", "http://10.0.0.2/e.json", True, False),
        ("http://10.0.0.1/m.json", "http://127.0.0.1/e.json", True, False),
        # One on this machine names this machine, for developing.
        ("http://localhost:3000/m.json", "http://localhost:3001/e.json", True, True),
        ("http://localhost:3000/m.json", "http://127.0.0.1:3001/e.json", True, True),
        ("http://[::1]:3000/m.json", "http://shop.localhost:3001/e.json", True, True),
        ("http://localhost:3000/m.json", "http://10.0.0.1/e.json", True, False),
        ("http://localhost:3000/m.json", "https://shop.example/e.json", True, False),
    ],
)
def test_who_may_name_what(manifest: str, url: str, origins: bool, local: bool) -> None:
    access = widen(Access.for_urls([manifest], local=True), [Place(url)], Web(manifest))
    assert (Access.for_urls([url], local=False).origins <= access.origins) is origins
    assert (Access.for_urls([url], local=False).origins <= access.local_origins) is local


async def test_a_manifest_of_loopback_origin_by_redirect_opens_nothing() -> None:
    async with serve_towns(home=entry("home")) as towns, serve_towns() as others:
        others.upstream.routes["/manifest.json"] = towns.upstream.routes["/manifest.json"]
        towns.upstream.routes["/to"] = others.upstream.routes["/manifest.json"]
        with pytest.raises(BlockedError, match="not allowed"):
            async with Federation({}, refresh_interval=None) as federation:
                await federation.init_remote_entry(towns.url("home"))


async def test_origins_the_operator_allows_may_be_private() -> None:
    async with serve_towns(home=entry("home")) as towns:
        origins = [towns.upstream.origin]
        async with Federation({}, allowed_origins=origins, refresh_interval=None) as federation:
            delta = await federation.init_remote_entry(towns.url("home"))
            assert delta.import_map.imports["home/Card"] == towns.upstream.url("/home/Card.js")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost/", True),
        ("https://LOCALHOST:8443/x", True),
        ("http://a.b.localhost/", True),
        ("http://127.0.0.1/", True),
        ("http://127.1/", True),
        ("http://2130706433/", True),
        ("http://127.255.0.9:80/", True),
        ("http://[::1]:3000/", True),
        ("http://localhost.example/", False),
        ("http://notlocalhost/", False),
        ("http://127.example/", False),
        ("http://128.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://[::]/", False),
        ("http://[::ffff:127.0.0.1]/", False),
        ("file://localhost/x", False),
        ("localhost", False),
    ],
)
def test_what_is_this_machine(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("reference", "url", "file"),
    [
        ("a/remoteEntry.json", "./a/remoteEntry.json", "a/remoteEntry.json"),
        ("./a/e.json?v=1#x", "./a/e.json", "a/e.json"),
        ("/a/e.json", "/a/e.json", "a/e.json"),
        ("../../a/e.json", "./a/e.json", "a/e.json"),
        ("a/./b/../e%20f.json", "./a/e%20f.json", "a/e f.json"),
        ("\\a\\e.json", "./a/e.json", "a/e.json"),
        ("https://x.example/e.json", "https://x.example/e.json", None),
    ],
)
def test_references_of_a_local_manifest(reference: str, url: str, file: str | None) -> None:
    place = locate(reference, Folder(Path("/site")), subject="a")
    assert place.url == url
    assert place.file == (None if file is None else Path("/site") / file)
