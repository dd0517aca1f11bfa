"""`mf-stats.json`: the build's own notes, which lie beside a manifest and are right where it is wrong.

A manifest's `singleton` is true and its `requiredVersion` `^version` also where the build was told nothing,
or `false`. Stats of some builds keep what it was told; where they differ, they count.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_structs import Assets, MfExpose, MfManifest, MfShared
from hanse.limits import LIMITS, Limits
from hanse.urls import join

__all__ = ["correct_by_stats", "decode_mf_stats", "stats_name", "stats_url"]

FIELDS = ("singleton", "required_version", "strict_version", "share_scope", "eager", "used_exports")
"""What stats know better, or alone."""


def decode_mf_stats(
    data: bytes | str | Mapping[str, object], *, subject: str, limits: Limits = LIMITS
) -> MfManifest:
    """Decode stats; they have the manifest's shape and more.

    Raises:
        FormatError: As `decode_mf_manifest` does.
    """
    return decode_mf_manifest(data, subject=subject, limits=limits)


def stats_name(manifest: str) -> str:
    """Return what a build calls its stats, by its manifest's name: `shop.json` has `shop-stats.json`."""
    if manifest == "mf-manifest.json":
        return "mf-stats.json"
    stem, dot, suffix = manifest.rpartition(".")
    return f"{stem}-stats.{suffix}" if dot else f"{manifest}-stats.json"


def stats_url(manifest_url: str) -> str | None:
    """Return where a manifest's stats lie if its build has put them there; None where that is no URL.

    The query stays, for it may tell one build from another; absolute URLs only.
    """
    path, mark, query = manifest_url.partition("#")[0].partition("?")
    name = path.rpartition("/")[2]
    return join(manifest_url, stats_name(name) + mark + query) if name else None


def correct_by_stats(manifest: MfManifest, stats: MfManifest) -> MfManifest:
    """Return a manifest with what the stats of the same build know better.

    Packages are told apart by name and version. Those that only the stats have come last. Files are taken
    from stats where the manifest has none.
    """
    known = {(item.name, item.version or ""): item for item in stats.shared or ()}
    shared = [
        correct(item, known.pop((item.name, item.version or ""), None)) for item in manifest.shared or ()
    ]
    files = {item.path or item.name: item.assets for item in stats.exposes or ()}
    exposes = [
        msgspec.structs.replace(item, assets=files.get(item.path or item.name)) if is_bare(item) else item
        for item in manifest.exposes or ()
    ]
    return msgspec.structs.replace(
        manifest,
        shared=[*shared, *known.values()],
        exposes=exposes if manifest.exposes is not None else stats.exposes,
        build_output=manifest.build_output or stats.build_output,
    )


def correct(item: MfShared, better: MfShared | None) -> MfShared:
    """Return a package with what its stats know better."""
    if better is None:
        return item
    changes = {field: value for field in FIELDS if (value := getattr(better, field)) is not None}
    return msgspec.structs.replace(item, **changes)


def is_bare(item: MfExpose) -> bool:
    """Tell whether a manifest lists no file of an exposed module."""
    return not has_files(item.assets)


def has_files(assets: Assets | None) -> bool:
    """Tell whether there is any file."""
    if assets is None:
        return False
    lists = [assets.js, assets.css]
    return any(one is not None and (one.sync or one.async_) for one in lists)
