"""What types cannot say about a Module Federation manifest: counts, and the grammar of names and files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from hanse.errors import FormatError
from hanse.formats.decoding import shorten
from hanse.formats.entry_checks import label_fault, refuse_excess
from hanse.formats.mf_structs import Assets, MetaData, MfExpose, MfManifest, MfShared, ScriptFile
from hanse.limits import LIMITS, Limits
from hanse.names import expose_name_fault, remote_name_fault, text_fault
from hanse.urls import is_file_name

__all__ = [
    "asset_name_fault",
    "check_mf_counts",
    "expose_key",
    "files_of",
    "folder_fault",
    "global_name_fault",
    "mf_violations",
    "script_name_fault",
    "script_path",
    "share_name_fault",
    "share_scopes",
]

# A build's own names, plus what Next puts into them for pages such as `[id].js`, and Vite's `!` and `$`.
ASSET_NAME: Final = re.compile(
    r"(?:\./|/)?(?:(?!\.{1,2}/)[A-Za-z0-9._@+~()\[\]!,=$-]++/)*+[A-Za-z0-9._@+~()\[\]!,=$-]*\.(?:[mc]?js|css)"
)
FOLDER: Final = re.compile(r"\.?/?|(?:\./|/)?(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9._@+~-]++/)*[A-Za-z0-9._@+~-]*/?")


def asset_name_fault(file: str) -> str | None:
    """Say why this cannot be a file of an exposed module: it could leave the container's folder."""
    if len(file) <= LIMITS.text_length and ASSET_NAME.fullmatch(file):
        return None
    return "it could leave the container's folder, or is not one a build writes"


def folder_fault(path: str) -> str | None:
    """Say why this cannot be the folder of a container script, below the public path."""
    plain = len(path) <= LIMITS.text_length and FOLDER.fullmatch(path) and ".." not in path.split("/")
    return None if plain else "it could leave the container's folder, or is not one a build writes"


def global_name_fault(name: str) -> str | None:
    """Say why this cannot be the global variable that a container script leaves its container in."""
    return text_fault(name)


def share_name_fault(name: str) -> str | None:
    """Say why this cannot be a shared package.

    `react/`, which stands for all below it, and `./src/api`, a module of the build's own, are fine: no import
    map gets these names from a container.
    """
    return text_fault(name)


def expose_key(item: MfExpose) -> str:
    """Return an exposed module's key; the empty text where it has none."""
    if item.path:
        return item.path
    if not item.name:
        return ""
    return item.name if item.name.startswith(".") else f"./{item.name}"


def script_path(script: ScriptFile) -> str:
    """Join a container script's folder and name as Module Federation's runtime does."""
    folder = (script.path or "").removeprefix("./").removeprefix("/").removesuffix("/")
    name = script.name.removeprefix("./").removeprefix("/")
    return name if folder in ("", ".") else f"{folder}/{name}"


def share_scopes(item: MfShared) -> tuple[str, ...]:
    """Return the share scopes a package is in, `default` where nothing is said."""
    scope = item.share_scope
    if isinstance(scope, str):
        return (scope,) if scope else ("default",)
    return tuple(dict.fromkeys(scope)) if scope else ("default",)


def files_of(assets: Assets | None) -> Iterator[tuple[str, str]]:
    """Yield the files of an exposed module or package with their paths below it."""
    for kind, lists in (("js", assets and assets.js), ("css", assets and assets.css)):
        for field, files in (("sync", lists and lists.sync), ("async", lists and lists.async_)):
            for index, file in enumerate(files or ()):
                yield f".assets.{kind}.{field}[{index}]", file


def check_mf_counts(manifest: MfManifest, subject: str, limits: Limits) -> None:
    """Raise where a manifest has more parts than any real one.

    Raises:
        FormatError: Too many exposes, shared packages, remotes, or files in all.
    """
    assets = [item.assets for item in manifest.exposes or ()] + [
        item.assets for item in manifest.shared or ()
    ]
    counts = (
        ("$.exposes", len(manifest.exposes or ()), limits.exposes_per_entry),
        ("$.shared", len(manifest.shared or ()), limits.shared_per_entry),
        ("$.remotes", len(manifest.remotes or ()), limits.remotes_per_manifest),
        ("$.buildOutput", len(manifest.build_output or ()), limits.files_per_entry),
        ("$", sum(1 for one in assets for _ in files_of(one)), limits.files_per_entry),
    )
    refuse_excess(counts, subject)


def mf_violations(manifest: MfManifest, subject: str) -> Iterator[FormatError]:
    """Yield a fault for each name and file that is outside the grammar, in the document's order."""

    def ask(
        fault: Callable[[str], str | None], text: str | None, kind: str, path: str
    ) -> Iterator[FormatError]:
        if text is not None and (reason := fault(text)):
            yield FormatError(
                f"this cannot be {kind}: {reason}",
                subject=subject,
                path=path,
                found=repr(shorten(text)),
                expected=kind,
            )

    if manifest.name is not None:
        yield from ask(remote_name_fault, manifest.name, "a container's name", "$.name")
    for text, path in names_of(manifest.meta_data):
        yield from ask(global_name_fault, text, "a container's global name", path)
    for text, path, folder in scripts_of(manifest.meta_data):
        fault = folder_fault if folder else script_name_fault
        yield from ask(fault, text, "a folder" if folder else "a container script", path)
    for index, item in enumerate(manifest.shared or ()):
        path = f"$.shared[{index}]"
        yield from ask(share_name_fault, item.name, "a package's name", f"{path}.name")
        for scope in share_scopes(item):
            yield from ask(label_fault, scope, "a share scope's name", f"{path}.shareScope")
        for place, file in files_of(item.assets):
            yield from ask(asset_name_fault, file, "a file", f"{path}{place}")
    for index, expose in enumerate(manifest.exposes or ()):
        path = f"$.exposes[{index}]"
        field = "path" if expose.path else "name"
        yield from ask(expose_name_fault, expose_key(expose), "an exposed module's key", f"{path}.{field}")
        for place, file in files_of(expose.assets):
            yield from ask(asset_name_fault, file, "a file", f"{path}{place}")


def script_name_fault(name: str) -> str | None:
    """Say why this cannot be the file of a container script."""
    if is_file_name(name.removeprefix("/")):
        return None
    return "it could leave the container's folder, or is not one a build writes"


def names_of(meta: MetaData | None) -> Iterator[tuple[str | None, str]]:
    """Yield the names in the metadata with their paths."""
    if meta is not None:
        yield meta.name, "$.metaData.name"
        yield meta.global_name, "$.metaData.globalName"


def scripts_of(meta: MetaData | None) -> Iterator[tuple[str | None, str, bool]]:
    """Yield names and folders of the container scripts with their paths, and whether it is a folder."""
    scripts = (
        ()
        if meta is None
        else (("remoteEntry", meta.remote_entry), ("ssrRemoteEntry", meta.ssr_remote_entry))
    )
    for field, script in scripts:
        if script is not None and (script.name or field == "remoteEntry"):
            yield script.name, f"$.metaData.{field}.name", False
            yield script.path, f"$.metaData.{field}.path", True
