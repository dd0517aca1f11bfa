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


def write_container(folder: Path, **react: object) -> Path:
    """Write a container's manifest, as rspack does."""
    folder.mkdir(parents=True, exist_ok=True)
    react = {"name": "react", "version": "18.2.0", "singleton": True, "requiredVersion": "^18.0.0", **react}
    document = {
        "name": "shop",
        "metaData": {"publicPath": "auto", "remoteEntry": {"name": "remoteEntry.js"}},
        "shared": [react],
        "exposes": [{"path": "./Card"}],
    }
    file = folder / "mf-manifest.json"
    file.write_text(json.dumps(document))
    return file


def with_container(manifest: Path) -> Path:
    """Put a container into the federation."""
    write_container(manifest.parent / "shop")
    listed = json.loads(manifest.read_text())
    listed["shop"] = {"url": "./shop/mf-manifest.json", "type": "mf"}
    manifest.write_text(json.dumps(listed))
    return manifest


def test_a_native_deployment_is_checked_against_containers(run: Run, manifest: Path) -> None:
    with_container(manifest)
    write_container(manifest.parent / "shop", strictVersion=True)
    port = write_entry(manifest.parent / "new", remote("port", shared("react", "19.1.0", "^19.0.0")))
    home = write_entry(manifest.parent / "home", remote("home", shared("react", "19.1.0", "^19.0.0")))
    assert home.is_file()
    found = run("check", manifest, "--candidate", port)
    assert found.code == 1
    assert "'shop' would load react a second time: ^18.0.0 rejects 19.1.0" in found.out


@pytest.mark.parametrize(
    "document", [{}, {"metaData": {"remoteEntry": {"name": "a.js", "type": "commonjs-module"}}}]
)
def test_a_faulty_container_is_named_by_the_file_it_was_read_from(
    run: Run, manifest: Path, tmp_path: Path, document: dict[str, object]
) -> None:
    file = tmp_path / "new" / "mf-manifest.json"
    file.parent.mkdir()
    file.write_text(json.dumps(document))
    found = run("check", manifest, "--candidate", file, "--json")
    assert (found.code, found.problem["subject"]) == (2, str(file))


def test_a_container_is_a_candidate_with_its_stats(run: Run, manifest: Path) -> None:
    with_container(manifest)
    new = write_container(
        manifest.parent / "new", version="17.0.2", requiredVersion="^17.0.0", strictVersion=True
    )
    found = run("check", manifest, "--candidate", new)
    assert found.code == 1
    assert found.out.splitlines()[0] == "shop replaces its predecessor"
    assert "'shop' would load react a second time: ^17.0.0 rejects 18.3.1" in found.out
    stats = json.loads(new.read_text())
    stats["shared"][0] |= {"requiredVersion": False}
    (new.parent / "mf-stats.json").write_text(json.dumps(stats))
    again = run("check", manifest, "--candidate", new)
    assert (again.code, again.out.splitlines()[-1]) == (0, "verdict: fine")


def write_server(folder: Path, **react: object) -> Path:
    """Write the manifest of a build for servers, beside that for browsers."""
    file = write_container(folder, **react)
    document = json.loads(file.read_text())
    document["metaData"]["remoteEntry"]["type"] = "commonjs-module"
    file.write_text(json.dumps(document))
    return file


def test_a_container_is_deployed_together_with_its_build_for_servers(run: Run, manifest: Path) -> None:
    with_container(manifest)
    new = write_container(manifest.parent / "new", version="18.3.0")
    server = write_server(manifest.parent / "new" / "server", version="18.2.0")
    alone = run("check", manifest, "--candidate", new)
    assert alone.code == 0
    for named in (server, server.parent):
        found = run("check", manifest, "--candidate", new, "--server", named)
        assert found.code == 1
        assert "(server-version): at $.shared: react is 18.3.0 in browsers and 18.2.0 on servers" in found.out
    write_server(server.parent, version="18.3.0")
    assert run("check", manifest, "--candidate", new, "--server", server).code == 0


def test_a_build_for_servers_has_to_be_there_and_beside_a_container(run: Run, manifest: Path) -> None:
    with_container(manifest)
    new = write_container(manifest.parent / "new")
    missing = run("check", manifest, "--candidate", new, "--server", manifest.parent / "none", "--json")
    assert (missing.code, missing.problem["code"]) == (2, "HANSE-FETCH")
    native = manifest.parent / "home" / "remoteEntry.json"
    odd = run("check", manifest, "--candidate", native, "--server", new, "--json")
    assert (odd.code, odd.problem["code"]) == (2, "HANSE-USAGE")


def test_what_two_deployed_builds_differ_in_is_found(run: Run, manifest: Path) -> None:
    with_container(manifest)
    write_server(manifest.parent / "shop" / "server", version="18.1.0")
    listed = json.loads(manifest.read_text())
    listed["shop"]["server"] = "./shop/server/"
    manifest.write_text(json.dumps(listed))
    text = "server-version: at $.shared: react is 18.2.0 in browsers and 18.1.0 on servers"
    assert text in run("explain", "react", manifest).out.replace("\n", " ")
    (notice,) = run("explain", "react", manifest, "--json").json["notices"]
    assert (notice["code"], notice["remote"], notice["package"]) == ("server-version", "shop", "react")
    home = write_entry(manifest.parent / "new", remote("home", shared("react", "18.3.2", "^18.0.0")))
    assert run("check", manifest, "--candidate", home).code == 0
    same = run("check", manifest, "--candidate", manifest.parent / "shop" / "mf-manifest.json")
    assert "server-version" not in same.out
    server = write_server(manifest.parent / "new" / "server")
    better = run(
        "check", manifest, "--candidate", manifest.parent / "shop" / "mf-manifest.json", "--server", server
    )
    assert "no longer (server-version)" in better.out
