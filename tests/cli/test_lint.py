from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.cli.test_check import write_container, write_server


def test_nothing_to_report(run: Run, manifest: Path) -> None:
    found = run("lint", manifest, manifest.parent / "cart" / "remoteEntry.json")
    assert (found.code, found.out) == (0, "2 files, no errors, no warnings\n")


def test_every_fault_of_every_file_is_reported(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "manifest.json", tmp_path / "remoteEntry.json"
    one.write_text('{"__proto__": "https://a.example/", "b": 5}')
    other.write_text('{"exposes": [{"key": 1}], "shared": {}}')
    found = run("lint", one, other)
    assert found.code == 1
    lines = found.out.splitlines()
    assert sum(line.startswith(f"{one}: error: at $") for line in lines) == 2
    assert sum(line.startswith(f"{other}: error: at $") for line in lines) >= 3
    assert lines[-1].startswith("2 files, ")
    told = run("lint", one, other, "--json")
    assert told.code == 1
    assert [(item["file"], item["kind"]) for item in told.json["files"]] == [
        (str(one), "manifest"),
        (str(other), "remote-entry"),
    ]
    assert told.json["errors"] == sum(len(item["faults"]) for item in told.json["files"])


def test_the_kind_can_be_given(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "thing"
    file.write_text('{"imports": {}}')
    assert run("lint", file, "--kind", "import-map").code == 0
    assert run("lint", file, "--kind", "remote-entry").code == 1


def test_lines_of_toml_are_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hanse.toml"
    file.write_text('[federation]\nmanifest = "m.json"\npolcy = "coherent"\n')
    found = run("lint", file)
    assert found.code == 1
    assert found.out.startswith(f"{file}:3: error: ")


def test_warnings_alone_are_no_fault(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "import-map.json"
    file.write_text('{"imports": {}, "comment": "hello"}')
    found = run("lint", file, "--json").json
    assert found["errors"] == 0
    assert run("lint", file).code == 0


def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    found = run("lint", tmp_path / "nope.json", manifest)
    assert found.code == 2
    assert found.out.startswith("1 file, ")
    assert "nope.json" in found.err


def test_a_name_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"a\\u001b[31m": 5}')
    assert "\x1b" not in run("lint", file).out


@pytest.mark.parametrize("argument", [[], ["--kind", "import-map"]])
def test_files_are_required(run: Run, argument: list[str]) -> None:
    assert run("lint", *argument).code == 2


def test_the_two_builds_of_a_container_are_compared(run: Run, tmp_path: Path) -> None:
    web = write_container(tmp_path / "web", version="18.3.0")
    server = write_server(tmp_path / "server")
    assert "on servers" not in run("lint", web, server).out
    for named in (server, server.parent):
        found = run("lint", web, "--server", named)
        assert found.code == 0
        assert f"{web}: warning: at $.shared: react is 18.3.0 in browsers and 18.2.0 on servers" in found.out
    server.write_text("{")
    broken = run("lint", web, "--server", server, "--json")
    assert (broken.code, broken.problem["subject"]) == (2, str(server))
