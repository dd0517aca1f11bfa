from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.running import Run


@contextmanager
def serving(*arguments: str, fine: bool = True) -> Iterator[str]:
    """Run `hanse serve`, give its address, and end it at the signal; it is silent where all is `fine`."""
    program = [sys.executable, "-m", "hanse", "serve", *arguments, "--port", "0", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
    assert (process.returncode, err == b"") == (0, fine)


def get(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        body: bytes = answer.read()
        return body


def refreshes(url: str) -> int:
    """Return how many refreshes have been counted."""
    lines = get(f"{url}metrics").decode().splitlines()
    return next(
        int(float(line.split()[1])) for line in lines if line.startswith("hanse_refresh_seconds_count")
    )


def wait_for_refreshes(url: str, number: int) -> bool:
    """Wait ten seconds at most for so many refreshes."""
    ends = time.monotonic() + 10
    while refreshes(url) < number and time.monotonic() < ends:
        time.sleep(0.05)
    return refreshes(url) >= number


def write_toml(manifest: Path, *lines: str) -> Path:
    """Write a `hanse.toml` beside a manifest."""
    toml = manifest.parent / "hanse.toml"
    toml.write_text("\n".join(["[federation]", f'manifest = "{manifest.name}"', *lines, ""]))
    return toml


def test_serves_until_it_is_told_to_stop(manifest: Path) -> None:
    with serving(str(manifest.parent)) as url:
        get(f"{url}healthz")


def test_a_hanse_toml_says_how_it_is_served(manifest: Path) -> None:
    toml = write_toml(manifest, 'policy = "compatible"', "refresh = 0.05", 'cache_folder = "kept"')
    with serving(str(toml)) as url:
        assert wait_for_refreshes(url, 3)
        assert json.loads(get(f"{url}snapshot.json"))["policy"] == "compatible"
    assert [*(manifest.parent / "kept").iterdir()]


def test_an_option_counts_before_the_hanse_toml(manifest: Path) -> None:
    toml = write_toml(manifest, 'policy = "coherent"', "refresh = 0", 'cache_folder = "kept"')
    options = ["--policy", "compatible", "--refresh", "0.05", "--cache-folder", "mine"]
    with serving(str(toml), *options) as url:
        assert wait_for_refreshes(url, 3)
        assert json.loads(get(f"{url}snapshot.json"))["policy"] == "compatible"
    assert [*Path("mine").iterdir()]
    assert not (manifest.parent / "kept").exists()


def test_what_is_not_given_stays_as_the_hanse_toml_has_it(run: Run, manifest: Path) -> None:
    toml = write_toml(manifest, "[federation.options]", "strict_remote_entry = true")
    (manifest.parent / "cart" / "remoteEntry.json").unlink()
    found = run("serve", toml, "--port", "0", "--policy", "compatible", "--latest-shared-external")
    assert found.code == 2
    assert "strict_remote_entry is set" in found.err
    with serving(str(toml), "--strict-remote-entry=false", fine=False) as url:
        assert json.loads(get(f"{url}snapshot.json"))["totals"]["failed"] == 1


@pytest.mark.parametrize("option", [["--refresh=-1"], ["--allow-origin", "https://cdn.example"]])
def test_what_cannot_be_is_refused(run: Run, manifest: Path, option: list[str]) -> None:
    found = run("serve", write_toml(manifest), "--port", "0", *option)
    assert found.code == 2
    assert found.err.startswith("hanse: ")


def test_remote_entries_alone_cannot_be_served(run: Run, manifest: Path) -> None:
    found = run("serve", manifest.parent / "cart")
    assert found.code == 2
    assert found.err.startswith("hanse: ")


def test_without_a_manifest_there_is_nothing_to_serve(run: Run, tmp_path: Path) -> None:
    found = run("serve", tmp_path / "nope.json", "--port", "0")
    assert found.code == 2
    assert "nope.json" in found.err
