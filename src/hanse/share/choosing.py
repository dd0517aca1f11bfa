"""Which copy of a package a consumer gets.

First one candidate is taken from all versions in a scope: the highest, or one that is loaded already,
depending on the strategy. Then the consumer's settings say whether it will do. All choices go through the
versions in JavaScript's key order, and some depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from hanse.errors import ShareError
from hanse.share.entries import Entry, Source, Versions, list_keys, scopes_of, type_error
from hanse.share.numerals import read_number
from hanse.share.range_text import BLANKS
from hanse.share.satisfy import is_version, satisfy

if TYPE_CHECKING:
    from hanse.share.entries import ShakenEntry, ShareScopeMap
    from hanse.share.hooks import HookArgs, Hooks
    from hanse.share.runtime import Runtime

__all__ = ["Found", "Lookup", "choose_own", "find_registered", "uses_shaking", "version_not_above"]

Move = Callable[[str, str], bool]

_NO_USE, _CALCULATED = 0, 2


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup found: an entry, or None, and whether its tree-shaken variant is meant."""

    entry: Entry | None
    shaken: bool = False


NOTHING = Found(None)


def version_not_above(version: str, other: str) -> bool:
    """Tell whether a version is at most another one; that is, whether it satisfies `<=` and the other."""
    return satisfy(_padded(version), f"<={_padded(other)}")


def _padded(version: str) -> str:
    """Make three numbers of what JavaScript takes for one number."""
    if read_number(version.strip(BLANKS)) is None:
        return version
    return version + ".0" * max(0, 2 - version.count("."))


def find_version(versions: Versions, moves_on: Move) -> str | None:
    """Go through the versions and return the one that stands at the end; None where there are none."""
    standing: str | None = None
    for version in list_keys(versions):
        if not standing or moves_on(standing, version) or standing == "0":
            standing = version
    return standing


def uses_shaking(shaken: ShakenEntry | None, used_exports: Sequence[str] | None = None) -> bool:
    """Tell whether a tree-shaken variant will do."""
    if shaken is None or shaken.status == _NO_USE:
        return False
    if shaken.status == _CALCULATED:
        return True
    if shaken.mode != "runtime-infer":
        return False
    if used_exports is None:
        return True
    return shaken.used_exports is not None and set(used_exports) <= set(shaken.used_exports)


