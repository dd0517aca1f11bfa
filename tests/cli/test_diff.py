from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run, towns, write_towns
from tests.resolve.federations import remote, shared


@pytest.fixture
def other(manifest: Path, tmp_path: Path) -> Path:
    """The same site with another cart, without `old`, and with a `new`."""
    remotes = [*towns()[:2], remote("cart", shared("react", "18.3.1", "^18.0.0"), shared("zod", "3.0.0"))]
    return write_towns(tmp_path / "other", [*remotes, remote("new", exposes=["./Hat"])])


def test_no_difference(run: Run, manifest: Path) -> None:
    found = run("diff", manifest, manifest.parent, "-q")
    assert (found.code, found.out) == (0, "no difference\n")
    assert run("diff", manifest, manifest, "-q", "--json").json["same"] is True


def test_tells_people(run: Run, manifest: Path, other: Path) -> None:
    found = run("diff", manifest, other, "-q")
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[:3] == ["+ remote new", "- remote old", "~ remote cart"]
    assert "~ package react: 18.3.1 from 'shop' -> 18.3.1 from 'cart'" in lines
    assert "    old: 17.0.2 skip by 'shop' -> nothing" in lines
    assert "+ package zod: nothing -> 3.0.0 from 'cart'" in lines
    assert "~ imports react: ./shop/react.js -> ./cart/react.js (shop -> cart)" in lines
    assert "- imports old/Card: ./old/Card.js -> nothing (old)" in lines
    assert "- scopes ./cart/ react: ./cart/react.js -> nothing (cart)" in lines
    assert lines[-1] == "cost beyond one build of each package: 1 file before, 0 files after"


def test_tells_programs(run: Run, manifest: Path, other: Path) -> None:
    found = run("diff", manifest, other, "-q", "--json").json
    assert found["same"] is False
    assert found["remotes_added"] == ["new"]
    react = next(one for one in found["packages"] if one["package"] == "react")
    assert react["before"]["provider"] == "shop"
    assert found["cost_before"] == {"downloads": 1, "bytes": None}


def test_import_maps_are_compared_as_maps(run: Run, manifest: Path, tmp_path: Path) -> None:
    before = run("resolve", manifest, "-q").out
    (tmp_path / "import-map.json").write_text(before)
    changed = json.loads(before)
    changed["imports"]["react"] = "./elsewhere.js"
    changed["scopes"]["./cart/"] = {"@nf-internal/a": "./cart/a.js", "@nf-internal/b": "./cart/b.js"}
    changed["integrity"] = {"./elsewhere.js": "sha384-x"}
    after = tmp_path / "map"
    after.mkdir()
    (after / "importmap.json").write_text(json.dumps(changed))
    assert run("diff", manifest, tmp_path / "import-map.json", "-q").code == 0
    found = run("diff", tmp_path / "import-map.json", after)
    assert found.code == 1
    assert found.out.splitlines() == [
        "~ imports react: ./shop/react.js -> ./elsewhere.js",
        "- scopes ./cart/ react: ./cart/react.js -> nothing",
        "~ scopes: 2 added of the builders' own chunks",
        "+ integrity ./elsewhere.js: nothing -> sha384-x",
    ]


def test_policy_options_count_for_both_sides(run: Run, manifest: Path) -> None:
    found = run("diff", manifest, manifest.parent, "-q", "--policy", "compatible")
    assert found.code == 0


def test_a_broken_map_is_named(run: Run, manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "import-map.json").write_text('{"imports": {"a": null}}')
    found = run("diff", tmp_path / "import-map.json", manifest, "--json")
    assert found.code == 2
    assert "$.imports.a" in found.problem["message"]


def test_two_sides_are_required(run: Run, manifest: Path) -> None:
    assert run("diff", manifest).code == 2
