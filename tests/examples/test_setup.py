"""The set-up scripts: what is built anew and when, and which tools they find."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.build_examples import digest_sources, is_built
from scripts.find_chromium import find_chromium
from scripts.node import ToolError, find_node, install_packages, run_npm

FIND_PYTHON = Path(__file__).resolve().parents[2] / "scripts" / "find_python.sh"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A folder that looks like a remote which has just been built."""
    for name, text in {
        "package.json": "{}",
        "src/Card.tsx": "export {}",
        "dist/remoteEntry.json": "{}",
        "node_modules/react/index.js": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "node_modules" / ".built").write_text(digest_sources(tmp_path))
    return tmp_path


def write_program(folder: Path, name: str, output: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_an_untouched_remote_is_not_built_again(remote: Path) -> None:
    (remote / "node_modules" / "react" / "index.js").write_text("changed")
    assert is_built(remote)


@pytest.mark.parametrize("name", ["package.json", "src/Card.tsx", "src/New.tsx"])
def test_a_changed_source_is_built_again(remote: Path, name: str) -> None:
    (remote / name).write_text("changed")
    assert not is_built(remote)


def test_a_renamed_source_is_built_again(remote: Path) -> None:
    (remote / "src" / "Card.tsx").rename(remote / "src" / "Cart.tsx")
    assert not is_built(remote)


def test_a_lost_build_is_built_again(remote: Path) -> None:
    (remote / "dist" / "remoteEntry.json").unlink()
    assert not is_built(remote)


@pytest.mark.parametrize("entry", ["mf-manifest.json", "web/mf-manifest.json"])
def test_a_container_is_built_where_its_manifest_is_there(remote: Path, entry: str) -> None:
    (remote / "dist" / "web").mkdir()
    (remote / "dist" / "remoteEntry.json").rename(remote / "dist" / entry)
    (remote / "shared.generated.mjs").write_text("written by the build itself")
    assert is_built(remote)


@pytest.mark.parametrize(
    ("version", "fits"), [("v18.20.0", False), ("v20.18.1", False), ("v22.11.0", False), ("v24.1.0", True)]
)
def test_an_old_node_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    program = write_program(tmp_path, "node", version)
    write_program(tmp_path, "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_node()
    assert (found is not None and found.program == program) is fits


@pytest.mark.node
def test_a_failing_npm_names_its_folder(tmp_path: Path) -> None:
    node = find_node()
    assert node is not None
    (tmp_path / "package.json").write_text('{"scripts": {"build": "exit 3"}}')
    (tmp_path / "package-lock.json").write_text("{}")
    with pytest.raises(ToolError, match=r"npm run build failed with exit code 3"):
        run_npm(node, ["run", "build"], tmp_path)
    (tmp_path / "package.json").write_text("not JSON")
    with pytest.raises(ToolError, match=r"npm ci .*failed"):
        install_packages(tmp_path, node)


def test_the_named_chromium_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = write_program(tmp_path, "my-chromium", "")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert find_chromium() == named


def test_a_chromium_without_windows_comes_before_one_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    whole = write_program(tmp_path, "chromium", "")
    assert find_chromium() == whole
    shell = write_program(tmp_path, "chromium-headless-shell", "")
    assert find_chromium() == shell


def test_no_chromium_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert find_chromium() is None


def test_a_python_is_found_by_name_and_an_old_one_refused(tmp_path: Path) -> None:
    (tmp_path / "python3.10").symlink_to("/bin/false")
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYENV_ROOT": str(tmp_path),
    }

    def find(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", FIND_PYTHON, name], env=environment, capture_output=True, text=True, check=False
        )

    assert Path(find(sys.executable).stdout.strip()) == Path(sys.executable)
    refused = find("python3.10")
    assert refused.returncode == 1
    assert "no Python 3.11 or later found as python3.10" in refused.stderr
