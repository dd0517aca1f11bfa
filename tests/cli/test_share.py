from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.running import Run

CASE = {
    "id": "one",
    "hosts": [{"name": "home", "shared": [{"pkg": "react", "version": "19.0.0", "provide": "sync"}]}],
    "ops": [{"op": "loadShare", "in": "home", "pkg": "react"}],
}
TEXT = """\
case one

1. home: loadShare react
   home wants react: ^19.0.0; version-first
   scope default has 19.0.0 (home)
   - 19.0.0 is the only version there is
   - it satisfies ^19.0.0
   => react 19.0.0 of home
"""


def test_a_case_is_explained_in_words(run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps(CASE, indent=2))
    found = run("share", "explain", str(tmp_path / "case.json"))
    assert (found.code, found.out.strip(), found.err) == (0, TEXT.strip(), "")


def test_recorded_lines_are_explained_one_after_the_other(run: Run, tmp_path: Path) -> None:
    lines = [json.dumps({"case": CASE, "peer": {}}), "", json.dumps({**CASE, "id": "two"})]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))
    found = run("share", "explain", str(tmp_path / "cases.jsonl"), "--json")
    assert found.code == 0
    assert [one["id"] for one in found.json] == ["one", "two"]
    assert found.json[0]["steps"][0]["choices"][0]["taken"] == "19.0.0"


def test_standard_input_is_a_dash(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(CASE).encode())))
    found = run("share", "explain", "-")
    assert (found.code, found.out.strip()) == (0, TEXT.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "not json",
        "[]",
        "null",
        "5",
        "{}x",
        '{"hosts": 5}',
        '{"hosts": [{}]}',
        '{"ops": [{}]}',
        '{"ops": [{"op": "x", "in": "home"}], "hosts": [{"name": "home"}]}',
        "[" * 5000,
    ],
)
def test_what_is_no_case_is_an_error(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "case.json").write_text(text)
    found = run("share", "explain", str(tmp_path / "case.json"), "--json")
    assert found.code == 2
    assert found.problem["code"] == "HANSE-FORMAT"
    assert found.out == ""


def test_a_file_that_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    found = run("share", "explain", str(tmp_path / "none.json"), "--json")
    assert (found.code, found.problem["code"]) == (2, "HANSE-FILE")


def test_control_characters_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    named = json.dumps(CASE).replace('"home"', '"ho\\u001bme"')
    (tmp_path / "case.json").write_text(named)
    found = run("share", "explain", str(tmp_path / "case.json"))
    assert found.code == 0
    assert "\x1b" not in found.out
    assert "ho\\x1bme" in found.out


def test_layers_are_kept_apart_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    shared = [
        {"pkg": "react", "version": version, "layer": layer, "provide": "sync"}
        for version, layer in (("19.0.0", "ssr"), ("18.0.0", "rsc"))
    ]
    load = {
        "op": "loadShare",
        "in": "home",
        "pkg": "react",
        "custom": {"requiredVersion": False, "layer": "rsc"},
    }
    case = {"hosts": [{"name": "home", "shared": shared}], "ops": [load]}
    (tmp_path / "case.json").write_text(json.dumps(case))

    def taken(*options: str) -> str:
        return str(
            run("share", "explain", str(tmp_path / "case.json"), "--json", *options).json[0]["steps"][0][
                "result"
            ]
        )

    assert taken() == taken("--layers", "compatible") == "react 19.0.0 of home"
    assert taken("--layers", "separate") == "react 18.0.0 of home"


def test_the_group_lists_its_commands(run: Run) -> None:
    assert "explain" in run("share").out
