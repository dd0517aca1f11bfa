"""`hanse lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.failing import CANNOT, FOUND, tell_failure
from hanse.cli.options import Json
from hanse.cli.output import unicode, visible, write_json, write_text
from hanse.errors import HanseError
from hanse.federation.reading import read_file
from hanse.formats import lint as analysis
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_places import manifest_reference
from hanse.formats.mf_structs import MfManifest
from hanse.limits import LIMITS

__all__ = ["lint"]


class Linted(msgspec.Struct, frozen=True):
    """A file, what it was taken for, and its faults."""

    file: str
    kind: analysis.Kind
    faults: list[analysis.Fault]


def lint(
    files: Annotated[list[Path], Parameter(help="The files.", negative="")],
    /,
    *,
    kind: Annotated[
        analysis.Kind | None,
        Parameter(help="What they are; guessed from name and content if not given.", show_default=False),
    ] = None,
    server: Annotated[
        Path | None,
        Parameter(
            help="The manifest of a container's build for servers, or its folder, to compare with.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Report every fault of manifests, remote entries, import maps and hanse.toml files.

    The exit code is 1 where there is an error; warnings alone leave it at 0.

    Args:
        files: The files.
        kind: What they are; guessed from name and content if not given.
        server: The manifest of a container's build for servers, or its folder, to compare with.
        json: Write JSON; errors, too.

    Raises:
        HanseError: The manifest of the build for servers cannot be used.
    """
    beside = None if server is None else read_server(server)
    linted, unread = [], False
    for file in files:
        try:
            linted.append(lint_file(file, kind, beside))
        except HanseError as error:
            unread = True
            tell_failure(error, as_json=json)
    errors = sum(fault.severity == "error" for one in linted for fault in one.faults)
    warnings = sum(len(one.faults) for one in linted) - errors
    if json:
        write_json({"files": linted, "errors": errors, "warnings": warnings})
    else:
        write_text(render(linted, errors, warnings))
    return CANNOT if unread else FOUND if errors else 0


def read_server(file: Path) -> tuple[MfManifest, str]:
    """Read the manifest of a build for servers.

    Raises:
        HanseError: It cannot be had, or is none.
    """
    whole = Path(manifest_reference(str(file)))
    data = read_file(whole, folder=None, cap=LIMITS.remote_entry_bytes)
    return decode_mf_manifest(data, subject=str(whole)), f"./{whole.name}"


def lint_file(file: Path, kind: analysis.Kind | None, server: tuple[MfManifest, str] | None = None) -> Linted:
    """Report the faults of one file.

    Raises:
        HanseError: It cannot be read.
    """
    # More than any kind may have: the linter itself says by how much a document is too large.
    data = read_file(file, folder=None, cap=2 * LIMITS.import_map_bytes)
    chosen = kind or analysis.guess_kind(data, str(file))
    beside = server if chosen == "mf-manifest" else None
    faults = analysis.lint(data, subject=str(file), kind=chosen, server=beside)
    return Linted(unicode(str(file)), chosen, faults)


def render(linted: list[Linted], errors: int, warnings: int) -> str:
    """Write faults for people, one a line, as compilers do."""
    lines = [line(one.file, fault) for one in linted for fault in one.faults]
    files = "1 file" if len(linted) == 1 else f"{len(linted)} files"
    return visible("\n".join([*lines, f"{files}, {count(errors, 'error')}, {count(warnings, 'warning')}"]))


def line(file: str, fault: analysis.Fault) -> str:
    """Write one fault."""
    place = file if fault.line is None else f"{file}:{fault.line}"
    text = f"{place}: {fault.severity}: at {fault.path}: {fault.message}"
    if fault.expected:
        text += f" (found {fault.found or 'nothing'}, expected {fault.expected})"
    elif fault.found:
        text += f" (found {fault.found})"
    return f"{text}\n  hint: {fault.hint}" if fault.hint else text


def count(number: int, noun: str) -> str:
    """Write a number and its noun."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
