"""The orchestrator's four storage documents, with which a browser can be seeded.

Their shape is that of native federation's orchestrator 4.6 (`entries`, share scopes). `decode_storage` also
reads an earlier one (`file`, no share scopes, scoped externals keyed by URL) and turns it into the current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, decode_json, encode_json, key_path
from hanse.formats.earlier_storage import modernise
from hanse.formats.entry_checks import label_fault
from hanse.limits import LIMITS, Limits

__all__ = [
    "Storage",
    "StoredCopy",
    "StoredExpose",
    "StoredExternal",
    "StoredRemote",
    "StoredScoped",
    "StoredVersion",
    "decode_storage",
    "encode_storage",
]


class StoredExpose(msgspec.Struct, frozen=True, rename="camel"):
    """An exposed module: the key consumers ask for, and its file below the remote's scope."""

    module_name: str
    file: str


class StoredRemote(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A remote: its folder's URL, what it exposes, and the digests of its files."""

    scope_url: str
    exposes: list[StoredExpose]
    integrity: dict[str, str] | None = None


class StoredScoped(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A package one remote keeps to itself: its version, bundle, and specifier -> file."""

    tag: str
    entries: dict[str, str]
    bundle: str | None = None


class StoredCopy(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One remote's copy of a shared package at a version.

    `cached` says whether an import map has published its files; `served_by` names the remote whose build
    pooling gave it. `strict_version` is None where the remote did not say.
    """

    name: str
    cached: bool
    required_version: str
    entries: dict[str, str]
    bundle: str | None = None
    strict_version: bool | None = None
    pool: str | None = None
    served_by: str | None = None


class StoredVersion(msgspec.Struct, frozen=True, rename="camel"):
    """One version of a shared package, what was decided about it, and its copies, the serving one first."""

    tag: str
    action: Literal["share", "skip", "scope"]
    host: bool
    remotes: list[StoredCopy]


class StoredExternal(msgspec.Struct, frozen=True, rename="camel"):
    """A shared package; `dirty` when its versions must be chosen again."""

    dirty: bool
    versions: list[StoredVersion]


class Storage(msgspec.Struct, frozen=True, rename="kebab"):
    """All four documents.

    `remotes`: name -> remote. `shared_externals`: share scope -> package -> external, the global scope
    being `__GLOBAL__`. `scoped_externals`: remote -> package -> version. `shared_chunks`: remote -> bundle
    -> files.
    """

    remotes: dict[str, StoredRemote] = {}
    shared_externals: dict[str, dict[str, StoredExternal]] = {}
    scoped_externals: dict[str, dict[str, StoredScoped]] = {}
    shared_chunks: dict[str, dict[str, list[str]]] = {}


DECODER: Final = msgspec.json.Decoder(dict[str, Any])


def decode_storage(
    data: bytes | str | Mapping[str, object], *, subject: str = "storage", limits: Limits = LIMITS
) -> Storage:
    """Decode the storage documents, of the current shape or the earlier one.

    Args:
        data: One object that has the four documents under their storage keys; each may be absent.
        subject: Where they came from, for messages.
        limits: The cap on their size.

    Raises:
        FormatError: Not JSON, of neither shape, or with the key `__proto__`.
    """
    if not isinstance(data, Mapping):
        data = decode_json(DECODER, data, subject=subject, cap=limits.storage_bytes)
    storage = convert_value(modernise(data), Storage, subject=subject)
    for path, name in stored_names(storage):
        if fault := label_fault(name):
            raise FormatError(f"this cannot be a key: {fault}", subject=subject, path=key_path(path, name))
    return storage


def stored_names(storage: Storage) -> Iterator[tuple[str, str]]:
    """Yield each name that becomes the key of an object in the browser, and where it stands."""
    documents: dict[str, Mapping[str, Mapping[str, object] | StoredRemote]] = {
        "remotes": storage.remotes,
        "shared-externals": storage.shared_externals,
        "scoped-externals": storage.scoped_externals,
        "shared-chunks": storage.shared_chunks,
    }
    for document, table in documents.items():
        path = key_path("$", document)
        for name, inner in table.items():
            yield path, name
            if isinstance(inner, Mapping):
                yield from ((key_path(path, name), key) for key in inner)


def encode_storage(storage: Storage) -> bytes:
    """Encode the storage documents in the current shape.

    Raises:
        FormatError: A text in them is not Unicode.
    """
    return encode_json(storage, subject="storage")
