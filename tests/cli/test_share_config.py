from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from hanse.share.presets import Framework, framework_shared, next_shared, plain_table
from scripts.node import ensure_node
from tests.cli.running import Run


def test_json_is_the_table_and_the_rules(run: Run) -> None:
    for words in (["--json"], ["--format", "json"]):
        found = run("share", "config", "--preset", "next", "--target", "server", *words)
        assert found.code == 0
        assert found.json["shared"] == plain_table(next_shared("server"))
        assert [*found.json["shared"]] == [*next_shared("server")]
        assert "react" in found.json["externals"]["external"]["exact"]
    client = run("share", "config", "--preset", "next", "--target", "client", "--json")
    assert client.json == {"shared": plain_table(next_shared("client")), "externals": None}


@pytest.mark.parametrize("preset", ["react", "angular", "vue"])
@pytest.mark.parametrize("target", [[], ["--target", "server"]])
def test_frameworks_have_one_table_for_both_sides(run: Run, preset: Framework, target: list[str]) -> None:
    found = run("share", "config", "--preset", preset, *target, "--json")
    assert found.json == {"shared": plain_table(framework_shared(preset)), "externals": None}


def test_the_options_of_next_choose_the_table(run: Run) -> None:
    def table(*words: str) -> object:
        return run("share", "config", "--preset", "next", "--target", "server", "--json", *words).json[
            "shared"
        ]

    assert table("--next", "14") == plain_table(next_shared("server", next_version=14))
    assert table("--variant", "documented") == plain_table(next_shared("server", variant="documented"))
    assert table("--release", "8.3.5") == plain_table(next_shared("server", release="8.3.5"))
    assert table("--layered") == plain_table(next_shared("server", layered="corrected"))
    assert table("--layered", "--variant", "documented") == plain_table(
        next_shared("server", layered="documented", variant="documented")
    )
    assert table("--styled-jsx", "5.0.0") == plain_table(next_shared("server", styled_jsx="5.0.0"))
    assert table("--skip-sharing-next-internals") == {}


def test_the_head_is_the_command_that_makes_it_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own entries.json").write_text('{"lodash": "^4.0.0"}')
    options = ["--next", "14", "--variant", "documented", "--styled-jsx", "5.1.2"]
    own = ["--shared", str(tmp_path / "own entries.json")]
    found = run("share", "config", "--preset", "next", "--target", "server", *own, *options)
    command = found.out.partition("`")[2].partition("`")[0]
    assert run(*shlex.split(command)[1:]).out == found.out


def test_entries_of_the_users_own_win(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "shared.json"
    file.write_text('{"react": {"singleton": true, "requiredVersion": "^19.0.0"}, "lodash": "^4.17.0"}')
    found = run("share", "config", "--preset", "react", "--shared", file, "--json")
    assert found.json["shared"]["react"] == {"singleton": True, "requiredVersion": "^19.0.0"}
    assert [*found.json["shared"]] == ["react", "react/", "react-dom", "react-dom/", "lodash"]


@pytest.mark.node
@pytest.mark.parametrize(("words", "name"), [((), "shared.mjs"), (("--module", "commonjs"), "shared.cjs")])
def test_node_imports_what_is_printed(run: Run, tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    found = run("share", "config", "--preset", "next", "--target", "server", "--layered", *words)
    assert found.code == 0
    assert found.out.startswith("// Made by `hanse share config --preset next --target server --layered`.\n")
    (tmp_path / name).write_text(found.out)
    ask = f"""
    const {{ shared, externals }} = await import("./{name}");
    const kept = await externals[0]({{ request: "react" }});
    console.log(JSON.stringify([Object.keys(shared), "import" in shared["next/head"], kept]));
    """
    (tmp_path / "ask.mjs").write_text(ask)
    program = [str(ensure_node().program), "ask.mjs"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    keys, present, kept = json.loads(done.stdout)
    assert keys == [*next_shared("server", layered="corrected")]
    assert (present, kept) == (True, "commonjs react")


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        (["--preset", "next"], "--target"),
        (["--preset", "vue", "--next", "15"], "--next"),
        (["--preset", "vue", "--layered"], "--layered"),
        (["--preset", "vue", "--format", "js"], "--format"),
        (["--preset", "vue", "--module", "esm"], "--module"),
        (["--preset", "next", "--target", "client", "--next", "14", "--layered"], "layered"),
        (["--preset", "svelte"], ""),
        ([], ""),
    ],
)
def test_wrong_usage_is_told(run: Run, words: list[str], subject: str) -> None:
    found = run("share", "config", *words, "--json")
    assert (found.code, found.out) == (2, "")
    assert (found.problem["code"], found.problem["subject"]) == ("HANSE-USAGE", subject)


def test_faults_of_the_users_file_are_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "shared.json"
    file.write_text('{"react": {"singelton": true}}')
    found = run("share", "config", "--preset", "react", "--shared", file)
    assert found.code == 2
    assert f"{file}: at $.react" in found.err
    assert run("share", "config", "--preset", "react", "--shared", tmp_path / "none.json").code == 2


def test_the_group_lists_its_commands(run: Run) -> None:
    found = run("share", "--help")
    assert found.code == 0
    assert "config" in found.out
