from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.cli.running import Run


def test_draws_svg(run: Run, manifest: Path) -> None:
    found = run("graph", manifest)
    assert found.code == 0
    assert ElementTree.fromstring(found.out).tag.endswith("svg")
    assert "old gets react 18.3.1 of shop, which its range ^17.0.2 rejects" in found.out


def test_writes_a_file(run: Run, manifest: Path, tmp_path: Path) -> None:
    found = run("graph", manifest, "--format", "dot", "--out", tmp_path / "towns.dot")
    assert (found.code, found.out) == (0, "")
    assert (tmp_path / "towns.dot").read_text().startswith("digraph federation {\n")


def test_writes_mermaid(run: Run, manifest: Path) -> None:
    assert run("graph", manifest, "--format", "mermaid").out.startswith("flowchart LR\n")


def test_tells_programs(run: Run, manifest: Path) -> None:
    found = run("graph", manifest, "--json").json
    assert [one["name"] for one in found["remotes"]] == ["cart", "home", "old", "shop"]
    assert {"serves", "uses", "keeps", "strained"} == {one["kind"] for one in found["edges"]}


def test_says_where_it_cannot_write(run: Run, manifest: Path, tmp_path: Path) -> None:
    found = run("graph", manifest, "-o", tmp_path / "no" / "where.svg", "--json")
    assert found.code == 2
    assert found.problem["code"] == "HANSE-FILE"
    assert found.problem["subject"] == str(tmp_path / "no" / "where.svg")


def test_knows_its_formats(run: Run, manifest: Path) -> None:
    found = run("graph", manifest, "--format", "png")
    assert found.code == 2
    assert "svg" in found.err
