"""`hanse build`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.apps.build import Built, build_app
from hanse.apps.dev.workshop import Workshop, build_again
from hanse.apps.project import open_project
from hanse.cli.failing import tell_failure
from hanse.cli.options import Json, Quiet
from hanse.cli.output import visible, write_bytes, write_error, write_json, write_text
from hanse.errors import BuildError

__all__ = ["build"]


def build(
    folder: Annotated[Path, Parameter(help="The app's folder, with its hanse.toml.")] = Path(),
    *,
    development: Annotated[
        bool, Parameter(negative="", help="Leave names as they are, and React's warnings in.")
    ] = False,
    watch: Annotated[
        bool, Parameter(negative="", help="Build again whenever a file changes, until Ctrl-C.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Build an app: `dist/browser` is what browsers load, `dist/server` what is streamed to servers.

    Packages that are shared and modules of other apps are left to the import map. Two builds of the same
    sources are the same, byte for byte.

    Args:
        folder: The app's folder, with its hanse.toml.
        development: Leave names as they are, and React's warnings in.
        watch: Build again whenever a file changes, until Ctrl-C.
        quiet: Write no warnings.
        json: Write sizes and times as JSON; errors, too.

    Raises:
        HanseError: The app cannot be read or bundled; each problem has its file, line and column.
    """
    if watch:
        return build_and_watch(folder, production=not development, as_json=json)
    project = open_project(folder, None)
    if not json:
        write_text(visible(f"{project.name}: building {len(project.pages.all)} pages"))
    try:
        built = build_app(project, production=not development)
    except BuildError as error:
        if json:
            raise
        return tell_mistakes(error)
    if not quiet:
        for warning in built.warnings:
            write_error(visible(str(warning)))
    if json:
        write_json(msgspec.to_builtins(as_document(built)))
        return 0
    for place, size in built.sizes.items():
        write_text(f"{place}: {size.files} files, {size.bytes / 1000:.1f} kB")
    write_text(visible(f"{project.name}: built in {built.seconds:.1f} s"))
    return 0


def build_and_watch(folder: Path, *, production: bool, as_json: bool) -> int:
    """Build again and again until it is interrupted.

    Raises:
        HanseError: It cannot be built at all.
    """

    def tell(line: str) -> None:
        if as_json:
            write_bytes(msgspec.json.encode({"text": line}))
        else:
            write_text(visible(line))

    workshop = Workshop(folder, lambda: open_project(folder, None), production=production)
    asyncio.run(build_again(workshop, tell))
    return 0


def tell_mistakes(error: BuildError) -> int:
    """Write what is wrong in the sources, each with its place and its line; return the exit code."""
    for mistake in error.mistakes:
        for line in str(mistake).splitlines():
            write_error(visible(line))
    return tell_failure(BuildError(error.message, subject=error.subject, hint=error.hint), as_json=False)


def as_document(built: Built) -> dict[str, object]:
    """Return a build's account as JSON has it."""
    sizes = {place: {"files": size.files, "bytes": size.bytes} for place, size in built.sizes.items()}
    return {
        "seconds": round(built.seconds, 3),
        "folders": sizes,
        "warnings": [str(one) for one in built.warnings],
    }
