"""Keys as text, as values, and by their ids.

Three kinds of text, each a word that names kind and form, a colon, and 32 bytes in base64:

* `hanse-key-1:…` a shared key: both servers have it, streams are sealed with it;
* `hanse-private-1:…` the ed25519 key a publisher signs with;
* `hanse-public-1:…` its other half, which consumers trust.

An id is derived from the key itself, so that two servers that have the same key call it the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from hanse.errors import FormatError, UsageError
from hanse.limits import LIMITS, Limits

__all__ = [
    "KEY_BYTES",
    "KeyKind",
    "KeyRing",
    "check_key_id",
    "key_id",
    "key_ring",
    "read_key",
    "read_keys",
    "rotate",
    "write_key",
]

KEY_BYTES: Final = 32

KeyKind = Literal["key", "private", "public"]
"""A shared key, the half of a pair that signs, the half that verifies."""

ID: Final = re.compile(r"[A-Za-z0-9_-]{16}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The shared keys of one remote: all of them open, the one in use seals.

    Attributes:
        in_use: The id of the key that seals.
        keys: Id -> key, of `KEY_BYTES` bytes; not shown when the ring is printed.
    """

    in_use: str
    keys: Mapping[str, bytes] = field(repr=False)


def key_id(key: bytes) -> str:
    """Return the id of a key: sixteen letters of its digest, from which nobody learns the key."""
    digest = hashlib.sha256(b"hanse/key-id/v1\0" + key).digest()
    return base64.urlsafe_b64encode(digest[:12]).decode("ascii")


def check_key_id(text: str, *, subject: str) -> None:
    """Raise unless this can be the id of a key.

    Raises:
        FormatError: It cannot.
    """
    if not ID.fullmatch(text):
        raise FormatError(
            "this cannot be the id of a key",
            subject=subject,
            found=f"{len(text)} characters",
            expected="sixteen letters, digits, _ and -",
        )


def key_ring(keys: Sequence[bytes]) -> KeyRing:
    """Make a ring of shared keys; the first is the one in use, the others only open.

    Raises:
        UsageError: There is no key, or one has another length than `KEY_BYTES`.
    """
    if not keys:
        raise UsageError("there is no key to seal with", hint="make one with `write_key`")
    for key in keys:
        check_length(key)
    return KeyRing(key_id(keys[0]), {key_id(key): bytes(key) for key in keys})


def rotate(ring: KeyRing, key: bytes, *, kept: int = 1) -> KeyRing:
    """Put a new key into use; of the earlier ones the last `kept` go on opening.

    Consumers must know the new key before a publisher seals with it.

    Raises:
        UsageError: The key has another length than `KEY_BYTES`.
    """
    earlier = [ring.in_use, *(name for name in ring.keys if name != ring.in_use)]
    return key_ring([key, *(ring.keys[name] for name in earlier[:kept])])


def write_key(key: bytes, kind: KeyKind) -> str:
    """Write a key as text.

    Raises:
        UsageError: It has another length than `KEY_BYTES`.
    """
    check_length(key)
    return prefix(kind) + base64.b64encode(key).decode("ascii")


def read_key(text: str, kind: KeyKind, *, subject: str) -> bytes:
    """Read a key of one kind from text; white space around it does not count.

    Args:
        text: What `write_key` writes.
        kind: Which kind it must be.
        subject: Where the text came from, for messages. The key itself is never in one.

    Raises:
        FormatError: It is a key of another kind, or no key.
    """
    start, text = prefix(kind), text.strip()
    if not text.startswith(start):
        found = next((name for name in KINDS if text.startswith(prefix(name))), None)
        raise key_fault(f"a {KINDS[found]}" if found else "another text", kind, subject)
    try:
        key = base64.b64decode(text[len(start) :], validate=True)
    except (binascii.Error, ValueError):
        raise key_fault("something that is not base64", kind, subject) from None
    if len(key) != KEY_BYTES or write_key(key, kind) != text:
        raise key_fault(f"{len(key)} bytes of base64", kind, subject)
    return key


def read_keys(text: str, kind: KeyKind, *, subject: str, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """Read one or several keys of one kind, with white space between them; the first is the one in use.

    Raises:
        FormatError: There is none, there are too many, or one is no key of this kind.
    """
    parts = text.split()
    if not 1 <= len(parts) <= limits.keys_kept:
        raise key_fault(f"{len(parts)} keys", kind, subject)
    return tuple(read_key(part, kind, subject=subject) for part in parts)


KINDS: Final[dict[KeyKind, str]] = {
    "key": "shared key",
    "private": "private key",
    "public": "public key",
}


def prefix(kind: KeyKind) -> str:
    """Return what the text of a key of this kind begins with."""
    return f"hanse-{kind}-1:"


def key_fault(found: str, kind: KeyKind, subject: str) -> FormatError:
    """Say that a text is not the key it should be, without showing it."""
    return FormatError(
        f"this is no {KINDS[kind]}",
        subject=subject,
        found=found,
        expected=f"`{prefix(kind)}` and {KEY_BYTES} bytes in base64",
    )


def check_length(key: bytes) -> None:
    """Raise unless a key has the right length.

    Raises:
        UsageError: It has not.
    """
    if len(key) != KEY_BYTES:
        raise UsageError(f"a key has {KEY_BYTES} bytes, this one {len(key)}")
