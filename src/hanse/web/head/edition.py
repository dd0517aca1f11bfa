"""Everything that is rendered of one snapshot, for all its pages, without anybody's nonce."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from hanse.errors import UsageError
from hanse.federation.modules import Preload, RemoteModule
from hanse.federation.snapshot import Snapshot
from hanse.formats.import_map import ImportMap, serialise
from hanse.graph import place_on_page
from hanse.html import Pieces, inline_json, link, script, splice
from hanse.limits import LIMITS, Limits
from hanse.web.client import CONTAINERS, DEV, LOADER, place_shims
from hanse.web.head.bounded import Bounded
from hanse.web.head.data import CONTAINERS_IDENTIFIER, IDENTIFIER, PageData
from hanse.web.head.free import free_of_map
from hanse.web.head.reach import Atlas, Reach
from hanse.web.head.state import write_state
from hanse.web.head.wanted import Missing, look_up
from hanse.web.options import PageOptions

__all__ = ["Edition", "Head", "write_preload"]

LOG: Final = logging.getLogger("hanse.web")


@dataclass(frozen=True, slots=True)
class Head:
    """A rendered head.

    Attributes:
        pieces: Its HTML, with places for a nonce.
        modules: The modules it names that there are.
        missing: Those that there are not.
        preloads: What it preloads, in this order; digests are the import map's.
        free: The URLs of those of them that need no import map.
        scoped: Whether its map has only the entries that its modules can reach.
        unscoped_because: Why it has all of them although it should not; empty where it is as it should be.
    """

    pieces: Pieces
    modules: tuple[RemoteModule, ...]
    missing: tuple[Missing, ...]
    preloads: tuple[Preload, ...]
    free: frozenset[str]
    scoped: bool = False
    unscoped_because: str = ""

    def write(self, nonce: str) -> str:
        """Return the HTML for one response."""
        return splice(self.pieces, nonce)


class Edition:
    """Renders a snapshot's heads, each once, and finds its modules; from any thread.

    Args:
        snapshot: What is rendered.
        options: How.
        limits: The caps on what is kept and written.
    """

    def __init__(self, snapshot: Snapshot, options: PageOptions, *, limits: Limits = LIMITS) -> None:
        self.snapshot = snapshot
        self.options = options
        self.limits = limits
        self._heads: Bounded[tuple[tuple[str, ...], bool, str], Head] = Bounded(
            limits.page_heads, heaviest=limits.page_characters
        )
        self._found: Bounded[str, RemoteModule] = Bounded(limits.page_heads)
        self._told: Bounded[str, str] = Bounded(limits.page_heads)

    @property
    def kept(self) -> int:
        """How many heads are kept."""
        return len(self._heads)

    @cached_property
    def import_map(self) -> Pieces:
        """The script element with the whole map; every head that has all of it shares this text."""
        return script("importmap", inline_json(self.snapshot.import_map_json))

    @cached_property
    def state(self) -> Pieces:
        """The state for an orchestrator."""
        return write_state(self.snapshot.plan, self.options.orchestrator)

    @cached_property
    def containers(self) -> Pieces:
        """What the page knows of Module Federation containers, and what opens them; nothing without any."""
        body = self.snapshot.containers.document_json()
        if not body:
            return ()
        opener = script("module", CONTAINERS) if self.options.loader == "inline" and CONTAINERS else ()
        return (*script("application/json", inline_json(body), identifier=CONTAINERS_IDENTIFIER), *opener)

    @cached_property
    def loader(self) -> Pieces:
        """The loader, and what helps whoever develops."""
        loader = script("module", LOADER) if self.options.loader == "inline" and LOADER else ()
        return (*loader, *(script("module", DEV) if self.options.development and DEV else ()))

    @cached_property
    def digests(self) -> dict[str, str]:
        """The map's integrity by the URLs a page reads; of keys that become equal the last counts."""
        integrity = self.snapshot.import_map.integrity
        return {place_on_page(url) or url: digest for url, digest in integrity.items()}

    @cached_property
    def atlas(self) -> Atlas:
        """The map and its files, to cut parts out of it."""
        return Atlas(self.snapshot.import_map, self.snapshot.graph)

    def find(self, module: str, snapshot: Snapshot | None = None) -> RemoteModule | Missing:
        """Find a module; one that is missing is logged once for each reason.

        Args:
            module: Its name, as in `team/mfe1/Button`.
            snapshot: Whose health tells why it is missing: a later one with the same plan.
        """
        if (kept := self._found.get(module)) is not None:
            return kept
        found = look_up(snapshot or self.snapshot, module)
        if isinstance(found, RemoteModule):
            return self._found.put(module, found)
        if self._told.get(module) != found.reason:
            self._told.put(module, found.reason)
            LOG.warning("a page names the module %r, which is not there: %s", module, found.error)
        return found

    def head(self, modules: Sequence[str], *, scoped: bool = False, root: str = "") -> Head:
        """Return the head of a page that runs these modules.

        Args:
            modules: Their names, as in `team/mfe1/Button`.
            scoped: Whether the map should have only the entries they can reach.
            root: The path the whole site is mounted at, without a slash at the end.

        Raises:
            UsageError: There are more modules than one page can mean.
        """
        names = (modules,) if isinstance(modules, str) else tuple(modules)
        if len(names) > self.limits.page_modules:
            raise UsageError(
                f"a page names {len(names)} modules", subject="head", hint="name those that it shows at once"
            )
        key = names, scoped, root
        kept = self._heads.get(key)
        if kept is not None:
            return kept
        made = self._make(dict.fromkeys(names), scoped=scoped, root=root)
        return self._heads.put(key, made, weight=self._weigh(made))

    def _make(self, names: Iterable[str], *, scoped: bool, root: str) -> Head:
        """Render a head."""
        looked_up = [self.find(name) for name in names]
        modules = tuple(one for one in looked_up if isinstance(one, RemoteModule))
        preloads = tuple(self._list_preloads(modules))
        reach = self._reach(modules) if scoped else Reach(None)
        base = f"{root}{self.options.base}/"
        shims, integrity = place_shims(self.options.shims, base)
        data = PageData(
            base=base,
            snapshot=self.snapshot.digest,
            development=self.options.development,
            modules=tuple(module.specifier for module in modules),
            scoped=reach.import_map is not None,
            shims=shims,
            shims_integrity=integrity or self.options.shims_integrity,
        )
        pieces = (
            *(self.import_map if reach.import_map is None else write_map(reach.import_map)),
            *(piece for preload in preloads for piece in write_preload(preload)),
            *self.state,
            *script("application/json", inline_json(data), identifier=IDENTIFIER),
            *self.containers,
            *self.loader,
        )
        return Head(
            pieces=pieces,
            modules=modules,
            missing=tuple(one for one in looked_up if isinstance(one, Missing)),
            preloads=preloads,
            free=free_of_map(preloads, self.snapshot.graph),
            scoped=data.scoped,
            unscoped_because=reach.because,
        )

    def _reach(self, modules: tuple[RemoteModule, ...]) -> Reach:
        """Return the part of the map that modules can reach; all of it where containers may ask for any."""
        if self.containers:
            return Reach(None, "Module Federation containers import what is shared by its name")
        return self.atlas.reach(modules)

    def _list_preloads(self, modules: Iterable[RemoteModule]) -> Iterator[Preload]:
        """Yield what the modules need, each file once, with the digest the map has for it."""
        found = {preload.url: preload.kind for module in modules for preload in module.preloads}
        for url, kind in islice(found.items(), self.limits.page_preloads):
            yield Preload(url, self.digest_of(url), kind)

    def digest_of(self, url: str) -> str | None:
        """Return the digest that the map has for a URL, in whichever spelling."""
        digest = self.snapshot.import_map.integrity.get(url)
        return digest or self.digests.get(place_on_page(url) or url)

    def _weigh(self, head: Head) -> int:
        """Return how many characters a head has to itself."""
        shared = {id(piece) for piece in (*self.import_map, *self.state, *self.containers, *self.loader)}
        return sum(len(piece) for piece in head.pieces if piece is not None and id(piece) not in shared)


def write_map(import_map: ImportMap) -> Pieces:
    """Write a map as a script element."""
    return script("importmap", inline_json(serialise(import_map)))


def write_preload(preload: Preload) -> Pieces:
    """Write a preload as a link element; a classic script is asked for without CORS, as its element does."""
    if preload.kind == "script":
        return link({"rel": "preload", "as": "script", "href": preload.url})
    digest = {"integrity": preload.integrity} if preload.integrity else {}
    return link({"rel": "modulepreload", "href": preload.url, **digest})
