from __future__ import annotations

from pathlib import Path

import pytest

from hanse.stream.published import publish, record_folder
from tests.cli.running import Run
from tests.stream.remotes import write_build


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which two builds were published."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "dist" / "server"
    for number in (1, 2):
        write_build(folder, {"card.js": b"%d" % number}, version=f"{number}.0.0")
        publish(folder, record_folder(folder), now=10.0)
    return folder


@pytest.mark.parametrize("target", ["dist/server", "shop"])
def test_the_build_before_is_published_again(run: Run, server: Path, target: str) -> None:
    found = run("rollback", target, "--json")
    assert found.code == 0
    assert {key: found.json[key] for key in ("name", "version", "serial")} == {
        "name": "shop",
        "version": "1.0.0",
        "serial": 12,
    }
    edition = publish(server, record_folder(server), now=10.0)
    assert (edition.entry.version, edition.entry.serial) == ("1.0.0", 12)
    assert edition.entry.build == found.json["build"]


def test_a_version_chooses_and_text_says_what_happened(run: Run, server: Path) -> None:
    run("rollback", "shop")
    found = run("rollback", "shop", "--to", "2.0.0")
    assert found.out.startswith("shop: version 2.0.0 is published again, serial 13 (sha384-")


def test_a_record_elsewhere_is_named(run: Run, server: Path, tmp_path: Path) -> None:
    record_folder(server).rename(tmp_path / "elsewhere")
    assert run("rollback", "dist/server").code == 2
    assert run("rollback", "dist/server", "--record", tmp_path / "elsewhere").code == 0


def test_what_cannot_be_gone_back_to_is_said(run: Run, server: Path, tmp_path: Path) -> None:
    for argv, why in (
        (["cart"], "no folder of this name"),
        (["dist"], "nothing was published"),
        (["shop", "--to", "9.9.9"], "no build that is kept is 9.9.9"),
    ):
        found = run("rollback", *argv, "--json")
        assert found.code == 2
        assert why in found.problem["message"]
    run("rollback", "shop")
    assert "no older build is kept" in run("rollback", "shop").err
    other = write_build(tmp_path / "other" / "server", {"card.js": b"1"})
    publish(other, other.with_name("server.published"), now=1.0)
    (tmp_path / "other" / "server.published").rename(tmp_path / "server.published")
    found = run("rollback", "shop", "--json")
    assert "several folders" in found.problem["message"]
