from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.running import Run


def test_serves_until_it_is_told_to_stop(manifest: Path) -> None:
    program = [sys.executable, "-m", "hanse", "serve", str(manifest.parent), "--port", "0", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with urlopen(f"{url}healthz", timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("option", [["--refresh", "5"], ["--cache-folder", "x"], ["--policy", "compatible"]])
def test_a_hanse_toml_says_itself_how_it_is_served(run: Run, manifest: Path, option: list[str]) -> None:
    toml = manifest.parent / "hanse.toml"
    toml.write_text('[federation]\nmanifest = "manifest.json"\n')
    found = run("serve", toml, *option)
    assert found.code == 2
    assert "in [federation]" in found.err


def test_remote_entries_alone_cannot_be_served(run: Run, manifest: Path) -> None:
    found = run("serve", manifest.parent / "cart")
    assert found.code == 2
    assert found.err.startswith("hanse: ")


def test_without_a_manifest_there_is_nothing_to_serve(run: Run, tmp_path: Path) -> None:
    found = run("serve", tmp_path / "nope.json", "--port", "0")
    assert found.code == 2
    assert "nope.json" in found.err
