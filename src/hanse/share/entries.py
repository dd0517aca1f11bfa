"""The runtime's records of shared packages: share scopes, and the entries in them.

Entries change: they are loaded, counted, and taken over by others. One entry object may lie in several
scopes and several instances' maps, which is how instances see each other's copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from hanse.errors import ShareError
from hanse.share.options import DEFAULT_SCOPE, Config, Copy, Custom, Shaking, Shared

if TYPE_CHECKING:
    from hanse.share.microtasks import Microtasks, Promise

__all__ = [
    "Entry",
    "Factory",
    "Getter",
    "Packages",
    "ShakenEntry",
    "ShareScopeMap",
    "Source",
    "Versions",
    "copy_into",
    "each_entry",
    "is_callable_lib",
    "lay_over",
    "list_keys",
    "normalise",
    "note_user",
    "scopes_of",
    "type_error",
]

T = TypeVar("T")

# JavaScript lists keys below this that are whole numbers first, in their order.
_INDEX: Final = 2**32 - 1
_INDEX_DIGITS: Final = 10


def type_error(message: str) -> ShareError:
    """Return what JavaScript raises for a missing method or property."""
    return ShareError(message, kind="TypeError")


@dataclass(frozen=True, slots=True)
class Factory:
    """What a getter gives, and what a load gives: calling it gives the package's copy."""

    copy: Copy

    @property
    def label(self) -> str:
        """Whose copy of what it gives, as `shop:react@19.1.0`."""
        version = "null" if self.copy.version is None else self.copy.version
        return f"{self.copy.provider}:{self.copy.package}@{version}"

    def __call__(self) -> Copy:
        """Return the copy."""
        return self.copy


@dataclass(frozen=True, slots=True)
class Getter:
    """A provider's getter, with the label of what it gives where that is known."""

    call: Callable[[], object]
    label: str | None = None


@dataclass(slots=True, eq=False)
class Source:
    """What both kinds of entries have: where the package comes from, and how far it is."""

    get: Getter | None = None
    lib: object = None
    loaded: bool | None = None
    loading: Promise[object] | None = None
    use_in: list[str] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether it was loaded."""
        return bool(self.loaded) or is_callable_lib(self.lib)

    @property
    def is_under_way(self) -> bool:
        """Whether it is loaded or being loaded, even if that failed."""
        return self.is_loaded or self.loading is not None

    def fill(
        self, *, loaded: bool = False, loading: Promise[object] | None = None, lib: object = None
    ) -> None:
        """Set what is not set yet."""
        if loaded and not self.loaded:
            self.loaded = True
        if loading is not None and self.loading is None:
            self.loading = loading
        if lib is not None and self.lib is None:
            self.lib = lib


@dataclass(slots=True, eq=False)
class ShakenEntry(Source):
    """The tree-shaken variant of an entry."""

    mode: str | None = None
    status: int | None = None
    used_exports: tuple[str, ...] | None = None


@dataclass(slots=True, eq=False)
class Entry(Source):
    """One version of a package in a share scope.

    Attributes:
        version: Its version; None where nobody gave one.
        from_: Who provides it, then who last had it loaded.
        config: Its settings.
        scope: The scopes it is written to; a consumer's wish may be one name.
        strategy: How its owner chooses.
        layer: The layer it was provided in; None for none.
        eager_at_top: The old flag.
        shaken: Its tree-shaken variant.
    """

    version: str | None = None
    from_: str | None = None
    config: Config | None = None
    scope: list[str] | str | None = None
    strategy: str | None = None
    layer: str | None = None
    eager_at_top: bool | None = None
    shaken: ShakenEntry | None = None

    @property
    def key(self) -> str:
        """Its key among the versions."""
        return "undefined" if self.version is None else self.version

    def direct(self, *, shaken: bool) -> Source:
        """Return what is loaded for it: its tree-shaken variant where that is asked for and there."""
        return self.shaken if shaken and self.shaken is not None else self


Versions = dict[str, Entry]
Packages = dict[str, Versions]
ShareScopeMap = dict[str, Packages]


def list_keys(table: Mapping[str, T]) -> list[str]:
    """List a table's keys as JavaScript does: whole numbers first, then the rest as they came."""
    numbers = [key for key in table if _is_index(key)]
    if not numbers:
        return list(table)
    return [*sorted(numbers, key=int), *(key for key in table if not _is_index(key))]


def _is_index(key: str) -> bool:
    short = key.isascii() and key.isdigit() and len(key) <= _INDEX_DIGITS
    return short and (key == "0" or not key.startswith("0")) and int(key) < _INDEX


def is_callable_lib(lib: object) -> bool:
    """Tell whether what is there as a loaded package is one: a factory."""
    return callable(lib)


def note_user(source: Source, name: str) -> None:
    """Note who uses it."""
    if source.use_in is None:
        source.use_in = []
    if name not in source.use_in:
        source.use_in.append(name)


