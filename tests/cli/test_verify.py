from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import Run

ENTRY = {
    "name": "home",
    "exposes": [{"key": "./Card", "outFileName": "Card.js"}],
    "shared": [],
}


def site(folder: Path, **files: str) -> Path:
    """Write a manifest with one remote and its files."""
    (folder / "home").mkdir(parents=True)
    (folder / "home" / "remoteEntry.json").write_text(json.dumps(ENTRY))
    for name, source in files.items():
        (folder / "home" / f"{name}.js").write_text(source)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"home": "./home/remoteEntry.json"}))
    return manifest


def test_tells_people_that_all_is_well(run: Run, tmp_path: Path) -> None:
    found = run("verify", site(tmp_path, Card="import './part.js'", part=""))
    assert found.code == 0
    assert found.out.splitlines() == [
        "home: 0 of 2 files with integrity, 0 %, 18 bytes",
        "integrity coverage: 0 of 2 files, 0 %",
        "verdict: fine",
    ]
    assert (
        run("verify", "--locked", tmp_path).out.splitlines()[-2] == "integrity coverage: 2 of 2 files, 100 %"
    )


def test_names_what_would_fail(run: Run, tmp_path: Path) -> None:
    found = run("verify", site(tmp_path, Card="import './gone.js'; import 'nobody'"))
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[1].startswith("  error    missing-file: home: ./home/gone.js: ")
    assert lines[1].endswith(" (imported by ./home/Card.js)")
    assert lines[2] == "  error    unprovided-import: home: ./home/Card.js: nothing provides 'nobody'"
    assert lines[-1] == "verdict: something would fail"


def test_tells_programs(run: Run, tmp_path: Path) -> None:
    found = run("verify", "--json", "--locked", site(tmp_path, Card="import './gone.js'")).json
    assert found["failed"] is True
    assert (found["reachable"], found["covered"], found["coverage"]) == (2, 1, 50.0)
    assert found["remotes"][0]["remote"] == "home"
    assert [one["kind"] for one in found["faults"]] == ["missing-file", "uncovered"]


def test_a_locked_hanse_toml_asks_for_everything(run: Run, tmp_path: Path) -> None:
    site(tmp_path, Card="")
    (tmp_path / "hanse.toml").write_text('[federation]\nmanifest = "manifest.json"\nmodules = "locked"\n')
    assert run("verify", "--json", tmp_path / "hanse.toml").json["coverage"] == 100.0


def test_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("verify", tmp_path).code == 2
    assert run("verify", tmp_path / "none.json").code == 2
    found = run("verify", "--json", "--page-origin", "shop", site(tmp_path / "site", Card=""))
    assert (found.code, found.problem["code"]) == (2, "HANSE-USAGE")
