"""An instance's share scopes: what is registered in them, when, and who gives way to whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hanse.share.entries import (
    Entry,
    ShareScopeMap,
    Source,
    Versions,
    copy_into,
    list_keys,
    normalise,
    scopes_of,
    type_error,
)
from hanse.share.layers import lookup_keys
from hanse.share.options import DEFAULT_SCOPE, Remote, Shared

if TYPE_CHECKING:
    from hanse.share.hooks import HookArgs, Hooks
    from hanse.share.instance import Instance
    from hanse.share.microtasks import Microtasks, Promise

__all__ = ["Layers", "Options", "Registry", "Token"]

# `separate` files copies by layer, `compatible` ignores layers, as Module Federation's runtime does.
Layers = Literal["separate", "compatible"]

StartRemote = Callable[[str, "list[Token] | None"], "Promise[object]"]


@dataclass(slots=True, eq=False)
class Token:
    """The mark that an instance's scope was initialised already; the same object means the same scope."""

    from_: str


@dataclass(slots=True)
class Options:
    """What an instance was set up with, and what was added since."""

    name: str
    id: str
    remotes: list[Remote] = field(default_factory=list)
    shared: dict[str, list[Entry]] = field(default_factory=dict)
    share_strategy: str | None = None


class Registry:
    """An instance's share scope map, and how entries get into it."""

    def __init__(self, *, options: Options, hooks: Hooks, queue: Microtasks, layers: Layers) -> None:
        self.options = options
        self.scopes: ShareScopeMap = {}
        self._hooks = hooks
        self._queue = queue
        self._layers = layers
        self._tokens: dict[str, Token] = {}
        self.origin: Instance | None = None
        self.start_remote: StartRemote | None = None

    def file_name(self, package: str, layer: str | None) -> str:
        """Return the name under which copies of a package are filed: with its layer, where layers count."""
        return self.file_names(package, layer)[0]

    def file_names(self, package: str, layer: str | None) -> tuple[str, ...]:
        """Return the names under which a consumer in a layer may find a package: its layer's first."""
        return lookup_keys(package, layer if self._layers == "separate" else None)

    def own_entries(self, package: str, layer: str | None) -> list[Entry] | None:
        """Return the application's own entries of a package that a consumer in a layer may have."""
        entries = self.options.shared.get(package)
        if entries is None or self._layers == "compatible":
            return entries
        own = [entry for entry in entries if entry.layer == layer]
        return own or [entry for entry in entries if entry.layer is None] or None

    def register_shared(self, shared: Sequence[Shared]) -> dict[str, list[Entry]]:
        """Register what an application shares; only the first version of a package new to a scope gets in.

        Returns:
            All that the application shares now, by package.
        """
        new = self._normalised(shared)
        every = self._merged(new)
        for package in list_keys(new):
            for entry in new[package]:
                for scope in scopes_of(entry):
                    self._register_in(scope, package, entry)
        return every

    def describe_shared(self, shared: Sequence[Shared]) -> dict[str, list[Entry]]:
        """Return what the application will share when this is registered."""
        return self._merged(self._normalised(shared))

    def _normalised(self, shared: Sequence[Shared]) -> dict[str, list[Entry]]:
        entries: dict[str, list[Entry]] = {}
        for one in shared:
            made = normalise(one, self.options.name, self.options.share_strategy, self._queue)
            entries.setdefault(one.package, []).append(made)
        return entries

    def _merged(self, new: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
        """Add new entries to the known ones; of a package known already, only versions that are new."""
        merged = dict(self.options.shared)
        for package in list_keys(new):
            known = merged.setdefault(package, new[package])
            if known is new[package]:
                continue
            for entry in new[package]:
                if not self._has_version(known, entry):
                    known.append(entry)
        return merged

    def _has_version(self, known: list[Entry], entry: Entry) -> bool:
        separate = self._layers == "separate"
        return any(
            one.version == entry.version and (not separate or one.layer == entry.layer) for one in known
        )

    def _register_in(self, scope: str, package: str, entry: Entry) -> None:
        self._hooks.pass_on(
            "before_register_share", {"origin": self.origin, "pkg_name": package, "shared": entry}
        )
        before = self._versions(scope, package, entry.layer)
        previous = None if before is None else before.get(entry.key)
        if before is None:
            self.put(package, entry, loaded=bool(entry.loaded), lib=entry.lib, from_=self.options.name)
        after = self._versions(scope, package, entry.layer) or {}
        self._tell_registered(package, scope, entry, previous, after.get(entry.key), "runtime")

    def _versions(self, scope: str, package: str, layer: str | None) -> Versions | None:
        return self.scopes.get(scope, {}).get(self.file_name(package, layer))

    def _tell_registered(
        self,
        package: str,
        scope: str,
        entry: Entry,
        previous: Entry | None,
        registered: Entry | None,
        trigger: str,
    ) -> None:
        args: HookArgs = {
            "pkg_name": package,
            "scope": scope,
            "shared": entry,
            "previous_shared": previous,
            "registered_shared": registered,
            "trigger": trigger,
            "share_scope_map": self.scopes,
            "origin": self.origin,
        }
        self._hooks.tell("after_register_share", args)

    def put(
        self,
        package: str,
        entry: Entry,
        *,
        from_: str,
        loaded: bool = False,
        lib: object = None,
        loading: Promise[object] | None = None,
        shaken: bool = False,
    ) -> None:
        """Write an entry into all of its scopes; where its version is there already, fill that one's gaps.

        Raises:
            ShareError: The tree-shaken variant is meant, and the entry in the scope has none.
        """
        for scope in list(scopes_of(entry)):
            versions = self.scopes.setdefault(scope, {}).setdefault(self.file_name(package, entry.layer), {})
            registered = versions.setdefault(entry.key, copy_into(entry, scope, lib))
            target: Source | None = registered.shaken if shaken else registered
            if target is not None:
                target.fill(loaded=loaded, loading=loading, lib=lib)
            elif loaded or loading is not None or lib is not None:
                raise type_error("Cannot read properties of undefined (reading 'loading')")
            registered.from_ = from_ or registered.from_

    def initialise(
        self,
        scope: str = DEFAULT_SCOPE,
        *,
        tokens: list[Token] | None = None,
        from_build: bool = False,
        strategy: str | None = None,
    ) -> list[Promise[object]]:
        """Register all own entries of a scope, and start the remotes that have it.

        Args:
            scope: The scope's name.
            tokens: The scopes that are being initialised already, further up; this one is added.
            from_build: Whether a container does this, which looks at its own tokens instead.
            strategy: What the consumer's package says about it.

        Returns:
            Promises for the remotes; none are started unless one strategy is `version-first`.
        """
        if not from_build:
            tokens = [] if tokens is None else tokens
            token = self._tokens.setdefault(scope, Token(self.options.name))
            if any(one is token for one in tokens):
                return []
            tokens.append(token)
        self.scopes.setdefault(scope, {})
        for package in list_keys(self.options.shared):
            for entry in list(self.options.shared[package]):
                if scope in scopes_of(entry):
                    self._register_own(scope, package, entry, "build" if from_build else "runtime")
        if "version-first" not in (self.options.share_strategy, strategy) or self.start_remote is None:
            return []
        return [
            self.start_remote(remote.name, tokens)
            for remote in list(self.options.remotes)
            if remote.share_scope == scope
        ]

    def _register_own(self, scope: str, package: str, entry: Entry, trigger: str) -> None:
        versions = self.scopes[scope].setdefault(self.file_name(package, entry.layer), {})
        active = versions.get(entry.key)
        if active is None or self._gives_way(active, entry):
            versions[entry.key] = entry
        self._tell_registered(package, scope, entry, active, versions[entry.key], trigger)

    def _gives_way(self, active: Entry, newcomer: Entry) -> bool:
        """Tell whether an entry gives way to a newcomer of the same version.

        What is loaded stays, and so does the first one of those that prefer what is loaded. Otherwise the
        old eager flag decides, and then the greater name, by UTF-16 code units.
        """
        if active.strategy == "loaded-first" or active.loaded:
            return False
        active_eager = bool(active.eager_at_top) or bool(active.config is not None and active.config.eager)
        if bool(newcomer.eager_at_top) != active_eager:
            return bool(newcomer.eager_at_top)
        return active.from_ is not None and _code_units(self.options.name) > _code_units(active.from_)


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
