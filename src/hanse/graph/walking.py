"""Following imports as browsers do: from the modules that a page runs to all that they need."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.errors import SpecifierError
from hanse.formats.import_map import ImportMap, ParsedImportMap, parse_import_map, resolve_specifier
from hanse.graph.addresses import SOME_PAGE, place_on_page, spellings, write_for_page
from hanse.graph.files import Graph, ModuleFile

__all__ = ["Closure", "Step", "Targets", "follow", "walk"]


@dataclass(frozen=True, slots=True)
class Step:
    """One file on the way.

    Attributes:
        url: As the graph has it.
        importer: The URL of the first file that imports it; None for what the page itself imports.
        specifier: By which name it is imported.
        file: The file; None where it was not read.
        script: False where the import's attributes say that it is none.
    """

    url: str
    importer: str | None
    specifier: str
    file: ModuleFile | None
    script: bool = True


@dataclass(frozen=True, slots=True)
class Closure:
    """All that some modules need.

    Attributes:
        steps: The files, breadth first, each URL once.
        unresolved: (Importer, specifier) of each import that leads nowhere; the importer is empty for the
            page.
        complete: Whether every file of it was read.
        opaque: Whether one of them has an `import()` with a computed argument.
    """

    steps: tuple[Step, ...]
    unresolved: tuple[tuple[str, str], ...]
    complete: bool
    opaque: bool


@dataclass(frozen=True, slots=True)
class Targets:
    """Where imports lead: (specifier, absolute URL) of each that leads somewhere; the others."""

    found: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


def walk(
    graph: Graph,
    import_map: ImportMap | ParsedImportMap,
    roots: Sequence[str],
    *,
    dynamic: bool = False,
    base: str = SOME_PAGE,
) -> Closure:
    """Follow imports breadth first, as a browser does that loads these modules.

    Args:
        graph: The files that were read.
        import_map: The page's. One that is parsed already, on the page `base`, saves the parsing.
        roots: What the page imports: specifiers or URLs.
        dynamic: Follow each `import()` with a literal argument, too.
        base: The absolute URL of the page.
    """
    parsed = (
        import_map if isinstance(import_map, ParsedImportMap) else parse_import_map(import_map, base=base)[0]
    )
    seen: dict[str, Step] = {}
    unresolved: dict[tuple[str, str], None] = {}
    queue: deque[Step | None] = deque([None])
    while queue:
        step = queue.popleft()
        file = None if step is None else step.file
        if step is None:
            targets = resolve_all(parsed, roots, importer=base)
        elif file is None:
            continue
        else:
            targets = follow(file, parsed, dynamic=dynamic, base=base)
        importer = None if step is None else step.url
        unresolved.update(((importer or "", specifier), None) for specifier in targets.missing)
        for specifier, absolute in targets.found:
            if absolute not in seen:
                script = file is None or specifier not in file.others
                found = seen[absolute] = make_step(
                    graph, absolute, importer, specifier, script=script, base=base
                )
                queue.append(found)
    steps = tuple(seen.values())
    return Closure(
        steps=steps,
        unresolved=tuple(unresolved),
        complete=all(step.file is not None for step in steps),
        opaque=any(step.file is not None and step.file.opaque for step in steps),
    )


def follow(
    file: ModuleFile, import_map: ParsedImportMap, *, dynamic: bool = True, base: str = SOME_PAGE
) -> Targets:
    """Return where the imports of one file lead.

    Args:
        file: The file.
        import_map: The page's, parsed on the page `base`.
        dynamic: Each `import()` with a literal argument, too.
        base: The absolute URL of the page.
    """
    specifiers = (*file.imports, *file.dynamic) if dynamic else file.imports
    importer = place_on_page(file.location or file.url, base=base)
    return (
        Targets((), specifiers)
        if importer is None
        else resolve_all(import_map, specifiers, importer=importer)
    )


def resolve_all(import_map: ParsedImportMap, specifiers: Sequence[str], *, importer: str) -> Targets:
    """Resolve specifiers as the module `importer`, an absolute URL, imports them."""
    found: list[tuple[str, str]] = []
    missing: list[str] = []
    for specifier in specifiers:
        try:
            found.append((specifier, resolve_specifier(import_map, specifier, importer=importer)))
        except SpecifierError:
            missing.append(specifier)
    return Targets(tuple(found), tuple(missing))


def make_step(
    graph: Graph, absolute: str, importer: str | None, specifier: str, *, script: bool, base: str
) -> Step:
    """Make the step to a URL: with its file, where the graph has it in any of its spellings."""
    for url in spellings(absolute, base=base):
        if url in graph:
            return Step(url, importer, specifier, graph[url], script)
    url = write_for_page(absolute) if base == SOME_PAGE else absolute
    return Step(url, importer, specifier, None, script)
