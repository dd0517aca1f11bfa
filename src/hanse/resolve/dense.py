"""Flat shared items (native federation v3) read as dense ones (v4)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hanse.formats.remote_entry import Shared
from hanse.resolve.paths import package_of

__all__ = ["CHUNK_PREFIX", "group_flat", "specifiers_of"]

CHUNK_PREFIX = "@nf-internal"


def specifiers_of(item: Shared) -> dict[str, str]:
    """Return specifier -> file; a flat item has the one entry named after its package.

    An item that names no file at all has none: the remote's folder is not a module.
    """
    if item.entries is not None:
        return item.entries
    return {item.package_name: item.out_file_name} if item.out_file_name else {}


def group_flat(shared: Sequence[Shared]) -> list[Shared]:
    """Group flat items of one package that agree in everything else, as `convertFlatSharedInfo` does.

    Dense items and chunks pass through. Of a specifier that comes twice the later file counts; bundle,
    pool and dev are the first item's. Source: densify-externals in @softarc/native-federation 4.5.
    """
    grouped: list[Shared] = []
    index: dict[tuple[object, ...], int] = {}
    for item in shared:
        if item.entries is not None:
            grouped.append(item)
            continue
        if item.package_name.startswith(CHUNK_PREFIX):
            grouped.append(msgspec.structs.replace(item, entries=specifiers_of(item)))
            continue
        owner = package_of(item.package_name)
        key = (
            owner,
            item.singleton,
            item.strict_version,
            item.required_version,
            item.version,
            item.share_scope,
        )
        if key in index:
            specifiers_of(grouped[index[key]]).update(specifiers_of(item))
            continue
        index[key] = len(grouped)
        grouped.append(msgspec.structs.replace(item, package_name=owner, entries=dict(specifiers_of(item))))
    return grouped
