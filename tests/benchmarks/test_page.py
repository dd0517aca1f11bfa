"""The page's benchmark: what it generates is as real builds are, and what it counts is what was promised."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from rich.console import Console

from benchmarks.page.__main__ import open_chromium
from benchmarks.page.by_hand import list_closure, specifier_of, write_map
from benchmarks.page.certificate import Certificate, make_certificate
from benchmarks.page.federation import (
    CHUNK,
    EXTERNALS,
    ORIGINS,
    PAYLOADS,
    Federation,
    Payload,
    folder_of,
    generate,
    remote_entry,
)
from benchmarks.page.files import list_files
from benchmarks.page.races import Course, Race, run_round
from benchmarks.page.report import print_races
from benchmarks.page.serving import Protocol, serve_federation
from benchmarks.page.sources import write_script
from benchmarks.page.visits import LOCAL, Network, Sight
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import decode_remote_entry
from hanse.resolve import Policy, Remote, resolve

ADDRESSES = [f"https://{number}.example" for number in range(ORIGINS)]
SIZES = [5, 20, 50, 100]


def resolved(federation: Federation) -> ImportMap:
    manifest = federation.manifest(ADDRESSES)
    entries = [
        decode_remote_entry(remote_entry(remote), subject=remote.name) for remote in federation.remotes
    ]
    remotes = [Remote(name=one.name, url=manifest[one.name], entry=one) for one in entries]
    return resolve(remotes, Policy.compatible()).import_map


def test_a_seed_gives_one_federation() -> None:
    assert generate(5, seed=1) == generate(5, seed=1)
    assert generate(5, seed=1) != generate(5, seed=2)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("size", SIZES)
def test_remotes_weigh_what_real_ones_do(size: int, payload: Payload) -> None:
    federation = generate(size, seed=1, payload=payload)
    assert len({remote.name for remote in federation.remotes}) == size
    assert {remote.origin for remote in federation.remotes} == set(range(ORIGINS))
    for remote in federation.remotes:
        assert len(remote.shares) == EXTERNALS
        for file in remote.exposes.values():
            script = remote.scripts[file]
            assert 5_000 <= script.size <= 40_000
            assert 1 <= sum(name.startswith("./") for name in script.imports) <= 2
    assert any(offer.insists for remote in federation.remotes for offer in remote.shares.values())
    assert len({remote.name for remote, _ in federation.shown}) == 3


def test_custom_elements_run_without_react_dom() -> None:
    federation = generate(20, seed=1, payload="elements")
    imports, scopes = write_map(federation, ADDRESSES)
    closure = list_closure(federation, imports, scopes, ADDRESSES)
    assert not [url for url in closure if "react_dom" in url]
    assert len(closure) < 20


def test_scripts_have_their_size_and_compress_as_minified_code_does() -> None:
    remote = generate(5, seed=1).remotes[0]
    for specifier, ratio in (("react-dom/client", 0.35), ("react", 0.45)):
        script = remote.scripts[remote.shares[specifier].file]
        body = write_script(script)
        assert script.size - 600 < len(body) <= script.size
        assert ratio - 0.1 < len(gzip.compress(body)) / len(body) < ratio


@pytest.mark.parametrize("size", SIZES)
def test_the_map_made_by_hand_is_the_one_a_resolver_finds(size: int) -> None:
    """Two programs that know nothing of each other come to the same publishers."""
    federation = generate(size, seed=1)
    imports, scopes = write_map(federation, ADDRESSES)
    found = resolved(federation)
    names = {
        specifier_of(remote, key): f"{remote.name}/{key}"
        for remote in federation.remotes
        for key in remote.exposes
    }
    assert {names.get(name, name): url for name, url in imports.items()} == found.imports
    own = {
        scope: {name: url for name, url in table.items() if name != CHUNK}
        for scope, table in found.scopes.items()
    }
    assert {scope: table for scope, table in own.items() if table} == {
        scope: rest
        for scope, table in scopes.items()
        if (rest := {k: v for k, v in table.items() if k != CHUNK})
    }


@pytest.mark.parametrize("size", SIZES)
def test_preloads_made_by_hand_are_files_that_are_there_and_each_only_once(size: int) -> None:
    federation = generate(size, seed=1)
    closure = list_closure(federation, *write_map(federation, ADDRESSES), ADDRESSES)
    files = list_files(federation)
    assert len(closure) == len(set(closure))
    assert {urlsplit(url).path for url in closure} <= set(files)
    shown = [folder_of(remote, ADDRESSES) + remote.exposes[key] for remote, key in federation.shown]
    assert closure[:3] == shown
    assert not [url for url in closure if url.rpartition("/")[2] in lazy_files(federation)]


def lazy_files(federation: Federation) -> set[str]:
    scripts = [script for remote in federation.remotes for script in remote.scripts.values()]
    return {script.lazy.removeprefix("./") for script in scripts if script.lazy}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def chromium(certificate: Certificate) -> Iterator[Browser]:
    with open_chromium(certificate) as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.node
@pytest.mark.parametrize(
    ("protocol", "network"), [("h1", LOCAL), ("h2", Network("instant", 1, 1000))], ids=["h1", "h2"]
)
def test_hanse_asks_for_the_same_modules_as_the_page_made_by_hand_and_for_nothing_else(
    chromium: Browser, certificate: Certificate, protocol: Protocol, network: Network
) -> None:
    with serve_federation(5, seed=1, protocol=protocol, certificate=certificate) as site:
        seen = run_round(chromium, site, network, turn=1, settle=network is LOCAL)
    race = Race(Course(5, protocol, network), seen, [seen])
    assert files_of(seen.first["hanse"]) == files_of(seen.first["by-hand"])
    assert files_of(seen.again["hanse"]) == files_of(seen.again["by-hand"])
    assert seen.first["hanse"].requests == len(seen.first["hanse"].asked)
    assert seen.again["hanse"].bytes < 20_000 < seen.first["hanse"].bytes
    assert negotiations(seen.first["quickstart"]) == 5
    assert negotiations(seen.again["with-storage"]) == 0
    assert race.others("hanse") == []
    assert race.others("by-hand") == []
    check_report(race)


def files_of(sight: Sight) -> list[str]:
    """Return the names of the files that were asked for, after the page itself."""
    assert all(kind == "script" for kind, _ in sight.asked[1:])
    return sorted(urlsplit(url).path.rpartition("/")[2] for _, url in sight.asked[1:])


def negotiations(sight: Sight) -> int:
    return sum(url.endswith("remoteEntry.json") for _, url in sight.asked)


def check_report(race: Race) -> None:
    """Print a race, and the same with a request too many."""
    page = StringIO()
    print_races(Console(file=page, width=140), [race])
    assert page.getvalue().count(f"5 react   {race.course.protocol}") == 4
    assert "none" in page.getvalue()
    figures = json.loads(json.dumps(race.as_json()))
    assert figures["rounds"] == 1
    assert figures["others"]["hanse"] == []
    spoilt = replace(
        race,
        untimed=replace(
            race.untimed, first={**race.untimed.first, "hanse": race.untimed.first["quickstart"]}
        ),
    )
    assert "/remote-000/remoteEntry.json" in spoilt.others("hanse")


def test_a_certificate_names_the_loopback_address_and_hides_its_key(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    assert made.key.stat().st_mode & 0o077 == 0
    assert made.flag.startswith("--ignore-certificate-errors-spki-list=")
    assert len(made.fingerprint) == 44
