"""The manifest that Module Federation's tools read, for a remote that was built for native federation."""

from __future__ import annotations

from collections.abc import Iterator

from hanse.formats.entry_structs import RemoteEntry, Shared
from hanse.formats.mf_structs import (
    Assets,
    BuildInfo,
    FileLists,
    MetaData,
    MfExpose,
    MfManifest,
    MfShared,
    ScriptFile,
)

__all__ = ["write_mf_manifest"]


def write_mf_manifest(
    entry: RemoteEntry,
    *,
    script: str = "remoteEntry.js",
    public_path: str = "auto",
    build_version: str | None = None,
) -> MfManifest:
    """Describe a native federation remote as Module Federation's builds describe a container.

    Each specifier becomes a shared package of its own, as Module Federation has them, and `requiredVersion`
    stays false where the build knew no range. A remote's own chunks (`@nf-internal/…`) are not shared.

    Args:
        entry: The remote entry.
        script: The container script, which has to be an ES module with `init` and `get`.
        public_path: Where the remote's files lie; `auto` for beside the manifest.
        build_version: Which build this is; the entry's `$version` if not given.
    """
    version = build_version or entry.version
    return MfManifest(
        id=entry.name,
        name=entry.name,
        meta_data=MetaData(
            name=entry.name,
            type="app",
            global_name=entry.name,
            build_info=BuildInfo(build_version=version, build_name=entry.name) if version else None,
            remote_entry=ScriptFile(script, path="", type="module"),
            public_path=public_path,
        ),
        shared=[one for item in entry.shared or () for one in shared_of(entry.name, item)],
        remotes=[],
        exposes=[
            MfExpose(
                id=f"{entry.name}:{expose.key.removeprefix('./')}",
                name=expose.key.removeprefix("./"),
                path=expose.key,
                assets=assets_of(expose.out_file_name),
            )
            for expose in entry.exposes or ()
        ],
    )


def shared_of(name: str, item: Shared) -> Iterator[MfShared]:
    """Yield a package's entrypoints."""
    entries = item.entries
    if entries is None:
        entries = {} if item.out_file_name is None else {item.package_name: item.out_file_name}
    for specifier, file in entries.items():
        if not specifier.startswith("@nf-internal/"):
            yield MfShared(
                id=f"{name}:{specifier}",
                name=specifier,
                version=item.version,
                singleton=bool(item.singleton),
                required_version=item.required_version if item.required_version is not None else False,
                strict_version=item.strict_version,
                share_scope=item.share_scope,
                assets=assets_of(file),
            )


def assets_of(file: str) -> Assets:
    """List one file as needed at once, the way builds write it: with all lists there."""
    if file.endswith(".css"):
        return Assets(FileLists([], []), FileLists([file], []))
    return Assets(FileLists([file], []), FileLists([], []))
