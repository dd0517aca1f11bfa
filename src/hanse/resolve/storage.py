"""The record as the orchestrator's four storage documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hanse.resolve.record import Copy, External, Record, RemoteInfo, Row, ScopedVersion

__all__ = ["STORES", "load_record", "store"]

STORES = ("remotes", "scoped-externals", "shared-externals", "shared-chunks")

# Storage is JSON of the orchestrator's own making, so plain tables are its honest type here.
Document = dict[str, Any]


def load_record(storage: Mapping[str, Any]) -> Record:
    """Read the stores that are there; what is missing is empty.

    Args:
        storage: Store name -> document, in the orchestrator's current shape (`formats.storage` turns the
            older one into it).
    """
    shared = storage.get("shared-externals") or {"__GLOBAL__": {}}
    return Record(
        remotes={name: load_remote(table) for name, table in (storage.get("remotes") or {}).items()},
        scoped={
            name: {package: load_scoped(version) for package, version in packages.items()}
            for name, packages in (storage.get("scoped-externals") or {}).items()
        },
        shared={
            scope: {package: load_external(external) for package, external in packages.items()}
            for scope, packages in shared.items()
        },
        chunks={
            name: {bundle: list(files) for bundle, files in bundles.items()}
            for name, bundles in (storage.get("shared-chunks") or {}).items()
        },
    )


def load_remote(table: Document) -> RemoteInfo:
    """Read one remote."""
    exposes = [(item["moduleName"], item["file"]) for item in table.get("exposes") or ()]
    return RemoteInfo(scope_url=table["scopeUrl"], exposes=exposes, integrity=table.get("integrity"))


def load_scoped(table: Document) -> ScopedVersion:
    """Read one scoped package."""
    return ScopedVersion(tag=table["tag"], entries=dict(table["entries"]), bundle=table.get("bundle"))


def load_external(table: Document) -> External:
    """Read one shared package."""
    rows = [
        Row(
            tag=row["tag"],
            action=row["action"],
            host=bool(row.get("host")),
            copies=[load_copy(copy) for copy in row["remotes"]],
        )
        for row in table["versions"]
    ]
    return External(dirty=bool(table.get("dirty")), rows=rows)


def load_copy(table: Document) -> Copy:
    """Read one remote's copy."""
    return Copy(
        name=table["name"],
        entries=dict(table["entries"]),
        required=table["requiredVersion"],
        strict=table.get("strictVersion"),
        cached=bool(table.get("cached")),
        bundle=table.get("bundle"),
        pool=table.get("pool"),
        served_by=table.get("servedBy"),
    )


def store(record: Record, name: str) -> Document:
    """Write one of the `STORES`."""
    if name == "remotes":
        return {remote: store_remote(info) for remote, info in record.remotes.items()}
    if name == "scoped-externals":
        return {
            remote: {package: store_scoped(version) for package, version in packages.items()}
            for remote, packages in record.scoped.items()
        }
    if name == "shared-externals":
        return {
            scope: {package: store_external(external) for package, external in packages.items()}
            for scope, packages in record.shared.items()
        }
    return {remote: dict(bundles) for remote, bundles in record.chunks.items()}


def store_remote(info: RemoteInfo) -> Document:
    """Write one remote."""
    table: Document = {
        "scopeUrl": info.scope_url,
        "exposes": [{"moduleName": name, "file": file} for name, file in info.exposes],
    }
    return table | ({"integrity": info.integrity} if info.integrity is not None else {})


def store_scoped(version: ScopedVersion) -> Document:
    """Write one scoped package."""
    table: Document = {"tag": version.tag, "entries": dict(version.entries)}
    return table | ({"bundle": version.bundle} if version.bundle is not None else {})


def store_external(external: External) -> Document:
    """Write one shared package."""
    versions = [
        {
            "tag": row.tag,
            "action": row.action,
            "host": row.host,
            "remotes": [store_copy(copy) for copy in row.copies],
        }
        for row in external.rows
    ]
    return {"dirty": external.dirty, "versions": versions}


def store_copy(copy: Copy) -> Document:
    """Write one remote's copy; what is not set is left out."""
    optional = {
        "strictVersion": copy.strict,
        "bundle": copy.bundle,
        "pool": copy.pool,
        "servedBy": copy.served_by,
    }
    table: Document = {
        "name": copy.name,
        "cached": copy.cached,
        "requiredVersion": copy.required,
        "entries": dict(copy.entries),
    }
    return table | {key: value for key, value in optional.items() if value is not None}
