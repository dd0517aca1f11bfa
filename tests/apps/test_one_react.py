"""What three apps share on a server: one React, one renderer, one Hanse, whoever asks."""

from __future__ import annotations

import pytest

from examples.omni.serve import APPS, HERE
from hanse.federation.generations import Assembly, Member, assemble
from hanse.formats.server_entry import decode_server_entry
from hanse.stream.builds import Build
from scripts.build_examples import STORE, build_examples

SHARED = ("react", "react/jsx-runtime", "react-dom/server", "hanse")


def read_build(app: str) -> Build:
    folder = HERE / app / "dist" / "server"
    entry = decode_server_entry((folder / "server-entry.json").read_bytes(), subject=app)
    return Build(entry, {file: (folder / file).read_bytes() for file in entry.modules})


@pytest.fixture(scope="module")
def whole() -> Assembly:
    build_examples(folders=STORE)
    return assemble([Member(name=app, build=read_build(app)) for app in APPS])


@pytest.mark.node
@pytest.mark.parametrize("specifier", SHARED)
def test_every_app_gets_the_same_one(whole: Assembly, specifier: str) -> None:
    generation = whole.generation
    owners = {generation.imports[specifier]}
    owners |= {table[specifier] for table in generation.scopes.values() if specifier in table}
    assert len(owners) == 1


@pytest.mark.node
def test_nothing_is_absent_and_nothing_is_missing(whole: Assembly) -> None:
    assert whole.absent == {}
    assert [one for one in whole.findings if one.code in ("missing", "torn")] == []
