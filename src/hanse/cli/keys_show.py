"""`hanse keys show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypedDict

from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import write_json, write_text
from hanse.stream.key_files import KeyFile, read_key_file
from hanse.stream.keys import key_id, write_key
from hanse.stream.signing import public_key

__all__ = ["show"]


class Row(TypedDict, total=False):
    """One key, as it is shown: `key` only where secrets are asked for, `public_key` of those that sign."""

    id: str
    in_use: bool
    key: str
    public_key: str


def show(
    file: Annotated[Path, Parameter(help="A file of keys.")],
    *,
    secret: Annotated[
        bool, Parameter(help="Show the shared keys themselves, which consumers need.", negative="")
    ] = False,
    json: Json = False,
) -> int:
    """Show the ids of a file's keys, and the public halves of those that sign; private keys never.

    Args:
        file: A file of keys.
        secret: Show the shared keys themselves.
        json: Write JSON; errors, too.

    Raises:
        HanseError: It is none, or others may read it.
    """
    found = read_key_file(file)
    shared, signing = shared_rows(found, secret=secret), signing_rows(found)
    if json:
        write_json({"file": str(file), "shared": shared, "signing": signing})
        return 0
    lines = [f"shared   {row['id']}  {use(row)}  {row.get('key', '')}".rstrip() for row in shared]
    lines += [f"signing  {row['id']}  {use(row)}  {row['public_key']}" for row in signing]
    write_text("\n".join(lines))
    return 0


def shared_rows(keys: KeyFile, *, secret: bool) -> list[Row]:
    """Describe the shared keys."""
    rows = [Row(id=key_id(key), in_use=place == 0) for place, key in enumerate(keys.shared)]
    if secret:
        for row, key in zip(rows, keys.shared, strict=True):
            row["key"] = write_key(key, "key")
    return rows


def signing_rows(keys: KeyFile) -> list[Row]:
    """Describe the keys that sign, by their public halves."""
    halves = [public_key(key) for key in keys.signing]
    return [
        Row(id=key_id(half), in_use=place == 0, public_key=write_key(half, "public"))
        for place, half in enumerate(halves)
    ]


def use(row: Row) -> str:
    """Say whether a key is in use."""
    return "in use" if row["in_use"] else "kept  "
