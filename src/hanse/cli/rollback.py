"""`hanse rollback`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import visible, write_json, write_text
from hanse.errors import HanseError, UsageError
from hanse.limits import LIMITS
from hanse.stream.published import RECORD_FILE, Rolled, read_record, record_folder, roll_back

__all__ = ["rollback"]

# Where a publisher's records are, seen from the folder of a project or from the one above.
PLACES: Final = ("*.published", "dist/*.published", "*/*.published", "*/dist/*.published")
ENDING: Final = ".published"


def rollback(
    target: Annotated[str, Parameter(help="The folder that is published, or the name of a remote below.")],
    *,
    to: Annotated[
        str | None,
        Parameter(help="A version or the beginning of a digest (the build before).", show_default=False),
    ] = None,
    record: Annotated[
        Path | None,
        Parameter(help="Where the publisher writes down what it publishes.", show_default=False),
    ] = None,
    json: Json = False,
) -> int:
    """Publish the last build's modules again, under a new serial, in place of what is in the folder.

    A publisher that runs notices within a second. The next build that is put into the folder is published as
    usual.

    Args:
        target: The folder that is published, or the name of a remote that is published from below this one.
        to: The version, or the beginning of the digest, of the build to go back to.
        record: Where the publisher writes down what it publishes; beside the folder if not given.
        json: Write JSON; errors, too.

    Raises:
        HanseError: Nothing was published there, or no older build is kept.
    """
    folder, place = find(target, record)
    rolled = roll_back(folder, place, to=to)
    if json:
        write_json(msgspec.to_builtins(rolled))
    else:
        write_text(visible(render(rolled)))
    return 0


def find(target: str, record: Path | None) -> tuple[Path, Path]:
    """Return the folder of a build, and where it is written down what was published of it.

    Raises:
        UsageError: There is no such folder, and no remote of this name, or several.
    """
    folder = Path(target)
    if folder.is_dir() or record is not None:
        return folder, record or record_folder(folder)
    found = sorted({place for place in records(Path()) if name_of(place) == target})
    if len(found) == 1:
        return found[0].with_name(found[0].name.removesuffix(ENDING)), found[0]
    if found:
        folders = ", ".join(str(place).removesuffix(ENDING) for place in found)
        raise UsageError(
            "it is published from several folders", subject=target, hint=f"name one of {folders}"
        )
    raise UsageError(
        "there is no folder of this name, and no remote that was published from below this one",
        subject=target,
        hint="name the folder that is published, as dist/server",
    )


def records(start: Path) -> Iterator[Path]:
    """Yield the folders in which publishers have written down what they publish."""
    for pattern in PLACES:
        yield from (place for place in start.glob(pattern) if (place / RECORD_FILE).is_file())


def name_of(place: Path) -> str | None:
    """Return the remote that was published; None where that cannot be read."""
    try:
        found = read_record(place, LIMITS)
    except (HanseError, OSError):
        return None
    return None if found is None else found.name


def render(rolled: Rolled) -> str:
    """Say what is published now."""
    return (
        f"{rolled.name}: version {rolled.version} is published again, serial {rolled.serial} "
        f"({rolled.build[:23]}, in place of {rolled.replaced[:23]})"
    )
