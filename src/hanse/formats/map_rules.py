"""What a module specifier means under an import map, and what a second map on a page may add.

Source: the HTML standard, "Module specifier resolution" and "merge existing and new import maps", of 2025.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeVar

import msgspec

from hanse.errors import SpecifierError
from hanse.formats.map_document import ImportMap, ParsedImportMap, parse_import_map, url_like
from hanse.urls import join, normalise

__all__ = ["Conflict", "Resolved", "Rule", "find_rule", "merge", "resolve_specifier"]

Value = TypeVar("Value", str, str | None)

# Schemes whose URLs have a path in segments; only below these do prefixes match.
SPECIAL: Final = ("https:", "http:", "file:", "ws:", "wss:", "ftp:")


class Resolved(msgspec.Struct, frozen=True):
    """A specifier a page has already resolved: by whom (an absolute URL), and what, normalised."""

    importer: str
    specifier: str


class Rule(msgspec.Struct, frozen=True):
    """A rule of a parsed map: its scope's URL, None for one in `imports`, and its key."""

    scope: str | None
    key: str


class Conflict(msgspec.Struct, frozen=True):
    """A rule of a later map that does not count although it says something else than the page knows.

    `scope` is the rule's scope, empty outside `scopes`. `kept` is the earlier rule's value; None where a
    resolution of the page, and not a rule, stands against it (or where the earlier rule blocks).
    """

    part: Literal["imports", "scopes", "integrity"]
    scope: str
    key: str
    refused: str | None
    kept: str | None


def resolve_specifier(import_map: ImportMap | ParsedImportMap, specifier: str, *, importer: str) -> str:
    """Return the URL a browser loads when the module `importer` imports `specifier`.

    Args:
        import_map: A parsed map; one made by Hanse is parsed first, as if it stood on the page `importer`.
        specifier: What stands in the import.
        importer: The absolute URL of the importing module or page.

    Raises:
        SpecifierError: The specifier leads nowhere; `reason` says why.
    """
    if isinstance(import_map, ImportMap):
        import_map, _ = parse_import_map(import_map, base=importer)
    as_url = url_like(specifier, importer)
    normalised = specifier if as_url is None else as_url
    by_prefix = as_url is None or as_url.startswith(SPECIAL)
    for rules in applicable(import_map, importer):
        if (url := match(normalised, rules, by_prefix=by_prefix)) is not None:
            return url
    if as_url is None:
        raise SpecifierError(
            "this bare specifier is not in the import map",
            subject=specifier,
            reason="bare",
            hint=f"imported by {importer}",
        )
    return as_url


def find_rule(import_map: ParsedImportMap, specifier: str, *, importer: str) -> Rule | None:
    """Return the rule that decides what a specifier means; None where the map has no say in it.

    Args:
        import_map: The page's map.
        specifier: What stands in the import.
        importer: The absolute URL of the importing module or page.
    """
    as_url = url_like(specifier, importer)
    normalised = specifier if as_url is None else as_url
    keys = [normalised]
    if as_url is None or as_url.startswith(SPECIAL):
        keys += [prefix for prefix in prefixes(normalised) if prefix != normalised]
    for scope, rules in applicable_scopes(import_map, importer):
        for key in keys:
            if key in rules:
                return Rule(scope, key)
    return None


def applicable(import_map: ParsedImportMap, importer: str) -> Iterator[Mapping[str, str | None]]:
    """Yield the tables of rules that count for a module, the nearest scope first, `imports` last."""
    for _, rules in applicable_scopes(import_map, importer):
        yield rules


def applicable_scopes(
    import_map: ParsedImportMap, importer: str
) -> Iterator[tuple[str | None, Mapping[str, str | None]]]:
    """Yield the same tables, each with its scope's URL; None is for `imports`."""
    if importer in import_map.scopes:
        yield importer, import_map.scopes[importer]
    for prefix in prefixes(importer):
        if prefix in import_map.scopes and prefix != importer:
            yield prefix, import_map.scopes[prefix]
    yield None, import_map.imports


def prefixes(text: str) -> Iterator[str]:
    """Yield what of a text ends in a slash, the longest first; the whole included."""
    end = text.rfind("/") + 1
    while end > 0:
        yield text[:end]
        end = text.rfind("/", 0, end - 1) + 1


