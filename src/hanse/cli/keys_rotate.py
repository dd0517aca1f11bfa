"""`hanse keys rotate`."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import visible, write_json, write_text
from hanse.errors import UsageError
from hanse.limits import LIMITS
from hanse.stream.key_files import KeyFile, read_key_file, write_key_file
from hanse.stream.keys import KEY_BYTES, key_id, write_key
from hanse.stream.signing import public_key

__all__ = ["rotate"]


def rotate(
    file: Annotated[Path, Parameter(help="A file of keys.")],
    *,
    signing: Annotated[
        bool, Parameter(help="Replace the key that signs, and not the shared one.", negative="")
    ] = False,
    kept: Annotated[int, Parameter(help="How many of the earlier keys stay.")] = 1,
    json: Json = False,
) -> int:
    """Put a new key in use, and keep the old one for as long as somebody still uses it.

    Args:
        file: A file of keys.
        signing: Replace the key that signs.
        kept: How many of the earlier keys stay; 0 where a key was lost to somebody.
        json: Write JSON; errors, too.

    Raises:
        HanseError: It is no file of keys, has no key of that kind, or others may read it.
    """
    if not 0 <= kept < LIMITS.keys_kept:
        raise UsageError(f"0 to {LIMITS.keys_kept - 1} keys can be kept", subject=f"--kept {kept}")
    before = read_key_file(file)
    earlier = before.signing if signing else before.shared
    if not earlier:
        raise UsageError("it has no key of that kind", subject=str(file), hint="`hanse keys new` makes both")
    fresh = (secrets.token_bytes(KEY_BYTES), *earlier[:kept])
    after = replace(before, signing=fresh) if signing else replace(before, shared=fresh)
    write_key_file(file, after)
    facts = describe(after, signing=signing)
    if json:
        write_json({"file": str(file), "signing": signing, **facts})
    else:
        write_text(visible(render(str(file), facts, signing=signing)))
    return 0


def describe(keys: KeyFile, *, signing: bool) -> dict[str, object]:
    """Return the ids of the new key and of those that stay, and public halves as consumers trust them."""
    listed = [public_key(key) for key in keys.signing] if signing else keys.shared
    ids = [key_id(key) for key in listed]
    public = " ".join(write_key(key, "public") for key in listed) if signing else None
    return {"key_id": ids[0], "kept": ids[1:], "public_key": public}


def render(file: str, facts: dict[str, object], *, signing: bool) -> str:
    """Say what to do, in the order in which nothing stops working."""
    if signing:
        return f"""{file}: {facts["key_id"]} signs from now on.

1. Before the publisher reads this file, have each consumer trust the new key and the old one:
   public_key = "{facts["public_key"]}"
2. Start the publisher anew.
3. Take the old public key away from the consumers."""
    return f"""{file}: {facts["key_id"]} is in use from now on.

1. Start the publisher anew with this file. It answers each consumer with the key of that consumer.
2. Give the new key to each consumer: `hanse keys show {file} --secret` prints it.
3. When all have it, take the old line out of the file, and start the publisher anew."""