def normalise(shared: Shared, owner: str, strategy: str | None, queue: Microtasks) -> Entry:
    """Make an entry of what an application says it shares.

    Raises:
        ShareError: It is eager and tree-shaken at once.
    """
    config = shared.config.filled(shared.version)
    if shared.config.eager and shared.shaking is not None and shared.shaking.mode:
        raise ShareError(
            f'[ Federation Runtime ]: Invalid shared config for "{shared.package}" from "{owner}": '
            'cannot use both "eager: true" and "treeShaking.mode" simultaneously.',
            subject=shared.package,
        )
    factory = Factory(Copy(owner, shared.package, shared.version))
    is_lib = shared.provide == "lib" and shared.get is None
    return Entry(
        get=_getter(shared, factory, owner, queue),
        lib=factory if is_lib else None,
        loaded=True if is_lib else None,
        use_in=[],
        version="0" if shared.version is None else shared.version,
        from_=owner,
        config=config,
        scope=_listed(shared.scope),
        strategy=(strategy if shared.strategy is None else shared.strategy) or "version-first",
        layer=config.layer if isinstance(config.layer, str) else None,
        eager_at_top=shared.eager_at_top,
        shaken=_shaken(shared, owner, queue),
    )


def _listed(scope: str | Iterable[str]) -> list[str]:
    return [scope] if isinstance(scope, str) else list(scope)


def _shaken(shared: Shared, owner: str, queue: Microtasks) -> ShakenEntry | None:
    said = shared.shaking
    if said is None:
        return None
    plain = replace(shared, provide="async", get=None)
    factory = Factory(Copy(f"{owner}#ts", shared.package, shared.version))
    return ShakenEntry(
        get=_getter(plain, factory, owner, queue),
        use_in=[],
        mode="server-calc" if said.mode is None else said.mode,
        status=1 if said.status is None else said.status,
        used_exports=said.used_exports,
    )


def _getter(shared: Shared, factory: Factory, owner: str, queue: Microtasks) -> Getter:
    """Return the getter for the way in which a package is handed over."""
    if shared.get is not None:
        return Getter(shared.get, factory.label)
    match shared.provide:
        case "sync":
            return Getter(lambda: factory, factory.label)
        case "lib":
            return Getter(lambda: queue.resolved(factory))
        case "reject":
            return Getter(lambda: queue.start(_reject(factory.label)), factory.label)
        case "none":
            return Getter(lambda: queue.resolved(_empty_factory(shared.package, owner)))
        case _:
            return Getter(lambda: queue.start(_later(factory, shared.ticks, queue)), factory.label)


async def _later(factory: Factory, ticks: int, queue: Microtasks) -> Factory:
    for _ in range(ticks):
        await queue.resolved(None)
    return factory


async def _reject(label: str) -> Factory:
    raise ShareError(f"get failed {label}", subject=label)


def _empty_factory(package: str, owner: str) -> Callable[[], object]:
    def fail() -> object:
        raise ShareError(
            f'[ Federation Runtime ]: Cannot get shared "{package}" from "{owner}": '
            'neither "get" nor "lib" is provided in the share config.',
            subject=package,
        )

    return fail


def lay_over(entry: Entry | None, custom: Custom | None) -> Entry:
    """Return a new entry: an application's own, with what one load asks for laid over it.

    Where there is neither, it has nothing at all; the runtime goes on with that.
    """
    merged = Entry() if entry is None else replace(entry)
    if custom is None:
        return merged
    if custom.config is not None:
        merged.config = custom.config if merged.config is None else merged.config.under(custom.config)
    if custom.scope is not None:
        merged.scope = custom.scope if isinstance(custom.scope, str) else list(custom.scope)
    if custom.strategy is not None:
        merged.strategy = custom.strategy
    if custom.shaking is not None:
        merged.shaken = _lay_over_shaken(merged.shaken, custom.shaking)
    return merged


def _lay_over_shaken(shaken: ShakenEntry | None, said: Shaking) -> ShakenEntry:
    merged = ShakenEntry() if shaken is None else replace(shaken)
    merged.mode = merged.mode if said.mode is None else said.mode
    merged.status = merged.status if said.status is None else said.status
    merged.used_exports = merged.used_exports if said.used_exports is None else said.used_exports
    return merged


def copy_into(entry: Entry, scope: str, lib: object) -> Entry:
    """Return a copy of an entry for one scope; it goes on sharing the list of its users."""
    return replace(entry, scope=[scope], lib=lib)


def each_entry(scopes: ShareScopeMap) -> Iterator[tuple[str, str, str, Entry]]:
    """Walk through a map: scope, package, version, entry."""
    for scope in list_keys(scopes):
        for package in list_keys(scopes[scope]):
            for version in list_keys(scopes[scope][package]):
                yield scope, package, version, scopes[scope][package][version]


def scopes_of(entry: Entry) -> list[str]:
    """Return the scopes an entry names; the default one where it names none."""
    return _listed(DEFAULT_SCOPE if entry.scope is None else entry.scope)