def match(normalised: str, rules: Mapping[str, str | None], *, by_prefix: bool) -> str | None:
    """Return the URL one table of rules gives a specifier, or None where it says nothing.

    Raises:
        SpecifierError: The most specific rule forbids the specifier; others are not asked.
    """
    if normalised in rules:
        address = rules[normalised]
        if address is None:
            raise blocked(normalised, normalised)
        return address
    if not by_prefix:
        return None
    for prefix in prefixes(normalised):
        if prefix in rules:
            return below(normalised, prefix, rules[prefix])
    return None


def below(normalised: str, prefix: str, address: str | None) -> str:
    """Return the URL of a specifier below a prefix.

    Raises:
        SpecifierError: The prefix is blocked, or the specifier climbs out of it.
    """
    if address is None:
        raise blocked(normalised, prefix)
    url = join(address, normalised[len(prefix) :])
    if url is None:
        raise SpecifierError(
            f"`{prefix}` leads to an address that has nothing below it",
            subject=normalised,
            reason="unparseable",
        )
    if not url.startswith(address):
        raise SpecifierError(
            f"it climbs out of its prefix `{prefix}`", subject=normalised, reason="backtracking"
        )
    return url


def blocked(normalised: str, rule: str) -> SpecifierError:
    """Say that a rule without a usable address forbids a specifier."""
    return SpecifierError(
        f"the import map's rule `{rule}` has no usable address", subject=normalised, reason="blocked"
    )


def merge(
    old: ParsedImportMap, delta: ParsedImportMap, *, resolved: Iterable[Resolved] = ()
) -> tuple[ParsedImportMap, list[Conflict]]:
    """Merge a second map into a page's map, as browsers with multiple maps do.

    Rules that are there already stand, and so does whatever the page has resolved. Saying the same again is
    no conflict.

    Args:
        old: The page's map so far.
        delta: The map that is added.
        resolved: What the page has resolved so far.

    Returns:
        The page's new map, and each rule of `delta` that does not count although it says something else.
    """
    history = list(resolved)
    conflicts: list[Conflict] = []
    scopes = dict(old.scopes)
    for scope, records in by_scope(delta.scopes, history).items():
        rules, late = delta.scopes[scope], settled_keys(records)
        free = {key: url for key, url in rules.items() if key not in late}
        conflicts += [Conflict("scopes", scope, key, rules[key], None) for key in rules if key in late]
        conflicts += contradictions("scopes", scope, scopes.get(scope, {}), free)
        scopes[scope] = extend(scopes.get(scope, {}), free)
    late = settled_keys(history)
    free = {key: url for key, url in delta.imports.items() if key not in late}
    conflicts += [
        Conflict("imports", "", key, url, None) for key, url in delta.imports.items() if key in late
    ]
    conflicts += contradictions("imports", "", old.imports, free)
    conflicts += contradictions("integrity", "", old.integrity, delta.integrity)
    merged = ParsedImportMap(
        imports=extend(old.imports, free), scopes=scopes, integrity=extend(old.integrity, delta.integrity)
    )
    return merged, conflicts


def extend(old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Value]:
    """Return the old rules, and behind them those new ones whose keys are free."""
    return {**old, **{key: value for key, value in new.items() if key not in old}}


def contradictions(
    part: Literal["imports", "scopes", "integrity"],
    scope: str,
    old: Mapping[str, str | None],
    new: Mapping[str, str | None],
) -> Iterator[Conflict]:
    """Yield the new rules that an old one with another value stands against."""
    for key, value in new.items():
        if key in old and old[key] != value:
            yield Conflict(part, scope, key, value, old[key])


def by_scope(scopes: Iterable[str], history: Iterable[Resolved]) -> dict[str, list[Resolved]]:
    """Return, for each scope, what modules inside it have resolved."""
    found: dict[str, list[Resolved]] = {scope: [] for scope in scopes}
    for record in history:
        for scope in {record.importer, *prefixes(record.importer)} & found.keys():
            found[scope].append(record)
    return found


def settled_keys(history: Iterable[Resolved]) -> set[str]:
    """Return the keys of rules that would change what has been resolved, and so come too late.

    The standard's algorithm says, for `imports`, that the rule's key begins with the resolved specifier; its
    example, and Chromium, have it the other way round, as it is here: `react-dom` can be added after `react`
    has been resolved, `react` itself cannot be changed.
    """
    keys: set[str] = set()
    for record in history:
        keys.add(record.specifier)
        as_url = normalise(record.specifier)
        if as_url is None or as_url.startswith(SPECIAL):
            keys.update(prefixes(record.specifier))
    return keys
