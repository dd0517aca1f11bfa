"""The part of a container that servers run: its script, and whether that is of the same build.

A manifest for browsers may name that script itself (`ssrRemoteEntry`). Where the build for servers has a
manifest of its own, that one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.container import Container, ContainerFinding, SharedUse, with_finding
from hanse.formats.decoding import in_a_line
from hanse.formats.mf_checks import script_path
from hanse.formats.mf_places import find_base, place_file, public_base
from hanse.formats.mf_structs import MetaData, MfManifest, ScriptFile

__all__ = [
    "SERVERS",
    "Server",
    "build_of",
    "merge_server",
    "place_script",
    "refuse_other",
    "server_fault",
    "server_side",
    "with_server_script",
]

SERVERS: Final = frozenset({"commonjs", "commonjs2", "commonjs-module", "commonjs-static"})
# What only a page has. `global`, `this` and the like mean something on a server, too.
BROWSERS: Final = frozenset({"window", "self", "script"})

Server = tuple[str | None, str | None]
"""The URL of a container script for servers, and its library type."""


def server_side(
    manifest: MfManifest,
    meta: MetaData,
    base: str,
    url: str,
    origins: Collection[str],
    found: list[ContainerFinding],
) -> Server:
    """Find the container script for servers that a manifest for browsers names.

    Vite names one in every build, also where it has not built any: its stats tell.
    """
    script = meta.ssr_remote_entry
    if script is None or not script.name:
        return None, None
    path = script_path(script)
    built = manifest.build_output
    if built is not None and path not in {one.file_name.removeprefix("./") for one in built}:
        text = f"{path} is named as the container script for servers, and was never built"
        found.append(ContainerFinding("ssr-not-built", "$.metaData.ssrRemoteEntry.name", text))
        return None, None
    if meta.ssr_public_path:
        base = public_base(meta.ssr_public_path, url, "$.metaData.ssrPublicPath", origins, found)
    return place_file(base, path), script.type or "commonjs-module"


def merge_server(
    web: MfManifest,
    shared: Iterable[SharedUse],
    server: tuple[MfManifest, str],
    origins: Collection[str],
    found: list[ContainerFinding],
) -> Server | None:
    """Take the container script of a build for servers, if it is usable, and compare the two builds."""
    manifest, url = server
    try:
        ssr = place_server(manifest, url, origins)
    except FormatError as error:
        found.append(server_fault(error))
        return None
    if build_of(web) != build_of(manifest):
        text = f"its builds for browsers and servers differ: {build_of(web)} and {build_of(manifest)}"
        found.append(ContainerFinding("builds-differ", "$.metaData.buildInfo.buildVersion", text))
    versions = {item.name: item.version for item in manifest.shared or () if item.version}
    for use in shared:
        there = versions.get(use.package, use.version)
        if use.version is not None and there != use.version:
            text = (
                f"{use.package} is {use.version} in browsers and {there} on servers, where it cannot hydrate"
            )
            found.append(ContainerFinding("server-version", "$.shared", text, use.package))
    return ssr


def with_server_script(
    container: Container, server: tuple[MfManifest, str], origins: Collection[str]
) -> Container:
    """Return a container of which only the script for browsers is known, with that for servers."""
    try:
        script, kind = place_server(*server, origins)
    except FormatError as error:
        return with_finding(container, server_fault(error))
    return msgspec.structs.replace(container, server_script=script, server_type=kind)


def place_server(manifest: MfManifest, url: str, origins: Collection[str]) -> Server:
    """Find the container script of a build for servers.

    Raises:
        FormatError: It is no such manifest, one of a build for browsers, or its files lie elsewhere.
    """
    refuse_other(manifest, url)
    meta, odd = manifest.meta_data or MetaData(), list[ContainerFinding]()
    kind = meta.remote_entry.type if meta.remote_entry else None
    if kind in BROWSERS:
        raise FormatError(
            "this is the manifest of a build for browsers",
            subject=url,
            path="$.metaData.remoteEntry.type",
            found=repr(kind),
            expected="a type that servers can load, such as `commonjs-module` or `module`",
            hint="name the manifest of the build for servers",
        )
    base = find_base(meta, url, origins, odd)
    return place_script(base, meta.remote_entry, url, odd), kind or "commonjs-module"


def server_fault(error: FormatError) -> ContainerFinding:
    """Say why a manifest of a build for servers is not used."""
    text = f"what its build for servers says of itself is not used: {in_a_line(error)}"
    return ContainerFinding("server-fault", error.path, text)


def refuse_other(manifest: MfManifest, url: str) -> None:
    """Raise where a document is JSON and has nothing of a manifest.

    Raises:
        FormatError: It has not.
    """
    if manifest.meta_data is None and manifest.exposes is None and manifest.shared is None:
        raise FormatError(
            "this is no Module Federation manifest",
            subject=url,
            found="neither metaData, exposes nor shared",
            expected="what a build of Module Federation writes",
        )


def build_of(manifest: MfManifest) -> str:
    """Name a build as it does itself."""
    meta = manifest.meta_data or MetaData()
    version = meta.build_info.build_version if meta.build_info else None
    return f"{meta.name or manifest.name or 'a container'} {version or 'without a version'}"


def place_script(base: str, script: ScriptFile | None, url: str, found: list[ContainerFinding]) -> str:
    """Return the URL of the container script.

    Raises:
        FormatError: It would leave the container's folder.
    """
    if script is None:
        text = "the container script is not named; remoteEntry.js is taken, as builds call it"
        found.append(ContainerFinding("no-remote-entry", "$.metaData.remoteEntry", text))
    path = "remoteEntry.js" if script is None else script_path(script)
    placed = place_file(base, path)
    if placed is None:
        raise FormatError(
            "the container script leaves the container's folder",
            subject=url,
            path="$.metaData.remoteEntry",
            found=repr(path[:60]),
            expected=f"a file below {base}",
        )
    return placed
