"""`--check`: it says what it saw, and its exit code tells whether that was right."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from examples.basic import visit
from examples.basic.remotes import serve_app
from examples.basic.serve import check
from scripts.build_examples import build_examples

pytestmark = [pytest.mark.browser, pytest.mark.node]

DEMO = [sys.executable, "-m", "examples.basic.serve"]


def test_the_demo_drives_itself() -> None:
    build_examples()
    done = subprocess.run([*DEMO, "--check"], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "exactly one React is loaded: http://127.0.0.1:" in done.stdout
    assert done.stdout.count("  ok  ") == 16
    assert done.stdout.endswith("demo: all as it should be\n")


def test_the_page_of_containers_drives_itself() -> None:
    build_examples()
    command = [sys.executable, "-m", "examples.containers.serve", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("  ok  ") == 10
    assert done.stdout.endswith("containers: all as it should be\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_everything(number: signal.Signals) -> None:
    build_examples()
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "demo: Ctrl-C ends it\n":
            assert line.startswith("demo: ")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "demo: ended\n", "")


def test_a_page_without_components_is_not_as_it_should_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "PATIENCE", 500)
    empty = Starlette(routes=[Route("/", lambda _: HTMLResponse("<title>nothing</title>"))])
    with serve_app(empty, 8360) as url:
        assert check(url) is False
    assert re.search(r"^  NOT .*Timeout", capsys.readouterr().out, re.MULTILINE)
