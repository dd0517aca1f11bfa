"""`hanse share config`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import write_json, write_text
from hanse.errors import UsageError
from hanse.federation.reading import read_file
from hanse.limits import LIMITS
from hanse.share.presets import (
    Config,
    Framework,
    NextVersion,
    Own,
    Release,
    SharedTable,
    Target,
    Variant,
    decode_shared,
    framework_shared,
    javascript,
    merge_shared,
    next_shared,
    plain_config,
)
from hanse.share.presets.writing import ModuleFormat

__all__ = ["config"]

Preset: TypeAlias = Literal["next"] | Framework
Format: TypeAlias = Literal["json", "js"]


def flag(text: str) -> Parameter:
    """Make the parameter of an option that the preset `next` alone has."""
    return Parameter(help=text, negative="", show_default=False, group="With --preset next")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class NextChoice:
    """Which of the tables of Next.js."""

    next: Annotated[NextVersion | None, flag("The major version of Next.js; 15 if not given.")] = None
    variant: Annotated[
        Variant | None, flag("As the plugin's code has it (the default), or as its description does.")
    ] = None
    release: Annotated[Release | None, flag("An earlier release of the plugin.")] = None
    layered: Annotated[bool, flag("Put the entries for layers first.")] = False
    styled_jsx: Annotated[
        str | None, flag("The installed version of styled-jsx, if not the one this Next.js depends on.")
    ] = None
    skip_sharing_next_internals: Annotated[bool, flag("Leave the preset's own entries out.")] = False

    def table(self, target: Target, own: SharedTable) -> dict[str, Own]:
        """Return the finished table.

        Raises:
            UsageError: There is no such table.
        """
        variant = self.variant or "published"
        layers: Literal["corrected", "documented"] = "corrected" if variant == "published" else "documented"
        return next_shared(
            target,
            own,
            skip_sharing_next_internals=self.skip_sharing_next_internals,
            next_version=self.next or 15,
            variant=variant,
            release=self.release or "current",
            layered=layers if self.layered else None,
            styled_jsx=self.styled_jsx,
        )

    def given(self) -> list[str]:
        """Return the options that are given, each followed by its value where it has one."""
        words: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value not in (None, False):
                words.append(f"--{field.name.replace('_', '-')}")
                words += [] if value is True else [str(value)]
        return words


ANY_NEXT = NextChoice()


def config(
    *,
    preset: Annotated[Preset, Parameter(help="Whose table.")],
    target: Annotated[
        Target | None,
        Parameter(help="Which build; must be given with --preset next.", show_default=False),
    ] = None,
    shared: Annotated[
        Path | None,
        Parameter(help="A JSON file with entries of your own, which win.", show_default=False),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, Parameter(help="JavaScript (the default) or JSON.", show_default=False)
    ] = None,
    module: Annotated[
        ModuleFormat | None,
        Parameter(help="The kind of JavaScript: an ES module (the default) or CommonJS.", show_default=False),
    ] = None,
    choice: NextChoice = ANY_NEXT,
    json: Json = False,
) -> int:
    """Print the `shared` object of a preset, for a webpack or rspack configuration.

    For the server's build of Next.js the rules about externals are printed as well.

    Args:
        preset: Whose table.
        target: Which build; must be given with --preset next.
        shared: A JSON file with entries of your own, which win.
        format: JavaScript (the default) or JSON.
        module: The kind of JavaScript: an ES module (the default) or CommonJS.
        choice: Which of the tables of Next.js.
        json: Write JSON; errors, too.
    """
    if json and format == "js":
        raise UsageError("JSON and JavaScript are asked for at once", subject="--format")
    as_json = json or format == "json"
    if as_json and module:
        raise UsageError("only JavaScript comes as one kind of module or another", subject="--module")
    own = read_own(shared)
    made = Config(
        make_table(preset, target, own, choice),
        external=preset == "next" and target == "server",
        origin=origin(preset, target, shared, choice),
    )
    if as_json:
        write_json(plain_config(made))
    else:
        write_text(javascript(made, module=module or "esm"))
    return 0


def read_own(file: Path | None) -> dict[str, Own]:
    """Read the user's own entries.

    Raises:
        HanseError: The file cannot be read, or is no `shared` object.
    """
    if file is None:
        return {}
    return decode_shared(read_file(file, folder=None, cap=LIMITS.config_bytes), subject=str(file))


def make_table(preset: Preset, target: Target | None, own: SharedTable, choice: NextChoice) -> dict[str, Own]:
    """Make the finished table.

    Raises:
        UsageError: The options do not fit together.
    """
    if preset == "next":
        if target is None:
            raise UsageError(
                "the server's build and the browser's share differently",
                subject="--target",
                hint="say --target server or --target client",
            )
        return choice.table(target, own)
    if given := choice.given():
        raise UsageError("this goes with --preset next only", subject=given[0])
    return merge_shared(framework_shared(preset), own)


def origin(preset: Preset, target: Target | None, shared: Path | None, choice: NextChoice) -> str:
    """Return the command that makes the table again, for the head of the JavaScript."""
    words = [
        *("hanse", "share", "config", "--preset", preset),
        *(["--target", target] if target else []),
        *(["--shared", str(shared)] if shared else []),
        *choice.given(),
    ]
    return f"Made by `{shlex.join(words)}`."
