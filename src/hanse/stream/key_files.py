"""A file of keys: one key a line, in the text form of each kind, the one in use before those it replaced."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hanse.errors import FormatError, UsageError
from hanse.files import read_file, write_file
from hanse.limits import LIMITS, Limits
from hanse.stream.keys import KeyKind, KeyRing, key_ring, read_key, write_key

__all__ = ["KeyFile", "decode_key_file", "encode_key_file", "read_key_file", "write_key_file"]

HEAD: Final = "# Keys of Hanse: whoever reads this file can read and publish what they protect.\n"
KINDS: Final[tuple[KeyKind, ...]] = ("key", "private")
# Many times what the keys and a few comments need.
FILE_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one remote, each list with the one in use first.

    Attributes:
        shared: The keys that seal and prove; none where the file is of a publisher's signing key alone.
        signing: The private keys; none on a consumer's side.
    """

    shared: tuple[bytes, ...] = field(repr=False)
    signing: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def ring(self) -> KeyRing:
        """The shared keys.

        Raises:
            UsageError: There is none.
        """
        return key_ring(self.shared)

    @property
    def private(self) -> bytes:
        """The key that signs.

        Raises:
            UsageError: There is none.
        """
        if not self.signing:
            raise UsageError("there is no private key in this file")
        return self.signing[0]


def encode_key_file(keys: KeyFile) -> bytes:
    """Write keys as a file."""
    lines = [write_key(key, "key") for key in keys.shared]
    lines += [write_key(key, "private") for key in keys.signing]
    return (HEAD + "".join(f"{line}\n" for line in lines)).encode("ascii")


def decode_key_file(data: bytes, *, subject: str, limits: Limits = LIMITS) -> KeyFile:
    """Read a file of keys; empty lines and those that begin with `#` do not count.

    Raises:
        FormatError: A line is no key, or there are none or too many. No message has a key in it.
    """
    found: dict[KeyKind, list[bytes]] = {"key": [], "private": []}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            kind: KeyKind = "private" if text.startswith("hanse-private-") else "key"
            found[kind].append(read_key(text, kind, subject=f"{subject}:{number}"))
    counts = [len(found[kind]) for kind in KINDS]
    if not any(counts) or max(counts) > limits.keys_kept:
        raise FormatError(
            "this is no file of keys",
            subject=subject,
            found=f"{sum(counts)} keys",
            expected=f"1 to {limits.keys_kept} of each kind",
            hint="`hanse keys new` makes one",
        )
    return KeyFile(tuple(found["key"]), tuple(found["private"]))


def read_key_file(file: str | Path, *, limits: Limits = LIMITS) -> KeyFile:
    """Read a file of keys.

    Raises:
        UsageError: Others on this machine may read it.
        FormatError: It is none.
        OSError: It cannot be read.
    """
    place = Path(file)
    if place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            "others on this machine may read this file",
            subject=str(place),
            hint=f"`chmod 600 {place}`, and replace the keys if somebody else has been here",
        )
    return decode_key_file(read_file(place, cap=FILE_BYTES), subject=str(place), limits=limits)


def write_key_file(file: Path, keys: KeyFile) -> None:
    """Write a file of keys anew, for this user alone.

    Raises:
        OSError: It cannot be written.
    """
    write_file(file, encode_key_file(keys))
