"""Loading a shared package: from whom, in which order, and what is noted down about it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from inspect import iscoroutine
from typing import TYPE_CHECKING, Literal, cast

from hanse.errors import ShareError
from hanse.share.choosing import Found, Lookup, choose_own, find_registered, uses_shaking
from hanse.share.entries import Entry, Source, is_callable_lib, lay_over, note_user, type_error
from hanse.share.microtasks import Promise

if TYPE_CHECKING:
    from hanse.share.hooks import HookArgs, Hooks
    from hanse.share.microtasks import Microtasks
    from hanse.share.options import Custom
    from hanse.share.registering import Registry

__all__ = ["Loader", "Request", "Resolver"]

Resolver = Callable[["Sequence[Entry] | None"], "Entry | None"]
Lifecycle = Literal["loadShare", "loadShareSync"]


@dataclass(frozen=True, slots=True)
class Request:
    """One load of a shared package.

    Attributes:
        package: The package's name.
        custom: What this load asks for, over what the application says.
        resolver: Another way to choose among the application's own entries.
        from_build: Whether code that a bundler wrote asks.
    """

    package: str
    custom: Custom | None = None
    resolver: Resolver | None = None
    from_build: bool = False


class Loader:
    """Loads shared packages for one instance."""

    def __init__(
        self, *, registry: Registry, hooks: Hooks, queue: Microtasks, warn: Callable[[object], None]
    ) -> None:
        self._registry = registry
        self._hooks = hooks
        self._queue = queue
        self._warn = warn

    @property
    def _name(self) -> str:
        return self._registry.options.name

    async def load(self, request: Request) -> object:
        """Load a package; return its factory, or False where the consumer has to take its own copy.

        Raises:
            ShareError: No version fits a strict singleton, or there is no such package at all.
            Exception: What a provider or a plugin raised.
        """
        wanted = self._wanted(request)
        try:
            await self._initialise(wanted)
            args: HookArgs = {
                "pkg_name": request.package,
                "share_info": wanted,
                "shared": self._registry.options.shared,
                "origin": self._registry.origin,
            }
            told = await self._hooks.pass_on_later("before_load_share", args)
            wanted = cast("Entry", told["share_info"])
            found = self._find(request.package, wanted)
            if found.entry is not None:
                return await self._load_registered(request.package, wanted, found.entry, shaken=found.shaken)
            if request.custom is not None:
                self._tell_error("loadShare", request.package, wanted, None)
                return False
            return await self._load_own(request.package, wanted)
        except Exception as error:
            self._tell_error("loadShare", request.package, wanted, error)
            raise

    def _wanted(self, request: Request) -> Entry:
        config = None if request.custom is None else request.custom.config
        layer = config.layer if config is not None and isinstance(config.layer, str) else None
        entries = self._registry.own_entries(request.package, layer)
        if request.resolver is not None:
            return lay_over(request.resolver(entries), request.custom)
        return lay_over(None if entries is None else choose_own(entries), request.custom)

    async def _initialise(self, wanted: Entry) -> None:
        """Initialise the scopes that are wanted, and wait for the remotes that takes."""
        queue, scopes = self._queue, _list_scopes(wanted)

        async def initialise(scope: str) -> None:
            await queue.all_of(self._registry.initialise(scope, strategy=wanted.strategy))

        if wanted.scope is not None:
            await queue.all_of([queue.start(initialise(scope)) for scope in scopes])

    def _find(self, package: str, wanted: Entry) -> Found:
        layer = None if wanted.config is None else wanted.config.layer
        keys = self._registry.file_names(package, layer if isinstance(layer, str) else None)
        origin = self._registry.origin
        lookup = Lookup(
            scopes=self._registry.scopes,
            package=package,
            keys=keys,
            wanted=wanted,
            federation=None if origin is None else origin.runtime,
            hooks=self._hooks,
            warn=self._warn,
        )
        return find_registered(lookup)

    async def _load_registered(self, package: str, wanted: Entry, entry: Entry, *, shaken: bool) -> object:
        """Load what was found in a scope; who finds it being loaded waits for the same promise."""
        target = entry.direct(shaken=shaken)
        if target.lib is not None:
            note_user(target, self._name)
            self._tell_loaded("loadShare", package, wanted, entry)
            return target.lib
        if target.loading is not None and not target.loaded:
            factory = await target.loading
            target.loaded = True
            target.fill(lib=factory)
            note_user(target, self._name)
        else:
            loading = self._queue.start(self._get_for(target))
            self._registry.put(package, entry, from_=self._name, loading=loading, shaken=shaken)
            factory = await loading
        self._tell_loaded("loadShare", package, wanted, entry)
        return factory

    async def _get_for(self, target: Source) -> object:
        factory = await self._get(target)
        note_user(target, self._name)
        target.loaded, target.lib = True, factory
        return factory

    async def _load_own(self, package: str, wanted: Entry) -> object:
        """Load the application's own entry, and file it."""
        shaken = uses_shaking(wanted.shaken)
        loading = self._queue.start(self._get_own(package, wanted, wanted.direct(shaken=shaken)))
        self._registry.put(package, wanted, from_=self._name, loading=loading, shaken=shaken)
        factory = await loading
        self._tell_loaded("loadShare", package, wanted, wanted)
        return factory

    async def _get_own(self, package: str, wanted: Entry, target: Source) -> object:
        factory = await self._get(target)
        target.lib, target.loaded = factory, True
        note_user(target, self._name)
        found = self._find(package, wanted)
        if found.entry is not None:
            filed = found.entry.direct(shaken=found.shaken)
            filed.lib, filed.loaded = factory, True
            found.entry.from_ = wanted.from_
        return factory

    def _get(self, target: Source) -> Promise[object]:
        """Call a getter; return a promise for what it gives."""
        if target.get is None:
            raise type_error("targetShared.get is not a function")
        return self._queue.resolved(self._called(target))

    def _called(self, source: Source) -> object:
        """Call a getter, and start it where it is an `async def`."""
        if source.get is None:
            return None
        found = source.get.call()
        if iscoroutine(found):
            return self._queue.start(cast("Coroutine[object, object, object]", found))
        return found

    def load_now(self, request: Request) -> object:
        """Load a package at once; return its factory.

        Remotes are started and not waited for. A copy that is only to be had later is passed over, and the
        application's own is taken.

        Raises:
            ShareError: The own copy is only to be had later, too (RUNTIME-006; RUNTIME-005 from a build),
                or as `load` does.
            Exception: What a provider or a plugin raised.
        """
        wanted = self._wanted(request)
        try:
            for scope in _list_scopes(wanted):
                self._registry.initialise(scope, strategy=wanted.strategy, from_build=request.from_build)
            found = self._find(request.package, wanted)
            if found.entry is not None:
                factory = self._take_registered(request.package, wanted, found.entry)
                if factory is not None:
                    return factory
            return self._take_own(request, wanted)
        except Exception as error:
            self._tell_error("loadShareSync", request.package, wanted, error)
            raise

    def _take_registered(self, package: str, wanted: Entry, entry: Entry) -> object:
        """Take a registered copy if it is there at once; return nothing if it is not."""
        if is_callable_lib(entry.lib):
            note_user(entry, self._name)
            entry.loaded = True
            factory = entry.lib
        elif entry.get is None:
            return None
        else:
            factory = self._called(entry)
            if isinstance(factory, Promise):
                return None
            note_user(entry, self._name)
            self._registry.put(package, entry, from_=self._name, loaded=True, lib=factory)
        self._tell_loaded("loadShareSync", package, wanted, entry)
        return factory

    def _take_own(self, request: Request, wanted: Entry) -> object:
        if wanted.lib is None:
            factory = None if wanted.get is None else self._called(wanted)
            if wanted.get is None or isinstance(factory, Promise):
                raise self._not_at_once(request, built=request.from_build and wanted.get is not None)
            wanted.lib = factory
            self._registry.put(request.package, wanted, from_=self._name, loaded=True, lib=factory)
        self._tell_loaded("loadShareSync", request.package, wanted, wanted)
        return wanted.lib

    def _not_at_once(self, request: Request, *, built: bool) -> ShareError:
        code, caller = ("RUNTIME-005", "bundler runtime") if built else ("RUNTIME-006", "runtime")
        return ShareError(
            f"[ Federation Runtime ]: Invalid loadShareSync function call from {caller} #{code}",
            runtime_code=code,
            subject=request.package,
            hint="share it eagerly, or load it asynchronously",
        )

    def _tell_loaded(self, lifecycle: Lifecycle, package: str, wanted: Entry, selected: Entry) -> None:
        args: HookArgs = {
            "pkg_name": package,
            "share_info": wanted,
            "selected_shared": selected,
            "shared": self._registry.options.shared,
            "share_scope_map": self._registry.scopes,
            "lifecycle": lifecycle,
            "origin": self._registry.origin,
        }
        self._tell("after_load_share", args)

    def _tell_error(self, lifecycle: Lifecycle, package: str, wanted: Entry, error: Exception | None) -> None:
        args: HookArgs = {
            "pkg_name": package,
            "share_info": wanted,
            "shared": self._registry.options.shared,
            "share_scope_map": self._registry.scopes,
            "lifecycle": lifecycle,
            "origin": self._registry.origin,
            "error": error,
            "recovered": error is None,
        }
        self._tell("error_load_share", args)

    def _tell(self, hook: str, args: HookArgs) -> None:
        """Emit a hook at which errors are only warned of."""
        try:
            self._hooks.tell(hook, args)
        except Exception as error:  # noqa: BLE001 - as the runtime does: the load goes on
            self._warn(error)


def _list_scopes(wanted: Entry) -> list[str]:
    """Return the scopes to initialise; a name alone is where the runtime breaks."""
    if isinstance(wanted.scope, str):
        raise type_error("shareOptions.scope.map is not a function")
    return list(wanted.scope or ())
