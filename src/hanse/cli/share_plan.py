"""`hanse share plan`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import visible, warn, write_json, write_text
from hanse.errors import UsageError
from hanse.federation.reading import read_file
from hanse.limits import LIMITS
from hanse.share.build_options import Environment, NextOptions, decode_next_options
from hanse.share.build_plan import BuildPlan, plan_build
from hanse.share.presets import NextVersion, Target, Variant
from hanse.share.presets.externals import Detection, ExternalKind
from hanse.share.presets.next_layers import Layered

__all__ = ["plan"]

Format: TypeAlias = Literal["text", "json", "js"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the plugin finds in the build."""

    development: Annotated[bool, Parameter(help="The build is one for development.", negative="")] = False
    public_path: Annotated[str, Parameter(help="The build's public path.")] = "/_next/"
    chunk_filename: Annotated[
        str | None, Parameter(help="How the build names its chunks.", show_default=False)
    ] = None
    app_dir: Annotated[bool, Parameter(help="The app directory is in use.", negative="")] = False
    pages: Annotated[
        tuple[str, ...],
        Parameter(
            help="A file of the pages folder, as pages/index.tsx; once for each.",
            negative="",
            show_default=False,
        ),
    ] = ()
    externals: Annotated[
        tuple[ExternalKind, ...],
        Parameter(
            help="What an item of the build's externals is; once for each. One function, if not given.",
            negative="",
            show_default=False,
        ),
    ] = ()

    def environment(self) -> Environment:
        """Return it as `plan_build` takes it."""
        return Environment(
            development=self.development,
            public_path=self.public_path,
            chunk_filename=self.chunk_filename,
            app_dir=self.app_dir,
            pages=self.pages,
            externals=self.externals or ("function",),
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which plugin: whose version of Next.js, and what it is known to do."""

    next: Annotated[NextVersion, Parameter(help="The major version of Next.js.")] = 15
    variant: Annotated[
        Variant, Parameter(help="The plugin as its code has it, or as its description does.")
    ] = "published"
    layered: Annotated[bool, Parameter(help="Put the entries for layers first.", negative="")] = False
    styled_jsx: Annotated[
        str | None,
        Parameter(
            help="The installed version of styled-jsx, if not the one this Next.js depends on.",
            show_default=False,
        ),
    ] = None
    detection: Annotated[
        Detection | None,
        Parameter(
            help="Where the function that decides about externals is looked for: anywhere, or first.",
            show_default=False,
        ),
    ] = None

    def plan(self, target: Target, given: NextOptions, environment: Environment) -> BuildPlan:
        """Plan the build.

        Raises:
            HanseError: The plugin would refuse.
        """
        layers: Layered = "corrected" if self.variant == "published" else "documented"
        return plan_build(
            target,
            self.next,
            given,
            environment=environment,
            variant=self.variant,
            layered=layers if self.layered else None,
            styled_jsx=self.styled_jsx,
            detection=self.detection,
        )


USUAL = Surroundings()
ANY = Choice()


def plan(
    *,
    target: Annotated[Target, Parameter(help="Which build.")],
    options: Annotated[Path, Parameter(help="A JSON file with what the plugin is constructed with.")],
    choice: Choice = ANY,
    found: Surroundings = USUAL,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, Parameter(help="Text (the default), JavaScript or JSON.", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Print what the Next.js plugin does to a build, as steps that a build can follow.

    Args:
        target: Which build.
        options: A JSON file with what the plugin is constructed with.
        choice: Which plugin.
        found: What the plugin finds in the build.
        format: Text (the default), JavaScript or JSON.
        json: Write JSON; errors, too.
    """
    if json and format not in (None, "json"):
        raise UsageError("JSON and another format are asked for at once", subject="--format")
    given = decode_next_options(
        read_file(options, folder=None, cap=LIMITS.config_bytes), subject=str(options)
    )
    made = choice.plan(target, given, found.environment())
    warn(made.warnings)
    if json or format == "json":
        write_json(msgspec.to_builtins(made))
    else:
        words = ["--target", target, "--options", str(options), *words_of(choice), *words_of(found)]
        write_text(javascript(made, words) if format == "js" else "\n".join(describe(made)) + "\n")
    return 0


def words_of(options: Choice | Surroundings) -> Iterator[str]:
    """Yield the options that are given, each followed by its value where it has one."""
    for field in fields(options):
        value = getattr(options, field.name)
        if value == field.default:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            yield f"--{field.name.replace('_', '-')}"
            if one is not True:
                yield str(one)


def javascript(made: BuildPlan, words: Iterable[str]) -> str:
    """Write an ES module that gives the steps, with the command that makes it again."""
    steps = msgspec.json.format(msgspec.json.encode(made.steps), indent=2).decode()
    command = shlex.join(["hanse", "share", "plan", *words, "--format", "js"])
    # A line break in a name would end the comment.
    head = f"// Made by `{visible(command)}`."
    return f"{head}\nexport const steps = {steps};\nexport default steps;\n"


def describe(made: BuildPlan) -> Iterator[str]:
    """Yield lines for people: each step, and below it what it does."""
    for number, step in enumerate(made.steps, 1):
        yield f"{number}. {step.name}: {step.purpose}"
        for effect in step.effects:
            value = "" if effect.value is None else f" {msgspec.json.encode(effect.value).decode()}"
            yield f"   {effect.action} {effect.at}{value}"
