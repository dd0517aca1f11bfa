from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run, towns, write_entry, write_towns
from tests.resolve.federations import remote, shared


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    port = remote("port", shared("react", "18.3.1", "^18.0.0"))
    return write_towns(tmp_path / "site", [*towns(), port])


def candidate(folder: Path, version: str, **more: object) -> Path:
    made = remote("home", shared("react", version), **more)  # type: ignore[arg-type]
    return write_entry(folder / "new", made)


def test_the_same_again_is_fine(run: Run, manifest: Path) -> None:
    found = run("check", manifest, "--candidate", manifest.parent / "home" / "remoteEntry.json")
    assert found.code == 0
    assert found.out == (
        "home replaces its predecessor\n"
        "cost beyond one build of each package: 1 file before, 1 file after\n"
        "verdict: fine\n"
    )


def test_a_worsening_is_told_and_fails_a_pipeline(run: Run, manifest: Path) -> None:
    found = run("check", manifest, "--candidate", candidate(manifest.parent, "16.0.0"))
    assert found.code == 1
    assert found.out.splitlines() == [
        "home replaces its predecessor",
        "  worse   duplicate: 'home' would load react a second time: ^16.0.0 rejects 18.3.1 from 'port'",
        "cost beyond one build of each package: 1 file before, 2 files after",
        "verdict: this deployment makes something worse",
    ]


def test_the_same_for_programs(run: Run, manifest: Path) -> None:
    found = run("check", manifest, "--candidate", candidate(manifest.parent, "16.0.0"), "--json")
    assert found.code == 1
    assert found.json["worse"] is True
    assert found.json["joins"] is False
    assert found.json["findings"] == [
        {
            "kind": "duplicate",
            "severity": "worse",
            "remote": "home",
            "package": "react",
            "before": "18.3.1 from 'port'",
            "after": "16.0.0 from 'home'",
            "sentence": "'home' would load react a second time: ^16.0.0 rejects 18.3.1 from 'port'",
        }
    ]
    assert found.json["cost_after"] == {"downloads": 2, "bytes": None}
    assert found.err == ""


def test_a_strict_option_is_a_finding(run: Run, manifest: Path) -> None:
    wide = candidate(manifest.parent, "18.3.0")
    strict = run("check", manifest, "--candidate", wide, "--strict-external-compatibility", "--json")
    assert strict.code == 0, "cart was refused before, too"
    slim = remote("cart", shared("react", "18.3.0", "^18.0.0"), shared("lodash", "4.17.0"))
    healed = run(
        "check",
        manifest,
        "--candidate",
        write_entry(manifest.parent / "healed", slim),
        "--strict-external-compatibility",
        "--json",
    )
    assert healed.code == 0
    assert "strict-error" in [one["kind"] for one in healed.json["findings"]]


def test_a_newcomer_joins(run: Run, manifest: Path) -> None:
    found = run("check", manifest, "--candidate", candidate(manifest.parent, "18.3.0"), "--name", "pr-17")
    assert found.out.startswith("pr-17 joins the federation\n")
    assert found.code == 0


def test_an_entry_is_known_by_its_own_name_where_the_manifest_has_another(run: Run, manifest: Path) -> None:
    listing = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({"start": listing.pop("home"), **listing}))
    found = run("check", manifest, "--candidate", candidate(manifest.parent, "18.3.0"), "--json")
    assert found.json["candidate"] == "start"
    assert not found.json["joins"]


def test_what_could_not_be_seen_is_said(run: Run, manifest: Path) -> None:
    listing = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**listing, "dark": "./dark/remoteEntry.json"}))
    found = run("check", manifest, "--candidate", candidate(manifest.parent, "18.3.0"))
    assert "not seen, for they could not be had: dark" in found.out
    assert found.code == 0


def test_the_url_it_will_have_can_be_given(run: Run, manifest: Path) -> None:
    entry = candidate(manifest.parent, "18.3.0")
    found = run("check", manifest, "--candidate", entry, "--name", "new", "--url", "./shop/remoteEntry.json")
    assert found.code == 1
    assert "(same-folder)" in found.out


def test_a_candidate_that_is_none_cannot_be_checked(run: Run, manifest: Path) -> None:
    broken = manifest.parent / "broken.json"
    broken.write_text('{"name": 5}')
    found = run("check", manifest, "--candidate", broken, "--json")
    assert found.code == 2
    assert found.problem["code"] == "HANSE-FORMAT"
    assert "$.name" in found.problem["message"]
    assert run("check", manifest, "--candidate", broken, "--name", "a b").code == 2


def test_a_candidate_is_required(run: Run, manifest: Path) -> None:
    found = run("check", manifest)
    assert found.code == 2
    assert "--candidate" in found.err
