"""A page as it is served, whoever made it: what it preloads, what its modules need, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from hanse.errors import FormatError, IntegrityError, SpecifierError
from hanse.federation.files import Files, Owners
from hanse.federation.page_source import PageSource, Preloaded, read_page
from hanse.federation.places import Place, Web, widen
from hanse.federation.shelf import Shelf
from hanse.federation.surveying import Surveyor
from hanse.federation.telling import tell
from hanse.formats.import_map import ParsedImportMap, merge, parse_import_map, resolve_specifier
from hanse.graph import Closure, Step, lex, walk
from hanse.limits import Limits
from hanse.net import Client
from hanse.urls import join

__all__ = ["Link", "Needed", "PageReport", "PreloadReport", "visit"]


class Link(msgspec.Struct, frozen=True):
    """One link of a chain: the specifier that is imported, and the URL it leads to."""

    specifier: str
    url: str


class PreloadReport(msgspec.Struct, frozen=True):
    """A preload of the page, and why it is there.

    `reason` is `needed` (a module that the page runs imports it, or a container needs it for one), `late`
    (only an `import()` does, later) or `unreachable` (nothing does). `chain` leads from what the page runs to
    the file.
    """

    url: str
    reason: str
    chain: tuple[Link, ...]


class Needed(msgspec.Struct, frozen=True):
    """A file that the page needs and does not preload, and why it is needed."""

    url: str
    chain: tuple[Link, ...]


class PageReport(msgspec.Struct, frozen=True):
    """What a page does about its modules.

    Attributes:
        url: The page's, after redirects.
        runs: What it runs: specifiers and URLs.
        preloads: Its preloads, in their order.
        not_preloaded: What else it needs.
        disagreements: Hashes that differ: of a preload and the import map, or of the map and the file.
        unread: Files that cannot be read.
        unresolved: Imports that lead nowhere.
        faults: What is wrong with the page itself, such as an import map that browsers refuse.
    """

    url: str
    runs: tuple[str, ...]
    preloads: tuple[PreloadReport, ...]
    not_preloaded: tuple[Needed, ...]
    disagreements: tuple[str, ...]
    unread: tuple[str, ...]
    unresolved: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether anything was found that is not as it should be."""
        unreachable = any(one.reason == "unreachable" for one in self.preloads)
        lists = (self.not_preloaded, self.disagreements, self.unread, self.unresolved, self.faults)
        return unreachable or any(lists)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was read: its source, its import map, and what it runs."""

    source: PageSource
    parsed: ParsedImportMap
    runs: tuple[str, ...]
    faults: tuple[str, ...]


async def visit(url: str, client: Client, limits: Limits) -> PageReport:
    """Read a page and all that its modules import, and explain its preloads.

    Args:
        url: The page's absolute URL, of an origin that the client may ask.
        client: Asks; its access is widened by the origins that the page names.
        limits: The bounds.

    Raises:
        HanseError: The page cannot be had.
    """
    found = await client.fetch(url, cap=limits.page_bytes, accept="text/html", revalidate=True)
    opened = await asyncio.to_thread(open_page, found.body, found.final_url, limits)
    async with client.beside(limits=replace(limits, cache_bytes=0)) as asking:
        places = [Place(target) for target in sorted({*named_urls(opened)})]
        asking.access = widen(client.access, places, Web(found.final_url))
        surveyor = Surveyor(asking, Shelf(limits.modules_per_federation), limits)
        files = await surveyor.survey(opened.parsed, roots_of_page(opened), Owners())
    return await asyncio.to_thread(report, found.final_url, opened, files)


def open_page(body: bytes, url: str, limits: Limits) -> Visit:
    """Read a page's source: its maps merged as browsers do, and what it runs."""
    source = read_page(body.decode("utf-8", "replace"), url)
    parsed, faults = ParsedImportMap(), []
    for number, text in enumerate(source.maps, 1):
        try:
            found, _ = parse_import_map(text, base=source.base, subject=f"import map {number}", limits=limits)
            parsed, conflicts = merge(parsed, found)
            faults += [f"import map {number}: the rule '{one.key}' comes too late" for one in conflicts]
        except FormatError as error:
            faults.append(tell(error))
    runs = dict.fromkeys(source.scripts)
    native = [name for name in source.modules if container_of(name, source) is None]
    runs |= dict.fromkeys(specifier_of(name, parsed, faults) for name in native)
    for number, text in enumerate(source.inline, 1):
        lexed = lex(text.encode("utf-8", "replace"), subject=f"inline module script {number}", limits=limits)
        runs |= dict.fromkeys((*lexed.imports, *lexed.dynamic))
    return Visit(source, parsed, tuple(one for one in runs if one), tuple(faults))


def container_of(name: str, source: PageSource) -> tuple[str, str] | None:
    """Split the name of a container's module into container and key; None where it is of no container."""
    cuts = [index for index, char in enumerate(name) if char == "/"]
    found = next((cut for cut in reversed(cuts) if name[:cut].removesuffix("/.") in source.containers), None)
    if found is None:
        return None
    return name[:found].removesuffix("/."), f"./{name[found + 1 :].removeprefix('./')}"


