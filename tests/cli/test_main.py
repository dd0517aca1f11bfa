from __future__ import annotations

import io
import json
import logging
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import hanse.cli
import hanse.cli.output
from hanse import __version__
from hanse.cli import COMMANDS, main, make_app
from hanse.cli.output import progress, visible
from tests.cli.running import Run
from tests.house.source import ROOT

PROGRAM = [sys.executable, "-m", "hanse"]


def test_the_entry_point_is_main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"hanse": "hanse.cli:main"}


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"hanse {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(run: Run, command: str) -> None:
    found = run(command, "--help")
    assert found.code == 0
    assert found.out.startswith(f"Usage: hanse {command}")
    assert "--json" in found.out
    assert found.err == ""


def test_help_lists_every_command_and_the_exit_codes(run: Run) -> None:
    found = run("--help")
    assert re.findall(r"^│ ([a-z]+) {2,}", found.out, re.MULTILINE) == sorted(COMMANDS)
    assert "Exit codes: 0" in found.out


def test_help_loads_no_command() -> None:
    code = "import sys, hanse.cli as c; c.main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    for module in ("httpx2", "starlette", "asyncio", "hanse.resolve", "hanse.federation", "hanse.web"):
        assert f"'{module}'" not in found.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["reslve"], 'Did you mean "resolve"?'),
        (["resolve", "--polcy", "x"], "Did you mean --policy?"),
        (["resolve", "--policy", "x"], "coherent"),
        (["explain"], "nothing is to be explained"),
        (["check", "--candidate"], "requires an argument"),
        (["serve", "--port", "x"], "--port"),
        (["resolve", "a", "b"], "b"),
    ],
)
def test_wrong_usage_is_one_line(run: Run, argv: list[str], said: str) -> None:
    found = run(*argv)
    assert found.code == 2
    assert found.out == ""
    assert found.err.startswith("hanse: ")
    assert said in found.err
    assert found.err.count("\n") == 1
    assert run(*argv, "--json").problem["code"] == "HANSE-USAGE"


def test_an_error_cannot_drive_the_terminal(run: Run, manifest: Path) -> None:
    found = run("explain", "re\x1b[31mact\x07\n", manifest)
    assert found.code == 2
    assert "\\x1b[31m" in found.err
    assert "\x1b" not in found.err
    assert found.err.count("\n") == 1


def test_arguments_that_are_no_text_are_told_all_the_same(run: Run, manifest: Path) -> None:
    assert run("explain", "\udcff", manifest).err.startswith("hanse: \\udcff: ")
    assert run("explain", "\udcff", manifest, "--json").problem["subject"] == "\\udcff"
    assert run("lint", "\udcff").code == 2


def test_the_librarys_log_stays_off_the_terminal(run: Run, manifest: Path) -> None:
    manifest.write_text(json.dumps({"gone": "./gone/remoteEntry.json"}))
    before = list(logging.getLogger("hanse").handlers)
    found = run("resolve", manifest)
    assert found.err.count("\n") == 1
    assert logging.getLogger("hanse").handlers == before


def test_an_interrupt_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hanse.cli.resolve.load", interrupt)
    found = run("resolve")
    assert (found.code, found.out, found.err) == (130, "", "")


def test_a_signal_is_quiet() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "replay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"x\n")
    process.stdin.flush()
    assert b'"id":null' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")


def test_a_pipe_that_is_closed_is_no_error(manifest: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "graph", str(manifest)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 141


def test_the_program_exits_with_the_code(manifest: Path) -> None:
    fine = subprocess.run(
        [*PROGRAM, "resolve", str(manifest), "-q"], capture_output=True, timeout=60, check=False
    )
    assert (fine.returncode, fine.stderr) == (0, b"")
    assert json.loads(fine.stdout)["imports"]
    wrong = subprocess.run([*PROGRAM, "resolve", "nope.json"], capture_output=True, timeout=60, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, b"")


def test_output_can_be_a_plain_text_stream(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["resolve", str(manifest), "-q"]) == 0
    assert json.loads(out.getvalue())["imports"]


def test_without_arguments_the_help_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["hanse"])
    assert main() == 0
    assert make_app().name == ("hanse",)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, patience: float) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(hanse.cli.output, "PATIENCE", patience)
    with progress("fetching \x1b everything"):
        deadline = time.monotonic() + 5
        while "fetching" not in stream.getvalue() and time.monotonic() < deadline and patience < 1:
            time.sleep(0.01)
            if not stream.isatty():
                break
    return stream.getvalue()


def test_what_takes_long_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch(monkeypatch, Terminal(), patience=0.01)
    assert "fetching \\x1b everything" in shown


def test_what_is_quick_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch(monkeypatch, Terminal(), patience=60) == ""


def test_no_progress_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch(monkeypatch, io.StringIO(), patience=0.01) == ""


def test_visible_keeps_what_can_be_seen() -> None:
    assert visible("Hafen 港\n") == "Hafen 港\n"
    assert visible("\x1b\x00\u202e\ud800") == "\\x1b\\x00\\u202e\\ud800"


def test_many_warnings_are_counted(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    hanse.cli.output.warn(f"line {number}" for number in range(105))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 101
    assert lines[-1] == "warning: and 5 more"
