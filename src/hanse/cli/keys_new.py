"""`hanse keys new`."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import visible, write_json, write_text
from hanse.errors import UsageError
from hanse.names import check_remote_name
from hanse.stream.key_files import KeyFile, write_key_file
from hanse.stream.keys import KEY_BYTES, key_id, write_key
from hanse.stream.signing import public_key

__all__ = ["new"]


def new(
    remote: Annotated[str, Parameter(help="The remote's name.")],
    *,
    file: Annotated[
        Path | None,
        Parameter(help="Where to write them (the remote's name, and `.keys`).", show_default=False),
    ] = None,
    json: Json = False,
) -> int:
    """Make the keys of a remote, in a file that you alone may read, and say what goes where.

    A file that is there is never overwritten; `hanse keys rotate` replaces a key in it.

    Args:
        remote: The remote's name.
        file: Where to write them.
        json: Write JSON; errors, too.

    Raises:
        HanseError: The name is none, or the file is there already.
    """
    check_remote_name(remote, subject="hanse keys new")
    place = file or Path(f"{re.sub(r'[^A-Za-z0-9._-]', '-', remote)}.keys")
    if place.exists():
        raise UsageError(
            "this file is there already", subject=str(place), hint="`hanse keys rotate` keeps it"
        )
    made = KeyFile((secrets.token_bytes(KEY_BYTES),), (secrets.token_bytes(KEY_BYTES),))
    write_key_file(place, made)
    public = public_key(made.private)
    facts = {
        "file": str(place),
        "remote": remote,
        "key_id": key_id(made.shared[0]),
        "public_key": write_key(public, "public"),
        "public_key_id": key_id(public),
        "variable": variable_of(remote),
    }
    if json:
        write_json(facts)
    else:
        write_text(visible(render(facts)))
    return 0


def variable_of(remote: str) -> str:
    """Return the name of an environment variable for a remote's shared key."""
    return re.sub(r"[^A-Za-z0-9]", "_", remote).upper() + "_KEY"


def render(facts: dict[str, str]) -> str:
    """Say what goes where."""
    remote = facts["remote"]
    table = remote if re.fullmatch(r"[A-Za-z0-9_-]+", remote) else f'"{remote}"'
    return f"""{facts["file"]}: two keys for `{remote}`. You alone may read it; keep it out of the repository.

The remote publishes with it:

    keys = read_key_file("{facts["file"]}")
    publisher = Publisher.from_folder("dist/server", key=keys.ring, private_key=keys.private)

Each consumer's hanse.toml:

    [remotes.{table}]
    server = "https://..."
    key = "env:{facts["variable"]}"
    public_key = "{facts["public_key"]}"

{facts["variable"]} is the shared key: `hanse keys show {facts["file"]} --secret` prints it."""
