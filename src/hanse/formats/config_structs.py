"""`hanse.toml`: what an operator writes down about a federation and its remotes.

A text of the form `env:NAME` stands for an environment variable. Keys nobody knows are faults, with a guess
at what was meant. `[app]`, `[exposes]` and `[shared]` are kept as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from hanse.formats.manifest import Remote

__all__ = [
    "Config",
    "HostEntry",
    "Layer",
    "Modules",
    "Options",
    "RemoteSettings",
    "RenderingSettings",
]

Layer = Literal[
    "rsc",
    "ssr",
    "client",
    "action-browser",
    "api",
    "middleware",
    "instrument",
    "edge-asset",
    "app-pages-browser",
    "shared",
]
"""For which part of a server modules are built, in the words of Next.js."""

Modules = Literal["read", "skip", "locked"]
"""What is done about the files behind an import map: read them, let them be, or serve nothing else."""

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policy's options, the native federation orchestrator's in snake_case; None is not given.

    `strict` sets all six `strict_…` options that are not given themselves.
    """

    strict: bool | None = None
    strict_remote_entry: bool | None = None
    strict_external_compatibility: bool | None = None
    strict_external_same_version_compatibility: bool | None = None
    strict_external_version: bool | None = None
    strict_import_map: bool | None = None
    strict_entry_point_coverage: bool | None = None
    latest_shared_external: bool | None = None
    skip_invalid_external_versions: bool | None = None
    scope_uncovered_entrypoints: bool | None = None
    override_cached_remotes: Literal["never", "init-only", "always"] | None = None
    override_cached_remotes_if_url_matches: bool | None = None
    cache_tag: str | None = None
    convert_flat_shared_info: bool | None = None
    use_auto_external_pooling: bool | None = None

    def given(self) -> dict[str, bool | str | None]:
        """Return the options that are given, `strict` spelt out."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.strict is not None:
            for name in given:
                if name.startswith("strict_") and given[name] is None:
                    given[name] = self.strict
        return {name: value for name, value in given.items() if value is not None and name != "strict"}


class HostEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The host's own remote entry, whose shared packages take precedence."""

    url: str
    name: str = "__NF-HOST__"
    cache_tag: str | None = None
    integrity: str | None = None


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `[remotes.NAME]` says about one remote.

    `url` puts the remote into the manifest. `deadline` is in seconds. `key` is the secret shared with the
    remote, `public_key` verifies its signature; `delegate` names the operator's own code that connects to it.
    A remote that is not `trusted` becomes a sanitised fragment. `server` and `facade` are as in a manifest.
    """

    url: str | None = None
    type: Literal["native", "mf"] = "native"
    server: str | None = None
    integrity: str | None = None
    engine: Literal["deno", "wasm"] | None = None
    trusted: bool = True
    delegate: str | None = None
    key: str | None = None
    public_key: str | None = None
    deadline: Seconds | None = None
    layer: Layer | None = None
    facade: dict[str, list[str]] | None = None

    def __repr__(self) -> str:
        """Show everything but the key."""
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "key")
        return f"RemoteSettings({', '.join(shown)}, key={'…' if self.key else None})"


class RenderingSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `[rendering]` says about the engines that render on the server.

    With `isolation = "request"` every call has a process of its own; with `"generation"` a process lives as
    long as the builds in it. `processes` is how many of them this machine has for each generation, shared
    among its web workers, of which each has one at least; None for one a processor, and four a worker at
    most. `memory` is what the heap of each may have, in MiB; `deadline` is for one call, `opening` for
    loading and evaluating builds in a new process, both in seconds.
    """

    isolation: Literal["generation", "request"] = "generation"
    processes: Annotated[int, msgspec.Meta(ge=1, le=256)] | None = None
    memory: Annotated[int, msgspec.Meta(ge=32, le=16384)] = 192
    deadline: Seconds = 2.0
    opening: Seconds = 10.0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole `hanse.toml`.

    `manifest` is a URL or a file, `remotes` are the remotes given in place; both may be there. `options` are
    those of the policies in `hanse.resolve`, `families` an addition to its table of packages that move
    together. `refresh` is in seconds, 0 for never, None for the default. `development` has builds of remotes
    notified to pages.
    """

    manifest: str | None = None
    manifest_integrity: str | None = None
    remotes: Mapping[str, Remote] = {}
    policy: Literal["coherent", "compatible"] = "coherent"
    options: Mapping[str, bool | str | None] = {}
    families: tuple[tuple[str, ...], ...] = ()
    host_entry: HostEntry | None = None
    allowed_origins: tuple[str, ...] = ()
    refresh: float | None = None
    cache_folder: str | None = None
    development: bool = False
    modules: Modules = "read"
    facade_base: str | None = None
    settings: Mapping[str, RemoteSettings] = {}
    rendering: RenderingSettings = RenderingSettings()
    app: Mapping[str, object] = {}
    exposes: Mapping[str, object] = {}
    shared: Mapping[str, object] = {}
