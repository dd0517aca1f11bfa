"""The working record of a resolution: who offers which copy of which package.

This is the one mutable thing in `resolve/`. A record belongs to one resolution (or one session) and never
leaves it; what leaves is a `Plan`, or the storage documents.

Shape, as the orchestrator stores it: share scope -> package -> external -> rows -> copies. A row is one
version with one action; its first copy is its *basis*, the one that serves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

import msgspec

__all__ = [
    "GLOBAL",
    "STRICT",
    "Action",
    "Copy",
    "External",
    "Log",
    "Record",
    "RemoteInfo",
    "Row",
    "ScopedVersion",
    "in_script_order",
    "is_index",
    "union",
]

GLOBAL = "__GLOBAL__"
STRICT = "strict"

Action = Literal["share", "skip", "scope"]
Log = Callable[[Literal["debug", "warn", "error"], int, str], None]
"""Takes a level, the orchestrator's step number and a message."""

T = TypeVar("T")


class Copy(msgspec.Struct, gc=False):
    """One remote's copy of a package at one version.

    `required` is the range its remote accepts, `served_by` the remote whose build pooling gave it,
    `cached` whether an import map has published its files.
    """

    name: str
    entries: dict[str, str]
    required: str
    strict: bool | None
    cached: bool = False
    bundle: str | None = None
    pool: str | None = None
    served_by: str | None = None


class Row(msgspec.Struct):
    """One version of a package with one verdict."""

    tag: str
    action: Action
    host: bool
    copies: list[Copy]


class External(msgspec.Struct):
    """One shared package inside one share scope. `by_tag` is an index that merging builds and drops."""

    dirty: bool
    rows: list[Row]
    by_tag: dict[str, Row] | None = None


class ScopedVersion(msgspec.Struct, gc=False):
    """A package a remote keeps to itself."""

    tag: str
    entries: dict[str, str]
    bundle: str | None = None


class RemoteInfo(msgspec.Struct, gc=False):
    """Where a remote lies and what it exposes: pairs of module name and file."""

    scope_url: str
    exposes: list[tuple[str, str]]
    integrity: dict[str, str] | None = None


class Record(msgspec.Struct):
    """Everything known of a federation; `changed` names the stores that differ from what was loaded."""

    remotes: dict[str, RemoteInfo] = {}
    scoped: dict[str, dict[str, ScopedVersion]] = {}
    shared: dict[str, dict[str, External]] = {}
    chunks: dict[str, dict[str, list[str]]] = {}
    changed: set[str] = set()


def is_index(key: str) -> bool:
    """Tell whether JavaScript treats the key as an array index and so moves it to the front."""
    return key.isascii() and key.isdigit() and (key == "0" or key[0] != "0") and int(key) < 2**32 - 1


def in_script_order(keys: Iterable[str]) -> list[str]:
    """Return keys in the order JavaScript walks an object: indexes ascending, then as inserted."""
    ordered = list(keys)
    indexes = [key for key in ordered if key[:1].isdigit() and is_index(key)]
    if not indexes:
        return ordered
    front = set(indexes)
    return sorted(indexes, key=int) + [key for key in ordered if key not in front]


def union(row: Row, *, cached_only: bool = False) -> dict[str, Copy]:
    """Return specifier -> the copy that provides it: the first that has it and runs its own build.

    Args:
        row: The version to look at.
        cached_only: Count only copies whose files an import map has published.
    """
    found: dict[str, Copy] = {}
    for copy in row.copies:
        if copy.served_by or (cached_only and not copy.cached):
            continue
        if copy.entries.keys() <= found.keys():
            continue
        for specifier in copy.entries:
            found.setdefault(specifier, copy)
    return found