def contained_files(opened: Visit) -> dict[str, str]:
    """Return absolute URL -> module, of what containers need for the modules that the page shows."""
    source, found = opened.source, dict[str, str]()
    for name in source.modules:
        parts = container_of(name, source)
        if parts is not None:
            container = source.containers[parts[0]]
            files = (container.exposes or {}).get(parts[1])
            for url in (container.script, *(() if files is None else files.js)):
                found.setdefault(join(source.base, url) or url, name)
    return found


def specifier_of(name: str, parsed: ParsedImportMap, faults: list[str]) -> str:
    """Return the specifier of an exposed module; a map may know it with `./` before its key only."""
    cuts = reversed([index + 1 for index, char in enumerate(name) if char == "/"])
    spellings = (name, *(f"{name[:cut]}./{name[cut:]}" for cut in cuts))
    found = next((one for one in spellings if one in parsed.imports), "")
    if not found:
        faults.append(f"the page says that it shows '{name}', which its import map does not have")
    return found


def named_urls(opened: Visit) -> Iterator[str]:
    """Yield every URL that a page names as a module's."""
    yield from (one.url for one in opened.source.preloads)
    yield from opened.source.scripts
    for table in (opened.parsed.imports, *opened.parsed.scopes.values()):
        yield from (url for url in table.values() if url is not None)


def roots_of_page(opened: Visit) -> list[str]:
    """Return the absolute URLs that the page itself imports."""
    roots = []
    for specifier in opened.runs:
        try:
            roots.append(resolve_specifier(opened.parsed, specifier, importer=opened.source.base))
        except SpecifierError:
            continue
    return roots


def report(url: str, opened: Visit, files: Files) -> PageReport:
    """Put together what was found."""
    needed = walk(files.graph, opened.parsed, opened.runs, base=opened.source.base)
    late = walk(files.graph, opened.parsed, opened.runs, dynamic=True, base=opened.source.base)
    steps = {step.url: step for step in needed.steps}
    later = {step.url: step for step in late.steps}
    preloads = dict.fromkeys(one.url for one in opened.source.preloads)
    contained = contained_files(opened)
    missing = [
        Needed(step.url, chain_to(step, steps))
        for step in needed.steps
        if step.script and step.url not in preloads and step.url not in opened.source.scripts
    ]
    return PageReport(
        url=url,
        runs=opened.runs,
        preloads=tuple(explain(one, steps, later, contained) for one in preloads),
        not_preloaded=tuple(missing),
        disagreements=tuple(disagreements(opened, files)),
        unread=tuple(unread(files)),
        unresolved=tuple(unresolved(late)),
        faults=opened.faults,
    )


def explain(
    url: str, needed: Mapping[str, Step], late: Mapping[str, Step], contained: Mapping[str, str]
) -> PreloadReport:
    """Say why a preload is there."""
    if url in contained:
        return PreloadReport(url, "needed", (Link(contained[url], url),))
    if url in needed:
        return PreloadReport(url, "needed", chain_to(needed[url], needed))
    if url in late:
        return PreloadReport(url, "late", chain_to(late[url], late))
    return PreloadReport(url, "unreachable", ())


def chain_to(step: Step, steps: Mapping[str, Step]) -> tuple[Link, ...]:
    """Return the chain of importers that leads to a file; breadth first, so that there is none shorter."""
    chain = [Link(step.specifier, step.url)]
    while step.importer is not None:
        step = steps[step.importer]
        chain.append(Link(step.specifier, step.url))
    return tuple(reversed(chain))


def disagreements(opened: Visit, files: Files) -> Iterator[str]:
    """Say which hashes differ."""
    for one in opened.source.preloads:
        mapped = opened.parsed.integrity.get(one.url, "")
        if one.integrity and mapped and not same_hash(one, mapped):
            yield f"{one.url}: the preload has {one.integrity}, and the import map {mapped}"
    for lost in files.unread:
        if isinstance(lost.error, IntegrityError):
            yield f"{lost.url}: the import map has another hash than the file: {lost.error.message}"


def same_hash(preload: Preloaded, mapped: str) -> bool:
    """Tell whether a preload and the map can both be satisfied."""
    return bool({*preload.integrity.split()} & {*mapped.split()})


def unread(files: Files) -> Iterator[str]:
    """Say which files cannot be read, and who imports them."""
    for lost in files.unread:
        if not isinstance(lost.error, IntegrityError):
            yield f"{lost.url}, imported by {lost.importer or 'the page'}: {tell(lost.error)}"


def unresolved(closure: Closure) -> Iterator[str]:
    """Say which imports lead nowhere."""
    for importer, specifier in closure.unresolved:
        yield f"{importer or 'the page'} imports '{specifier}', which nothing provides"
