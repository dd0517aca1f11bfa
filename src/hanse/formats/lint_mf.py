"""Every fault of Module Federation's documents: manifest, stats, and the older federated stats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hanse.formats.decoding import key_path, shorten
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
from hanse.formats.mf_checks import (
    asset_name_fault,
    folder_fault,
    global_name_fault,
    script_name_fault,
    share_name_fault,
)
from hanse.limits import Limits
from hanse.names import expose_name_fault, remote_name_fault

__all__ = ["federated_faults", "mf_faults"]

TEXT: Final = ("str", "null")
LIST: Final = ("array", "null")
OBJECT: Final = ("object", "null")

TOP: Final[Fields] = {
    "name": TEXT,
    "id": TEXT,
    "metaData": OBJECT,
    "shared": LIST,
    "remotes": LIST,
    "exposes": LIST,
    "buildOutput": LIST,
}
META: Final[Fields] = {
    "name": TEXT,
    "type": TEXT,
    "globalName": TEXT,
    "pluginVersion": TEXT,
    "buildInfo": OBJECT,
    "remoteEntry": OBJECT,
    "ssrRemoteEntry": OBJECT,
    "publicPath": TEXT,
    "ssrPublicPath": TEXT,
    "getPublicPath": TEXT,
    "types": ("*",),
}
BUILD: Final[Fields] = {"buildVersion": TEXT, "buildName": TEXT, "hash": TEXT}
SCRIPT: Final[Fields] = {"name": ("!", "str"), "path": TEXT, "type": TEXT}
SHARED: Final[Fields] = {
    "name": ("!", "str"),
    "id": TEXT,
    "version": TEXT,
    "singleton": ("bool", "null"),
    "requiredVersion": ("str", "bool", "null"),
    "strictVersion": ("bool", "null"),
    "shareScope": ("str", "array", "null"),
    "eager": ("bool", "null"),
    "assets": OBJECT,
    "usedExports": LIST,
    "usedIn": ("*",),
    "fallback": ("*",),
    "hash": ("*",),
}
EXPOSE: Final[Fields] = {
    "name": TEXT,
    "path": TEXT,
    "id": TEXT,
    "file": TEXT,
    "requires": LIST,
    "assets": OBJECT,
    "hash": ("*",),
}
REMOTE: Final[Fields] = {
    "federationContainerName": TEXT,
    "moduleName": TEXT,
    "alias": TEXT,
    "entry": TEXT,
    "version": TEXT,
    "consumingFederationContainerName": ("*",),
    "usedIn": ("*",),
}
FEDERATED: Final[Fields] = {
    "remote": TEXT,
    "entry": TEXT,
    "exposes": OBJECT,
    "sharedModules": ("*",),
    "remoteModules": ("*",),
}
DEMANDED: Final = ("metaData", "exposes", "shared")
"""Without these the official runtime refuses a manifest (its error RUNTIME-013)."""


def mf_faults(tree: Tree, limits: Limits) -> Iterator[Fault]:
    """Yield every fault of a manifest, or of stats."""
    yield from field_faults(tree, "$", TOP)
    yield from name_faults(text_of(tree, "name"), "$.name", remote_name_fault, "a container's name")
    yield from missing_faults(tree)
    yield from meta_faults(items_of(tree, "metaData"))
    exposes, shared = list_of(tree, "exposes"), list_of(tree, "shared")
    remotes, built = list_of(tree, "remotes"), list_of(tree, "buildOutput")
    yield from count_faults(len(exposes), "$.exposes", limits.exposes_per_entry)
    yield from count_faults(len(shared), "$.shared", limits.shared_per_entry)
    yield from count_faults(len(remotes), "$.remotes", limits.remotes_per_manifest)
    yield from count_faults(len(built), "$.buildOutput", limits.files_per_entry)
    for index, item in enumerate(exposes):
        yield from expose_faults(item, f"$.exposes[{index}]")
    yield from repeated_faults(exposes)
    for index, item in enumerate(shared):
        yield from shared_faults(item, f"$.shared[{index}]")
    for index, item in enumerate(remotes):
        yield from field_faults(item, f"$.remotes[{index}]", REMOTE)
    for index, item in enumerate(built):
        yield from field_faults(item, f"$.buildOutput[{index}]", {"fileName": ("!", "str")})


def missing_faults(tree: Tree) -> Iterator[Fault]:
    """Yield what the official runtime misses."""
    table = tree.last() if isinstance(tree, Pairs) else {}
    for field in DEMANDED if table else ():
        if table.get(field) is None:
            yield Fault(
                path="$",
                message=f"without `{field}` the official runtime refuses the document",
                found="nothing",
                expected=f"`{field}`",
                severity="warning",
            )


def meta_faults(meta: Pairs) -> Iterator[Fault]:
    """Yield the faults of the metadata."""
    if not meta:
        return
    yield from field_faults(meta, "$.metaData", META)
    for field in ("name", "globalName"):
        yield from name_faults(
            text_of(meta, field), f"$.metaData.{field}", global_name_fault, "a container's global name"
        )
    for field in ("remoteEntry", "ssrRemoteEntry"):
        script, path = items_of(meta, field), f"$.metaData.{field}"
        name = text_of(script, "name")
        if script:
            yield from field_faults(script, path, SCRIPT)
        if name or field == "remoteEntry":
            yield from name_faults(name, f"{path}.name", script_name_fault, "a container script")
            yield from name_faults(text_of(script, "path"), f"{path}.path", folder_fault, "a folder")
    if build := items_of(meta, "buildInfo"):
        yield from field_faults(build, "$.metaData.buildInfo", BUILD)


def expose_faults(item: Tree, path: str) -> Iterator[Fault]:
    """Yield the faults of one exposed module."""
    yield from field_faults(item, path, EXPOSE)
    key, field = text_of(item, "path"), "path"
    if not key:
        key, field = text_of(item, "name") or "", "name"
    if isinstance(item, Pairs):
        yield from name_faults(key, f"{path}.{field}", expose_name_fault, "an exposed module's key")
    yield from text_list_faults(list_of(item, "requires"), f"{path}.requires")
    yield from assets_faults(items_of(item, "assets"), f"{path}.assets")


def repeated_faults(exposes: list[Tree]) -> Iterator[Fault]:
    """Yield a fault for each key that is exposed twice."""
    seen: dict[str, int] = {}
    for index, item in enumerate(exposes):
        key = text_of(item, "path") or text_of(item, "name")
        if key and key in seen:
            yield Fault(
                path=f"$.exposes[{index}]",
                message="an earlier item exposes the same key",
                found=repr(shorten(key)),
                hint=f"see $.exposes[{seen[key]}]",
            )
        if key:
            seen.setdefault(key, index)


def shared_faults(item: Tree, path: str) -> Iterator[Fault]:
    """Yield the faults of one shared package."""
    yield from field_faults(item, path, SHARED)
    yield from name_faults(text_of(item, "name"), f"{path}.name", share_name_fault, "a package's name")
    scopes = list_of(item, "shareScope")
    yield from text_list_faults(scopes, f"{path}.shareScope")
    yield from text_list_faults(list_of(item, "usedExports"), f"{path}.usedExports")
    for scope in [text_of(item, "shareScope"), *(one for one in scopes if isinstance(one, str))]:
        yield from name_faults(scope, f"{path}.shareScope", label_fault, "a share scope's name")
    # An empty version is how builds write that they bring none.
    yield from version_faults(item, path, severity="warning", unversioned=True)
    yield from assets_faults(items_of(item, "assets"), f"{path}.assets")


def assets_faults(assets: Pairs, path: str) -> Iterator[Fault]:
    """Yield the faults of the files of a module or package."""
    if assets:
        yield from field_faults(assets, path, {"js": OBJECT, "css": OBJECT})
    for kind in ("js", "css"):
        lists = items_of(assets, kind)
        if lists:
            yield from field_faults(lists, f"{path}.{kind}", {"sync": LIST, "async": LIST})
        for field in ("sync", "async"):
            for index, file in enumerate(list_of(lists, field)):
                place = f"{path}.{kind}.{field}[{index}]"
                if isinstance(file, str):
                    yield from name_faults(file, place, asset_name_fault, "a file")
                else:
                    yield type_fault(file, place, ("str",))


def text_list_faults(items: list[Tree], path: str) -> Iterator[Fault]:
    """Yield a fault for each item that is no text."""
    for index, item in enumerate(items):
        if not isinstance(item, str):
            yield type_fault(item, f"{path}[{index}]", ("str",))


def federated_faults(tree: Tree, limits: Limits) -> Iterator[Fault]:
    """Yield every fault of federated stats."""
    yield from field_faults(tree, "$", {"federatedModules": LIST, "sharedModules": ("*",)})
    count = 0
    for index, module in enumerate(list_of(tree, "federatedModules")):
        path = f"$.federatedModules[{index}]"
        yield from field_faults(module, path, FEDERATED)
        count += 1
        for key, files in items_of(module, "exposes"):
            place = key_path(f"{path}.exposes", key)
            yield from name_faults(key, place, expose_name_fault, "an exposed module's key")
            if not isinstance(files, list):
                yield type_fault(files, place, ("array",))
                continue
            count += len(files)
            yield from text_list_faults(files, place)
            for number, file in enumerate(files):
                if isinstance(file, str):
                    yield from name_faults(file, f"{place}[{number}]", asset_name_fault, "a file")
    yield from count_faults(count, "$.federatedModules", limits.files_per_entry)
