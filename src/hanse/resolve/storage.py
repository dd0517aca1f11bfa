"""The record as the orchestrator's four storage documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hanse.formats.storage import (
    Storage,
    StoredCopy,
    StoredExpose,
    StoredExternal,
    StoredRemote,
    StoredScoped,
    StoredVersion,
    decode_storage,
)
from hanse.resolve.record import GLOBAL, Copy, External, Record, RemoteInfo, Row, ScopedVersion

__all__ = ["STORES", "load_record", "storage_of", "store"]

STORES = ("remotes", "scoped-externals", "shared-externals", "shared-chunks")


def load_record(documents: Mapping[str, object]) -> Record:
    """Read the documents that are there, of the current shape or the earlier one; missing ones are empty.

    Raises:
        FormatError: They are of neither shape.
    """
    storage = decode_storage(documents)
    return Record(
        remotes={name: load_remote(remote) for name, remote in storage.remotes.items()},
        scoped={
            name: {package: load_scoped(version) for package, version in packages.items()}
            for name, packages in storage.scoped_externals.items()
        },
        shared={
            scope: {package: load_external(external) for package, external in packages.items()}
            for scope, packages in (storage.shared_externals or {GLOBAL: {}}).items()
        },
        chunks={
            name: {bundle: list(files) for bundle, files in bundles.items()}
            for name, bundles in storage.shared_chunks.items()
        },
    )


def load_remote(stored: StoredRemote) -> RemoteInfo:
    """Read one remote."""
    exposes = [(expose.module_name, expose.file) for expose in stored.exposes]
    return RemoteInfo(scope_url=stored.scope_url, exposes=exposes, integrity=stored.integrity)


def load_scoped(stored: StoredScoped) -> ScopedVersion:
    """Read one scoped package."""
    return ScopedVersion(tag=stored.tag, entries=dict(stored.entries), bundle=stored.bundle)


def load_external(stored: StoredExternal) -> External:
    """Read one shared package."""
    rows = [
        Row(
            tag=version.tag,
            action=version.action,
            host=version.host,
            copies=[load_copy(copy) for copy in version.remotes],
        )
        for version in stored.versions
    ]
    return External(dirty=stored.dirty, rows=rows)


def load_copy(stored: StoredCopy) -> Copy:
    """Read one remote's copy."""
    return Copy(
        name=stored.name,
        entries=dict(stored.entries),
        required=stored.required_version,
        strict=stored.strict_version,
        cached=stored.cached,
        bundle=stored.bundle,
        pool=stored.pool,
        served_by=stored.served_by,
    )


def storage_of(record: Record) -> Storage:
    """Write all four documents."""
    return Storage(
        remotes={name: store_remote(info) for name, info in record.remotes.items()},
        scoped_externals={
            name: {
                package: StoredScoped(version.tag, version.entries, version.bundle)
                for package, version in packages.items()
            }
            for name, packages in record.scoped.items()
        },
        shared_externals={
            scope: {package: store_external(external) for package, external in packages.items()}
            for scope, packages in record.shared.items()
        },
        shared_chunks=record.chunks,
    )


def store(record: Record) -> dict[str, Any]:
    """Write all four documents as JSON has them: store name -> document."""
    documents: dict[str, Any] = msgspec.to_builtins(storage_of(record))
    return documents


def store_remote(info: RemoteInfo) -> StoredRemote:
    """Write one remote."""
    exposes = [StoredExpose(name, file) for name, file in info.exposes]
    return StoredRemote(info.scope_url, exposes, info.integrity)


def store_external(external: External) -> StoredExternal:
    """Write one shared package."""
    versions = [
        StoredVersion(row.tag, row.action, row.host, [store_copy(copy) for copy in row.copies])
        for row in external.rows
    ]
    return StoredExternal(external.dirty, versions)


def store_copy(copy: Copy) -> StoredCopy:
    """Write one remote's copy; what is not set is left out."""
    return StoredCopy(
        name=copy.name,
        cached=copy.cached,
        required_version=copy.required,
        entries=copy.entries,
        bundle=copy.bundle,
        strict_version=copy.strict,
        pool=copy.pool,
        served_by=copy.served_by,
    )
