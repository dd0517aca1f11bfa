"""A federation from `hanse.toml`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hanse import Federation, FetchError, FormatError, Policy, UsageError
from hanse.net import digest
from hanse.resolve import FAMILIES
from tests.federation.towns import entry, serve_towns, share
from tests.net.upstream import hang

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def write(folder: Path, text: str) -> Path:
    file = folder / "hanse.toml"
    file.write_text(text)
    return file


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_everything_a_file_can_say(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop"), host=entry("host")) as towns:
        towns.list("home", "shop")
        file = write(
            tmp_path,
            f"""
            [federation]
            manifest = "env:MANIFEST"
            policy = "coherent"
            families = [["a", "b"]]
            host_entry = "{towns.url("host")}"
            refresh = 0
            cache_folder = "cache"
            allowed_origins = ["https://cdn.example"]

            [federation.options]
            latest_shared_external = true

            [remotes.news]
            url = "{towns.url("news")}"
            """,
        )
        towns.put("news", entry("news"))
        environ = {"MANIFEST": towns.manifest_url}
        async with Federation.from_toml(file, environ=environ) as federation:
            snapshot = federation.snapshot
            assert snapshot.healthy
            assert [one.name for one in snapshot.remotes] == ["home", "shop", "news", "__NF-HOST__"]
            assert federation.policy.profile == Policy.coherent(latest_shared_external=True).profile
            assert federation.policy.families == (*FAMILIES, ("a", "b"))
            assert federation.source == towns.manifest_url
        assert "cache" in names(tmp_path)


async def test_files_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    (site / "home").mkdir(parents=True)
    (site / "home" / "remoteEntry.json").write_bytes(entry("home"))
    (site / "manifest.json").write_text(json.dumps({"home": "home/remoteEntry.json"}))
    file = write(
        site, '[federation]\nmanifest = "manifest.json"\n[remotes.also]\nurl = "./home/remoteEntry.json"\n'
    )
    monkeypatch.chdir(tmp_path)
    async with Federation.from_toml(file) as federation:
        assert federation.snapshot.healthy
        assert [*federation.snapshot.plan.remotes] == ["also", "home"]


async def test_a_remotes_own_table_counts_before_the_manifest(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop"), slow=hang) as towns:
        file = write(
            tmp_path,
            f"""
            [federation]
            manifest = "{towns.manifest_url}"
            refresh = 0
            [remotes.home]
            integrity = "{digest(b"other")}"
            [remotes.slow]
            deadline = 0.2
            """,
        )
        async with Federation.from_toml(file) as federation:
            health = {one.name: one.error_code for one in federation.snapshot.remotes}
            assert health == {"home": "HANSE-INTEGRITY", "shop": None, "slow": "HANSE-FETCH-DEADLINE"}


async def test_remotes_alone_will_do(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home", share(version="19.2.0"))) as towns:
        file = write(tmp_path, f'[federation]\nrefresh = 0\n[remotes.home]\nurl = "{towns.url("home")}"\n')
        async with Federation.from_toml(str(file)) as federation:
            assert federation.snapshot.healthy


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"hanse\.toml: it cannot be read"):
        Federation.from_toml(tmp_path / "hanse.toml")
    with pytest.raises(FormatError, match=r"hanse\.toml:2"):
        Federation.from_toml(write(tmp_path, "[federation]\nmanifst = 1\n"))
    with pytest.raises(UsageError, match="neither a manifest nor remotes"):
        Federation.from_toml(write(tmp_path, ""))
