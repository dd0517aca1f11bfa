"""A federation from `hanse.toml`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import LIMITS, BlockedError, Federation, FetchError, FormatError, HanseError, Policy, UsageError
from hanse.net import digest
from hanse.resolve import FAMILIES
from tests.federation.towns import entry, serve_towns, share, until
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


async def test_limits_count_for_all_that_the_file_names(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home"), slow=hang) as towns:
        file = write(tmp_path, f'[federation]\nmanifest = "{towns.manifest_url}"\nrefresh = 0\n')
        limits = replace(LIMITS, fetch_deadline=0.3)
        async with asyncio.timeout(5), Federation.from_toml(file, limits=limits) as federation:
            health = {one.name: one.error_code for one in federation.snapshot.remotes}
    assert health == {"home": None, "slow": "HANSE-FETCH-DEADLINE"}


def test_a_file_is_no_longer_than_the_limits_allow(tmp_path: Path) -> None:
    file = write(tmp_path, '[federation]\nmanifest = "manifest.json"\n')
    with pytest.raises(HanseError):
        Federation.from_toml(file, limits=replace(LIMITS, config_bytes=10))


async def test_remotes_alone_will_do(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home", share(version="19.2.0"))) as towns:
        file = write(tmp_path, f'[federation]\nrefresh = 0\n[remotes.home]\nurl = "{towns.url("home")}"\n')
        async with Federation.from_toml(str(file)) as federation:
            assert federation.snapshot.healthy


async def test_an_argument_counts_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_towns(home=entry("home"), shop=entry("shop")) as towns:
        file = write(
            tmp_path,
            f"""
            [federation]
            manifest = "{towns.manifest_url}"
            families = [["a", "b"]]
            refresh = 0
            cache_folder = "of-the-file"
            [federation.options]
            strict_import_map = true
            """,
        )
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        federation = Federation.from_toml(
            file, policy="compatible", refresh_interval=0.05, cache_folder="of-the-argument"
        )
        async with federation:
            await until(lambda: towns.asked("home") > 2)
        assert names(tmp_path / "here") == ["of-the-argument"]
        assert "of-the-file" not in names(tmp_path)
        # A name alone leaves the options and families.
        assert federation.policy.name == "compatible"
        assert federation.policy.strict.strict_import_map
        assert federation.policy.families == (*FAMILIES, ("a", "b"))
        whole = Policy.coherent(latest_shared_external=True)
        assert Federation.from_toml(file, policy=whole).policy == whole


async def test_none_as_an_argument_switches_off_what_the_file_has(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns:
        file = write(
            tmp_path,
            f"""
            [federation]
            manifest = "{towns.manifest_url}"
            policy = "compatible"
            refresh = 0.05
            cache_folder = "cache"
            """,
        )
        async with Federation.from_toml(file, refresh_interval=None, cache_folder=None) as federation:
            await asyncio.sleep(0.2)
            assert federation.policy.name == "compatible"
        assert towns.asked("home") == 1
        assert names(tmp_path) == ["hanse.toml"]
        async with Federation.from_toml(file):
            await until(lambda: towns.asked("home") > 2)
        assert "cache" in names(tmp_path)


async def test_origins_are_allowed_in_addition_to_the_files(tmp_path: Path) -> None:
    async with serve_towns(home=entry("home")) as towns, serve_towns(a=entry("a"), b=entry("b")) as others:
        allowed, more = others.upstream.origin, others.upstream.origin.replace("127.0.0.1", "localhost")
        file = write(
            tmp_path,
            f"""
            [federation]
            manifest = "{towns.manifest_url}"
            refresh = 0
            allowed_origins = ["{allowed}"]
            """,
        )
        newcomers = [others.url("a"), others.url("b").replace("127.0.0.1", "localhost")]
        async with Federation.from_toml(file) as federation:
            await federation.init_remote_entry(newcomers[0])
            with pytest.raises(BlockedError):
                await federation.init_remote_entry(newcomers[1])
        async with Federation.from_toml(file, allowed_origins=[more]) as federation:
            for url in newcomers:
                assert (await federation.init_remote_entry(url)).import_map.imports


@pytest.mark.parametrize(
    "arguments",
    [{"policy": "fastest"}, {"refresh_interval": -1}, {"allowed_origins": ["cdn.example"]}],
)
def test_wrong_arguments_are_refused_with_a_good_file(tmp_path: Path, arguments: dict[str, object]) -> None:
    file = write(tmp_path, '[federation]\nmanifest = "manifest.json"\n')
    with pytest.raises(UsageError):
        Federation.from_toml(file, **arguments)  # type: ignore[arg-type]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"hanse\.toml: it cannot be read"):
        Federation.from_toml(tmp_path / "hanse.toml")
    with pytest.raises(FormatError, match=r"hanse\.toml:2"):
        Federation.from_toml(write(tmp_path, "[federation]\nmanifst = 1\n"))
    with pytest.raises(UsageError, match="neither a manifest nor remotes"):
        Federation.from_toml(write(tmp_path, ""))
