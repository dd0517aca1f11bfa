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
from hanse.formats.entry_structs import Expose, RemoteEntry, Shared
from hanse.formats.plain_entry import read_plain
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
    if check == "refuse" and isinstance(data, (bytes, str)):
        plain = read_plain(data, limits)
        if plain is not None:
            return plain
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
