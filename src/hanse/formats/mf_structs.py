"""What `mf-manifest.json` and `mf-stats.json` consist of, as Module Federation's builds write them.

Every field may be missing: webpack, rspack, Vite and Next leave out different ones. Source: documents of
`@module-federation/enhanced` 2.9, `@module-federation/vite` 1.23 and `nextjs-mf` 8.8.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "Assets",
    "BuildInfo",
    "BuiltFile",
    "FileLists",
    "MetaData",
    "MfExpose",
    "MfManifest",
    "MfRemote",
    "MfShared",
    "ScriptFile",
]


class FileLists(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that are needed at once (`sync`), and those that are loaded later (`async`)."""

    sync: list[str] | None = None
    async_: list[str] | None = msgspec.field(name="async", default=None)


class Assets(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of an exposed module or a shared package, relative to the public path."""

    js: FileLists | None = None
    css: FileLists | None = None


class ScriptFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A container script: its folder and name, and how it hands out the container (`global`, `module`…)."""

    name: str
    path: str | None = None
    type: str | None = None


class BuildInfo(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Which build this is; Vite always says 1.0.0."""

    build_version: str | None = None
    build_name: str | None = None
    hash: str | None = None


class MetaData(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where a container's files lie and what it is called.

    `get_public_path` is JavaScript in a text. It is kept to be reported, and never run.
    """

    name: str | None = None
    type: str | None = None
    global_name: str | None = None
    plugin_version: str | None = None
    build_info: BuildInfo | None = None
    remote_entry: ScriptFile | None = None
    ssr_remote_entry: ScriptFile | None = None
    public_path: str | None = None
    ssr_public_path: str | None = None
    get_public_path: str | None = None


class MfShared(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A package that a container shares, or only consumes: then it has no version.

    `share_scope`, `eager`, `strict_version` and `used_exports` stand in the stats of some builds only.
    """

    name: str
    id: str | None = None
    version: str | None = None
    singleton: bool | None = None
    required_version: str | bool | None = None
    strict_version: bool | None = None
    share_scope: str | list[str] | None = None
    eager: bool | None = None
    assets: Assets | None = None
    used_exports: list[str] | None = None


class MfExpose(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exposed module: `path` is its key, `name` the same without `./`; `file` and `requires` in stats."""

    name: str | None = None
    path: str | None = None
    id: str | None = None
    file: str | None = None
    requires: list[str] | None = None
    assets: Assets | None = None


class MfRemote(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Another container that this one consumes; `module_name` is `UNKNOWN` where nothing of it is used."""

    federation_container_name: str | None = None
    module_name: str | None = None
    alias: str | None = None
    entry: str | None = None
    version: str | None = None


class BuiltFile(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A file that a build says it has written; only Vite's stats have a list of them."""

    file_name: str


class MfManifest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One container's metadata document, a manifest or stats."""

    name: str | None = None
    id: str | None = None
    meta_data: MetaData | None = None
    shared: list[MfShared] | None = None
    remotes: list[MfRemote] | None = None
    exposes: list[MfExpose] | None = None
    build_output: list[BuiltFile] | None = None
