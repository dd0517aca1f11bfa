"""`hanse share plan`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import warn, write_json, write_text
from hanse.errors import UsageError
from hanse.federation.reading import read_file
from hanse.limits import LIMITS
from hanse.share.build_options import Environment, decode_next_options
from hanse.share.build_plan import BuildPlan, plan_build
from hanse.share.presets import NextVersion, Target

__all__ = ["plan"]

Format: TypeAlias = Literal["text", "json", "js"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Found:
    """What the plugin finds in the build."""

    development: Annotated[bool, Parameter(help="The build is one for development.", negative="")] = False
    public_path: Annotated[str, Parameter(help="The build's public path.")] = "/_next/"
    chunk_filename: Annotated[
        str | None, Parameter(help="How the build names its chunks.", show_default=False)
    ] = None


USUAL = Found()


def plan(
    *,
    target: Annotated[Target, Parameter(help="Which build.")],
    options: Annotated[Path, Parameter(help="A JSON file with what the plugin is constructed with.")],
    next: Annotated[NextVersion, Parameter(help="The major version of Next.js.")] = 15,  # noqa: A002
    layered: Annotated[bool, Parameter(help="Put the entries for layers first.", negative="")] = False,
    found: Found = USUAL,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, Parameter(help="Text (the default), JavaScript or JSON.", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Print what the Next.js plugin does to a build, as steps that a build can follow.

    Args:
        target: Which build.
        options: A JSON file with what the plugin is constructed with.
        next: The major version of Next.js.
        layered: Put the entries for layers first.
        found: What the plugin finds in the build.
        format: Text (the default), JavaScript or JSON.
        json: Write JSON; errors, too.
    """
    if json and format not in (None, "json"):
        raise UsageError("JSON and another format are asked for at once", subject="--format")
    given = decode_next_options(
        read_file(options, folder=None, cap=LIMITS.config_bytes), subject=str(options)
    )
    environment = Environment(
        development=found.development,
        public_path=found.public_path,
        chunk_filename=found.chunk_filename,
    )
    made = plan_build(target, next, given, environment=environment, layered="corrected" if layered else None)
    warn(made.warnings)
    if json or format == "json":
        write_json(msgspec.to_builtins(made))
    else:
        write_text(javascript(made) if format == "js" else "\n".join(describe(made)) + "\n")
    return 0


def javascript(made: BuildPlan) -> str:
    """Write an ES module that gives the steps."""
    steps = msgspec.json.format(msgspec.json.encode(made.steps), indent=2).decode()
    head = f"// Made by `hanse share plan --target {made.target}`."
    return f"{head}\nexport const steps = {steps};\nexport default steps;\n"


def describe(made: BuildPlan) -> Iterator[str]:
    """Yield lines for people: each step, and below it what it does."""
    for number, step in enumerate(made.steps, 1):
        yield f"{number}. {step.name}: {step.purpose}"
        for effect in step.effects:
            value = "" if effect.value is None else f" {msgspec.json.encode(effect.value).decode()}"
            yield f"   {effect.action} {effect.at}{value}"
