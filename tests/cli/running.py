"""The command line in this process: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hanse.cli import main
from hanse.formats.remote_entry import encode_remote_entry
from hanse.resolve import Remote
from tests.resolve.federations import remote, shared

__all__ = ["Result", "Run", "make_run", "towns", "write_entry", "write_towns"]


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        return json.loads(self.err)


Run = Callable[..., Result]


def make_run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Make a function that runs one command."""

    def run(*argv: str | Path) -> Result:
        capsys.readouterr()
        code = main([str(arg) for arg in argv])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def towns() -> list[Remote]:
    """Three remotes: `cart` insists on another React, `old` would like one and gets what there is."""
    return [
        remote("shop", shared("react", "18.3.1", "^18.0.0"), shared("lodash", "4.17.21")),
        remote("home", shared("react", "18.3.0", "^18.0.0")),
        remote("cart", shared("react", "19.0.0"), shared("lodash", "4.17.0")),
        remote("old", shared("react", "17.0.2", strict=False)),
    ]


def write_entry(folder: Path, one: Remote) -> Path:
    """Write a remote's entry into a folder of its name."""
    home = folder / one.name
    home.mkdir(parents=True, exist_ok=True)
    file = home / "remoteEntry.json"
    file.write_bytes(encode_remote_entry(one.entry))
    return file


def write_towns(folder: Path, remotes: Iterable[Remote] | None = None) -> Path:
    """Write a federation into a folder; return its manifest."""
    listed = [*(towns() if remotes is None else remotes)]
    for one in listed:
        write_entry(folder, one)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({one.name: f"./{one.name}/remoteEntry.json" for one in listed}))
    return manifest
