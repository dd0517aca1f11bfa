"""Every fault of a remote entry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from hanse.formats.decoding import key_path, shorten
from hanse.formats.digests import integrity_fault
from hanse.formats.entry_checks import label_fault
from hanse.formats.json_tree import Fault, Pairs, Tree
from hanse.formats.lint_parts import (
    Fields,
    count_faults,
    field_faults,
    items_of,
    list_of,
    name_faults,
    text_of,
    type_fault,
    version_faults,
)
from hanse.limits import Limits
from hanse.names import expose_name_fault, package_name_fault, remote_name_fault
from hanse.urls import is_file_name

__all__ = ["entry_faults", "server_fields"]

TOP: Final[Fields] = {
    "name": ("!", "str"),
    "exposes": ("array", "object", "null"),
    "shared": ("array", "null"),
    "chunks": ("object", "null"),
    "integrity": ("object", "null"),
    "buildNotificationsEndpoint": ("str", "null"),
    "url": ("str", "null"),
    "$version": ("str", "null"),
}

SERVER: Final[Fields] = {
    "schema": ("!", "int"),
    "name": ("!", "str"),
    "version": ("!", "str"),
    "build": ("!", "str"),
    "serial": ("!", "int"),
    "format": ("str",),
    "layer": ("str",),
    "exposes": ("object",),
    "pages": ("array",),
    "modules": ("!", "object"),
    "shared": ("array",),
    "container": ("object", "null"),
}

EXPOSE: Final[Fields] = {
    "key": ("!", "str"),
    "outFileName": ("!", "str"),
    "element": ("str", "null"),
    "dev": ("*",),
}

SHARED: Final[Fields] = {
    "packageName": ("!", "str"),
    "version": ("str", "null"),
    "requiredVersion": ("str", "bool", "null"),
    "singleton": ("bool", "null"),
    "strictVersion": ("bool", "null"),
    "shareScope": ("str", "null"),
    "pool": ("str", "null"),
    "bundle": ("str", "null"),
    "outFileName": ("str", "null"),
    "entries": ("object", "null"),
    "dev": ("*",),
}


def entry_faults(tree: Tree, limits: Limits) -> Iterator[Fault]:
    """Yield every fault of a remote entry."""
    yield from field_faults(tree, "$", TOP)
    yield from name_faults(text_of(tree, "name"), "$.name", remote_name_fault, "a remote's name")
    exposes, shared = expose_items(tree), list_of(tree, "shared")
    yield from count_faults(len(exposes), "$.exposes", limits.exposes_per_entry)
    yield from count_faults(len(shared), "$.shared", limits.shared_per_entry)
    for path, item in exposes:
        yield from expose_faults(item, path)
    yield from repeated(
        [(path, (text_of(item, "key"),)) for path, item in exposes], "an earlier item exposes the same key"
    )
    if items_of(tree, "exposes"):
        yield Fault(
            path="$.exposes",
            message="remotes that join a page later need a list here",
            found="object",
            expected="array",
            severity="warning",
        )
    bundles = items_of(tree, "chunks").last().keys()
    for index, item in enumerate(shared):
        yield from shared_faults(item, f"$.shared[{index}]", bundles)
    yield from repeated(declarations(shared), "an earlier item declares the same specifier")
    yield from chunk_faults(items_of(tree, "chunks"))
    yield from integrity_faults(tree, exposes, shared)


def expose_items(tree: Tree) -> list[tuple[str, Tree]]:
    """Return the exposed modules with their paths, from a list or an object."""
    table = [(key_path("$.exposes", key), item) for key, item in items_of(tree, "exposes")]
    return table + [(f"$.exposes[{index}]", item) for index, item in enumerate(list_of(tree, "exposes"))]


def expose_faults(item: Tree, path: str) -> Iterator[Fault]:
    """Yield the faults of one exposed module."""
    yield from field_faults(item, path, EXPOSE)
    key = text_of(item, "key")
    yield from name_faults(key, f"{path}.key", expose_name_fault, "an exposed module's key")
    yield from file_faults(text_of(item, "outFileName"), f"{path}.outFileName")


def shared_faults(item: Tree, path: str, bundles: Collection[str]) -> Iterator[Fault]:
    """Yield the faults of one shared package."""
    yield from field_faults(item, path, SHARED)
    name = text_of(item, "packageName")
    yield from name_faults(name, f"{path}.packageName", package_name_fault, "a package's name")
    for field, kind in (("shareScope", "a share scope's name"), ("pool", "a pool's name")):
        yield from name_faults(text_of(item, field), f"{path}.{field}", label_fault, kind)
    hint = "the lowest version that `requiredVersion` accepts is taken in its place"
    yield from version_faults(item, path, hint=hint)
    yield from entrypoint_faults(item, path)
    bundle = text_of(item, "bundle")
    if bundle is not None and bundle not in bundles:
        yield Fault(
            path=f"{path}.bundle",
            message="`chunks` has no bundle of this name",
            found=repr(shorten(bundle)),
            expected="a key of `chunks`",
            severity="warning",
        )


def entrypoint_faults(item: Tree, path: str) -> Iterator[Fault]:
    """Yield what is wrong with the files of a package."""
    file, entries = text_of(item, "outFileName"), items_of(item, "entries")
    yield from file_faults(file, f"{path}.outFileName")
    for specifier, value in entries:
        place = key_path(f"{path}.entries", specifier)
        yield from name_faults(specifier, place, package_name_fault, "a specifier")
        if isinstance(value, str):
            yield from file_faults(value, place)
        else:
            yield type_fault(value, place, ("str",))
    if isinstance(item, Pairs) and file is None and not entries:
        yield Fault(
            path=path,
            message="this package has no file",
            found="nothing",
            expected="`entries`, or `outFileName`",
        )
    elif file is not None and entries:
        yield Fault(
            path=f"{path}.outFileName",
            message="beside `entries` this is not read",
            found=repr(shorten(file)),
            severity="warning",
        )


def file_faults(file: str | None, path: str) -> Iterator[Fault]:
    """Yield a fault where a file name is not plain."""
    if file is not None and not is_file_name(file):
        yield Fault(
            path=path,
            message="this file name could leave the remote's folder, or is not one a build writes",
            found=repr(shorten(file)),
            expected="a plain relative path such as `chunks/card.js`",
        )


def declarations(shared: list[Tree]) -> list[tuple[str, tuple[str | None, ...]]]:
    """Return path and (share scope, specifier) of every specifier that is shared, flat or dense."""
    found: list[tuple[str, tuple[str | None, ...]]] = []
    for index, item in enumerate(shared):
        path, scope = f"$.shared[{index}]", text_of(item, "shareScope")
        entries = items_of(item, "entries")
        found += [(key_path(f"{path}.entries", key), (scope, key)) for key in entries.last()]
        if not entries and (name := text_of(item, "packageName")) is not None:
            found.append((f"{path}.packageName", (scope, name)))
    return found


def repeated(items: list[tuple[str, tuple[str | None, ...]]], message: str) -> Iterator[Fault]:
    """Yield a fault for each key that came before."""
    seen: dict[tuple[str | None, ...], str] = {}
    for path, key in items:
        if key[-1] is None:
            continue
        if key in seen:
            yield Fault(path=path, message=message, found=repr(shorten(key[-1])), hint=f"see {seen[key]}")
        seen.setdefault(key, path)


def chunk_faults(chunks: Pairs) -> Iterator[Fault]:
    """Yield the faults of the bundles and their files."""
    for bundle, files in chunks:
        path = key_path("$.chunks", bundle)
        yield from name_faults(bundle, path, label_fault, "a bundle's name")
        if not isinstance(files, list):
            yield type_fault(files, path, ("array",))
            continue
        for index, file in enumerate(files):
            if isinstance(file, str):
                yield from file_faults(file, f"{path}[{index}]")
            else:
                yield type_fault(file, f"{path}[{index}]", ("str",))


def integrity_faults(tree: Tree, exposes: list[tuple[str, Tree]], shared: list[Tree]) -> Iterator[Fault]:
    """Yield malformed digests, digests of files nobody lists, and listed files without a digest."""
    table = items_of(tree, "integrity")
    listed = listed_files(tree, exposes, shared)
    for file, digest in table:
        path = key_path("$.integrity", file)
        if not isinstance(digest, str):
            yield type_fault(digest, path, ("str",))
            continue
        yield from name_faults(digest, path, integrity_fault, "a digest")
        if file not in listed:
            yield Fault(
                path=path,
                message="no exposed module, package or chunk has this file",
                found=repr(shorten(file)),
                severity="warning",
                hint="without a listing, the digest reaches no import map and protects nothing",
            )
    for file in sorted(listed - table.last().keys()) if table else ():
        yield Fault(
            path="$.integrity",
            message=f"the listed file {shorten(file)!r} has no digest",
            expected="a digest for each file",
            severity="warning",
        )


def listed_files(tree: Tree, exposes: list[tuple[str, Tree]], shared: list[Tree]) -> set[str]:
    """Return every file an entry lists."""
    flat = [text_of(item, "outFileName") for item in [*(item for _, item in exposes), *shared]]
    dense = [file for item in shared for _, file in items_of(item, "entries")]
    chunks = [file for _, files in items_of(tree, "chunks") if isinstance(files, list) for file in files]
    return {file for file in [*flat, *dense, *chunks] if isinstance(file, str)}


def server_fields(tree: Tree, _limits: Limits) -> Iterator[Fault]:
    """Yield what is wrong with the fields of a server entry by themselves; its decoder has the rest."""
    return field_faults(tree, "$", SERVER)
