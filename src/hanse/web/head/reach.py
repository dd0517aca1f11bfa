"""What the modules of a page can reach: the rules of the import map they need, and no others.

A rule that is kept decides as it did in the whole map: what comes before it there was not wanted, and is not
here either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from hanse.federation.modules import RemoteModule
from hanse.formats.import_map import ImportMap, ParsedImportMap, Rule, find_rule, parse_import_map
from hanse.formats.map_document import url_like
from hanse.graph import SOME_PAGE, Closure, Graph, ModuleFile, place_on_page, walk

__all__ = ["Atlas", "Reach", "names_of", "without"]


@dataclass(frozen=True, slots=True)
class Reach:
    """A map for some modules.

    Attributes:
        import_map: The rules they need; None where they may need any.
        because: Why they may; empty where they do not.
        opaque: Whether that is for an import whose argument is computed, and not for a file that may yet be
            read.
    """

    import_map: ImportMap | None
    because: str = ""
    opaque: bool = False


class Atlas:
    """An import map and the files behind it, prepared for being asked about many sets of modules.

    Args:
        import_map: The whole map.
        graph: The files that were read.
    """

    def __init__(self, import_map: ImportMap, graph: Graph) -> None:
        self.import_map = import_map
        self.graph = graph

    @cached_property
    def parsed(self) -> ParsedImportMap:
        """The map as a page reads it."""
        return parse_import_map(self.import_map, base=SOME_PAGE)[0]

    @cached_property
    def written(self) -> Mapping[str, str]:
        """URL as a page reads it -> key of `scopes` or `integrity` as the map writes it."""
        keys = (*self.import_map.scopes, *self.import_map.integrity)
        return {place_on_page(key) or key: key for key in keys}

    @cached_property
    def specifiers(self) -> Mapping[str, Mapping[str, str]]:
        """Scope as the map writes it, empty for `imports` -> specifier as a page reads it -> as written."""
        tables = {"": self.import_map.imports, **self.import_map.scopes}
        return {
            scope: {url_like(key, SOME_PAGE) or key: key for key in table} for scope, table in tables.items()
        }

    def reach(self, modules: Iterable[RemoteModule]) -> Reach:
        """Return the map for these modules, whatever they import, at once or later."""
        roots = [name for module in modules for name in names_of(module, self.import_map)]
        closure = walk(self.graph, self.parsed, roots, dynamic=True)
        if because := doubt(closure):
            return Reach(None, because, closure.opaque)
        rules = {*self._rules_for(roots, SOME_PAGE)}
        for step in closure.steps:
            if step.file is not None and (importer := place_on_page(step.file.location or step.url)):
                rules.update(self._rules_for(imports_of(step.file), importer))
        return Reach(self._cut_out(rules, closure))

    def _rules_for(self, specifiers: Iterable[str], importer: str) -> Iterator[Rule]:
        """Yield the rules that decide what a module's specifiers mean."""
        for specifier in specifiers:
            if (rule := find_rule(self.parsed, specifier, importer=importer)) is not None:
                yield rule

    def _cut_out(self, rules: Iterable[Rule], closure: Closure) -> ImportMap:
        """Return the map with these rules, in its order, and the digests of what they lead to."""
        wanted: dict[str, set[str]] = {}
        for rule in rules:
            scope = "" if rule.scope is None else self.written[rule.scope]
            wanted.setdefault(scope, set()).add(self.specifiers[scope][rule.key])
        whole = self.import_map
        imports = pick(whole.imports, wanted.pop("", set()))
        scopes = {
            scope: pick(whole.scopes[scope], wanted[scope]) for scope in whole.scopes if scope in wanted
        }
        urls = [step.url for step in closure.steps]
        urls += [url for table in (imports, *scopes.values()) for url in table.values()]
        keys = {self.written.get(place_on_page(url) or url, "") for url in urls}
        return ImportMap(imports=imports, scopes=scopes, integrity=pick(whole.integrity, keys))


def without(import_map: ImportMap, known: ImportMap) -> ImportMap:
    """Return a map without the rules that another one has, too."""
    scopes = {
        scope: lacking(table, known.scopes.get(scope, {})) for scope, table in import_map.scopes.items()
    }
    return ImportMap(
        imports=lacking(import_map.imports, known.imports),
        scopes={scope: table for scope, table in scopes.items() if table},
        integrity=lacking(import_map.integrity, known.integrity),
    )


def lacking(table: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the part of a table whose keys another one does not have."""
    return {key: value for key, value in table.items() if key not in known}


def names_of(module: RemoteModule, import_map: ImportMap) -> list[str]:
    """Return the specifiers of a module: the one its remote gives it, and the one people write."""
    plain = f"{module.remote}/{module.key.removeprefix('./')}"
    names = dict.fromkeys((module.specifier, plain))
    return [name for name in names if import_map.imports.get(name) == module.url]


def doubt(closure: Closure) -> str:
    """Say why modules may import more than is known; empty where they do not."""
    if closure.opaque:
        opaque = next(step.url for step in closure.steps if step.file is not None and step.file.opaque)
        return f"{opaque} has an import() whose argument is computed"
    if not closure.complete:
        return f"{next(step.url for step in closure.steps if step.file is None)} has not been read"
    return ""


def imports_of(file: ModuleFile) -> tuple[str, ...]:
    """Return everything a file imports, at once or later."""
    return (*file.imports, *file.dynamic)


def pick(table: Mapping[str, str], keys: set[str]) -> dict[str, str]:
    """Return a part of a table, in its order."""
    return {key: value for key, value in table.items() if key in keys}
