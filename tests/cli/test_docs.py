from __future__ import annotations

import importlib
import inspect
import re

import pytest

from hanse.cli import COMMANDS, make_app
from hanse.resolve.finding import Kind
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text()


def leaves() -> list[str]:
    """Return every command that does something; those of a group are named `group command`."""
    app = make_app()
    return [
        leaf
        for name in COMMANDS
        for leaf in ([f"{name} {one}" for one in app[name] if one[0] != "-"] or [name])
    ]


def options(command: str) -> set[str]:
    """Return every option a command takes; MANIFEST and the like may also be given by name."""
    app = make_app()
    for word in command.split():
        app = app[word]
    arguments = app.assemble_argument_collection(parse_docstring=False)
    words = command.split()
    function = getattr(importlib.import_module(f"hanse.cli.{'_'.join(words)}"), words[-1])
    positional = {
        f"--{name}"
        for name, item in inspect.signature(function).parameters.items()
        if item.kind is not inspect.Parameter.KEYWORD_ONLY
    }
    return {name for item in arguments for name in item.names if name.startswith("--")} - positional


def section(command: str) -> str:
    """Return what the page says about a command, and about what several have in common."""
    shared, *parts = re.split(r"^## hanse ", PAGE, flags=re.MULTILINE)
    return shared + next(part for part in parts if part.startswith(f"{command}\n"))


@pytest.mark.parametrize("command", leaves())
def test_every_command_is_documented_with_every_option(command: str) -> None:
    text = section(command)
    found = options(command)
    assert "--json" in found
    assert [one for one in sorted(found) if not re.search(rf"`{one}[` ]", text)] == []


def test_no_option_is_documented_that_is_not_there() -> None:
    general = {"--help", "--version", "--manifest"}
    known = general.union(*(options(command) for command in leaves()))
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", PAGE))
    assert shown - known == set()


def test_every_exit_code_is_documented() -> None:
    assert [code for code in (0, 1, 2, 130, 141) if f"\n| {code} |" not in PAGE] == []


def test_every_kind_of_finding_is_documented() -> None:
    assert [kind for kind in Kind.__args__ if f"`{kind}`" not in PAGE] == []  # type: ignore[attr-defined]