def choose_own(entries: Iterable[Entry]) -> Entry | None:
    """Choose among an application's own entries: the first that is loaded, else the highest."""
    versions = {entry.key: entry for entry in entries}
    chosen = find_version(
        versions, lambda before, now: not versions[before].is_loaded and version_not_above(before, now)
    )
    return None if chosen is None else versions[chosen]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a consumer looks for, and where.

    Attributes:
        scopes: The instance's share scope map.
        package: The package's name.
        keys: The names it may be filed under, the first of them first: one for each layer that will do.
        wanted: The consumer's own entry, with its settings.
        federation: The JavaScript global, for plugins.
        hooks: The instance's hooks.
        warn: What warnings go to.
    """

    scopes: ShareScopeMap
    package: str
    keys: tuple[str, ...]
    wanted: Entry
    federation: Runtime | None
    hooks: Hooks
    warn: Callable[[str], None]


def find_registered(lookup: Lookup) -> Found:
    """Find the copy that a consumer gets; nothing where it has to take its own.

    Only the first of the consumer's scopes that has the package is looked at.

    Raises:
        ShareError: A strict singleton has no fitting version, or the requirement is undefined.
    """
    found = NOTHING
    if lookup.wanted.config is None:
        return found
    for key in lookup.keys:
        for scope in scopes_of(lookup.wanted):
            versions = lookup.scopes.get(scope, {}).get(key)
            if versions is not None:
                found = _resolve(lookup, scope, versions)
                break
        if found.entry is not None:
            break
    return found


def _resolve(lookup: Lookup, scope: str, versions: Versions) -> Found:
    """Choose in one scope, through the hook `resolve_share`."""
    candidate, shaken = _find_candidate(versions, lookup.wanted)
    args: HookArgs = {
        "share_scope_map": lookup.scopes,
        "scope": scope,
        "pkg_name": lookup.package,
        "version": 0 if candidate is None else candidate,
        "versions": versions,
        "global_federation": lookup.federation,
        "share_info": lookup.wanted,
        "resolver": lambda: _judge(lookup, versions, candidate, shaken=shaken),
    }
    found = cast("Found | None", lookup.hooks.pass_on("resolve_share", args)["resolver"]())
    return NOTHING if found is None else found


def _find_candidate(versions: Versions, wanted: Entry) -> tuple[str | None, bool]:
    moves_on = _loaded_moves if wanted.strategy == "loaded-first" else _version_moves
    if uses_shaking(wanted.shaken):
        chosen = find_version(versions, lambda before, now: _shaken_moves(versions, before, now, moves_on))
        if chosen:
            return chosen, True
    return find_version(
        versions, lambda before, now: moves_on(versions[before], versions[now], before, now)
    ), False


def _version_moves(before: Source, _now: Source, left: str, right: str) -> bool:
    return not before.is_loaded and version_not_above(left, right)


def _loaded_moves(before: Source, now: Source, left: str, right: str) -> bool:
    if now.is_under_way != before.is_under_way:
        return now.is_under_way
    return version_not_above(left, right)


def _shaken_moves(
    versions: Versions, left: str, right: str, moves_on: Callable[[Source, Source, str, str], bool]
) -> bool:
    before, now = versions[left], versions[right]
    if before.shaken is None:
        return True
    if now.shaken is None:
        return False
    neither = not before.shaken.is_under_way and not now.shaken.is_under_way
    if moves_on is _loaded_moves and neither:
        return _loaded_moves(before, now, left, right)
    return moves_on(before.shaken, now.shaken, left, right)


def _judge(lookup: Lookup, versions: Versions, candidate: str | None, *, shaken: bool) -> Found:
    """Tell what a candidate is worth to the consumer, by the consumer's settings alone."""
    config = lookup.wanted.config
    entry = None if candidate is None else versions.get(candidate)
    if config is None:
        return NOTHING
    if config.singleton:
        if isinstance(config.required_version, str):
            _check_singleton(lookup, candidate, entry)
        return Found(entry, shaken)
    if config.required_version is False or config.required_version == "*":
        return Found(entry, shaken)
    if candidate is not None and _satisfies(candidate, config.required_version):
        return Found(entry, shaken)
    return next(_satisfying(versions, lookup.wanted), NOTHING)


def _satisfying(versions: Versions, wanted: Entry) -> Iterator[Found]:
    required = None if wanted.config is None else wanted.config.required_version
    if wanted.shaken is not None and uses_shaking(wanted.shaken):
        for key in list_keys(versions):
            if uses_shaking(versions[key].shaken, wanted.shaken.used_exports) and _satisfies(key, required):
                yield Found(versions[key], shaken=True)
    for key in list_keys(versions):
        if _satisfies(key, required):
            yield Found(versions[key])


def _satisfies(version: str, required: object) -> bool:
    if isinstance(required, str):
        return satisfy(version, required)
    if is_version(version):
        raise type_error("Cannot read properties of undefined (reading 'split')")
    return False


def _check_singleton(lookup: Lookup, candidate: str | None, entry: Entry | None) -> None:
    config = lookup.wanted.config
    if config is None or satisfy(candidate or "", str(config.required_version)):
        return
    version = "0" if candidate is None else candidate
    provider = version if not candidate or entry is None else _shown(entry.from_)
    message = (
        f"Version {version} from {provider} of shared singleton module {lookup.package} does not satisfy "
        f"the requirement of {_shown(lookup.wanted.from_)} which needs {config.required_version})"
    )
    if config.strict_version:
        raise ShareError(f"[ Federation Runtime ]: {message}", subject=lookup.package)
    lookup.warn(message)


def _shown(name: str | None) -> str:
    return "undefined" if name is None else name
