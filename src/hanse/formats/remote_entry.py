"""The remote entry, `remoteEntry.json`: what one remote exposes and what it shares.

Shapes are those of native federation v3 (flat: `outFileName`) and v4 (dense: `entries`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, decode_json, encode_json
from hanse.formats.entry_checks import check_counts, is_plain, pick_files, violations
from hanse.limits import LIMITS, Limits

__all__ = [
    "Check",
    "Expose",
    "RemoteEntry",
    "Shared",
    "decode_remote_entry",
    "encode_remote_entry",
    "entry_violations",
]

Check = Literal["refuse", "report"]
"""What decoding does with names and files outside the grammar: raise, or leave them to the caller."""


class Expose(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """An exposed module: `key` is what consumers ask for, `out_file_name` where it lies."""

    key: str
    out_file_name: str
    element: str | None = None
    dev: Any = None


class Shared(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A package a remote shares: flat when `entries` is absent, dense when it is there.

    `required_version` is a range, or false where the builder knew none. `entries` maps specifiers
    to file names, relative to the remote entry.
    """

    package_name: str
    version: str | None = None
    required_version: str | bool | None = None
    singleton: bool | None = None
    strict_version: bool | None = None
    share_scope: str | None = None
    pool: str | None = None
    bundle: str | None = None
    out_file_name: str | None = None
    entries: dict[str, str] | None = None
    dev: Any = None


class RemoteEntry(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """One remote's metadata document.

    `chunks` maps a bundle's name to its files; `integrity` a file name to its SRI digest. `url`,
    where the document carries it, is where it wants to be served from. `version` is the format's
    own (`$version`).
    """

    name: str
    exposes: list[Expose] | None = None
    shared: list[Shared] | None = None
    chunks: dict[str, list[str]] | None = None
    integrity: dict[str, str] | None = None
    build_notifications_endpoint: str | None = None
    url: str | None = None
    version: str | None = msgspec.field(name="$version", default=None)


DECODER: Final = msgspec.json.Decoder(RemoteEntry)
OBJECT_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


def decode_remote_entry(
    data: bytes | str | Mapping[str, object],
    *,
    subject: str,
    limits: Limits = LIMITS,
    check: Check = "refuse",
) -> RemoteEntry:
    """Decode a remote entry; unknown fields are ignored, types are not coerced.

    Args:
        data: The document, or its decoded JSON.
        subject: Where it came from, for messages.
        limits: The caps on sizes and counts.
        check: With `report`, names and files outside the grammar do not raise; ask `entry_violations`.

    Raises:
        FormatError: Not JSON, wrong types, a missing part, too many parts, or (unless `report`) a name or
            file outside the grammar.
    """
    entry = decode_types(data, subject, limits)
    files = pick_files(entry)
    check_counts(entry, files, subject, limits)
    if check == "refuse" and not is_plain(entry, files, data):
        for violation in violations(entry, subject):
            raise violation
    return entry


def encode_remote_entry(entry: RemoteEntry) -> bytes:
    """Encode a remote entry as compact JSON; what is absent stays absent.

    Raises:
        FormatError: A text in it is not Unicode, or `dev` holds something that is not JSON.
    """
    return encode_json(entry, subject=entry.name)


def entry_violations(entry: RemoteEntry, *, subject: str = "") -> list[FormatError]:
    """List each name and file of an entry that is outside the grammars of `hanse.names` and `hanse.urls`."""
    return list(violations(entry, subject or entry.name))


def decode_types(data: bytes | str | Mapping[str, object], subject: str, limits: Limits) -> RemoteEntry:
    """Decode without looking at names.

    `exposes` may also be an object, as the orchestrator accepts it at its start: its values are taken.
    """
    try:
        if isinstance(data, Mapping):
            return convert_value(data, RemoteEntry, subject=subject)
        return decode_json(DECODER, data, subject=subject, cap=limits.remote_entry_bytes)
    except FormatError as error:
        if error.path != "$.exposes" or error.found != "object":
            raise
    if not isinstance(data, Mapping):
        data = decode_json(OBJECT_DECODER, data, subject=subject, cap=limits.remote_entry_bytes)
    exposes = data["exposes"]
    values = list(exposes.values()) if isinstance(exposes, Mapping) else exposes
    return convert_value({**data, "exposes": values}, RemoteEntry, subject=subject)
