"""Pages: one for each request, all written from the parts that one snapshot has in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Unpack

from markupsafe import Markup

from hanse.errors import UsageError
from hanse.federation import Federation, Snapshot
from hanse.federation.modules import RemoteModule
from hanse.federation.server.views import View
from hanse.html import inline_json, tag, text
from hanse.limits import LIMITS, Limits
from hanse.render import Fragment, Wishes
from hanse.web.csp import check_nonce, default_policy, is_dynamic, make_nonce
from hanse.web.fragments import Fragments, Told, read_request
from hanse.web.head import Edition, Head, Missing
from hanse.web.head.bounded import Bounded
from hanse.web.head.links import HINT, is_known, takes_links, write_links
from hanse.web.options import PageOptions
from hanse.web.overrides import override_headers, read_overrides

__all__ = ["Page", "Pages", "Visit"]

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NO_PROPS: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request says about who asks, and by which way."""

    headers: Mapping[str, str]
    query: str
    cookies: Mapping[str, str]
    root: str
    path: str = "/"


class Pages:
    """Opens pages, and keeps the rendered parts they have in common; one for each app, for any thread.

    Args:
        federation: What the pages show. Where nobody has started it, the first page does.
        options: How they are written.
        limits: The caps on what is kept and written.
    """

    def __init__(
        self, federation: Federation, options: PageOptions | None = None, *, limits: Limits = LIMITS
    ) -> None:
        self.federation = federation
        self.options = PageOptions() if options is None else options
        self.limits = limits
        self._editions: Bounded[tuple[int, int, str], Edition] = Bounded(limits.page_snapshots)
        # Set once, from whatever thread: a policy was seen under which module preloads need the nonce.
        self._guarded = False

    def open(
        self,
        *,
        nonce: str | None = None,
        headers: Mapping[str, str] = NOTHING,
        query: str = "",
        cookies: Mapping[str, str] = NOTHING,
        root: str = "",
        path: str = "/",
    ) -> Page:
        """Open the page of one request; it keeps the snapshot of this moment.

        Waits only where the federation has no snapshot yet, and then for its first.

        Args:
            nonce: The nonce of a policy that somebody else writes; a new one if not given.
            headers: The request's headers, by names that are compared without case or are in lower case.
            query: The request's query, without the question mark.
            cookies: The request's cookies.
            root: The path the whole site is mounted at, as ASGI's `root_path` or WSGI's `SCRIPT_NAME`.
            path: The request's path, for delegates to decide by.

        Raises:
            HanseError: There is no snapshot, for the manifest cannot be had.
            OverrideError: The visitor overrides a remote, with what cannot be used.
            UsageError: The nonce is none.
        """
        visit = Visit(headers, query, cookies, root, path)
        overridden = self.overridden(visit)
        sync = self.federation.sync
        snapshot = sync.override(overridden) if overridden else sync.snapshot
        return self._make(snapshot, nonce, visit, overridden)

    async def aopen(
        self,
        *,
        nonce: str | None = None,
        headers: Mapping[str, str] = NOTHING,
        query: str = "",
        cookies: Mapping[str, str] = NOTHING,
        root: str = "",
        path: str = "/",
    ) -> Page:
        """Do what `open` does without blocking the event loop; takes and raises the same."""
        federation = self.federation
        visit = Visit(headers, query, cookies, root, path)
        if federation.has_snapshot and federation.keeper is not None:
            snapshot = federation.snapshot
        else:
            snapshot = await asyncio.to_thread(lambda: federation.sync.snapshot)
        overridden = self.overridden(visit)
        if overridden:
            snapshot = await federation.override(overridden)
        return self._make(snapshot, nonce, visit, overridden)

    def overridden(self, visit: Visit) -> Mapping[str, str]:
        """Return the remotes that a visitor overrides, with the URLs of their entries.

        Where nobody is asked who may, they count on pages under development only.
        """
        overrides = self.options.overrides
        if overrides is None or not (self.options.development or overrides.allow is not None):
            return NOTHING
        return read_overrides(visit.query, visit.cookies, overrides, headers=visit.headers)

    def edition(self, snapshot: Snapshot) -> Edition:
        """Return what is rendered of a snapshot.

        Two snapshots with one digest may differ in what is known of their files, and so in their preloads.
        """
        key = id(snapshot.plan), id(snapshot.graph), snapshot.digest
        kept = self._editions.get(key)
        # The edition holds its snapshot, so that no other object can have these identities meanwhile.
        return kept or self._editions.put(key, Edition(snapshot, self.options, limits=self.limits))

    def editions(self) -> list[Edition]:
        """Return what is kept at present, the least recently used first."""
        return self._editions.values()

    def note_policy(self, policy: str) -> None:
        """Note a policy of the site's own; from one that needs it on, module preloads have the nonce.

        It is known only when the head has been written.
        """
        self._guarded = self._guarded or not is_dynamic(policy)

    def _make(
        self, snapshot: Snapshot, nonce: str | None, visit: Visit, overridden: Mapping[str, str]
    ) -> Page:
        """Make a page; what is rendered on the server is of the same moment as what browsers get."""
        stage = self.federation.renderer.stage()
        if isinstance(stage, View) and not overridden:
            snapshot = stage.snapshot
        overrides, edition = self.options.overrides, self.edition(snapshot)
        # Whose nonce it is, his is the policy, of which nothing is known.
        own = nonce is None and self.options.csp and not self._guarded
        nonce = make_nonce() if nonce is None else check_nonce(nonce)
        fragments = Fragments(
            self.federation,
            edition,
            stage=stage,
            nonce=nonce,
            request=read_request(visit.headers, visit.path),
            overridden=overridden,
            bare=own and bool(is_known(visit.headers)),
        )
        return Page(
            snapshot,
            edition,
            fragments,
            nonce=nonce,
            links=takes_links(visit.headers, self.options.link_headers),
            bare=is_known(visit.headers) if own else None,
            note_policy=self.note_policy,
            root=visit.root.rstrip("/"),
            more=override_headers(visit.query, visit.cookies, overridden, overrides),
        )


class Page:
    """One response's page; made by `Pages.open`.

    Attributes:
        nonce: Its nonce, for scripts and styles of the site's own, and for the policy.
        snapshot: The snapshot all its parts are made from.
        root: The path the whole site is mounted at, without a slash at the end.
        note_policy: To be told of a content security policy that the response has already.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        edition: Edition,
        fragments: Fragments | None = None,
        *,
        nonce: str,
        links: bool,
        bare: bool | None,
        note_policy: Callable[[str], None],
        root: str,
        more: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.nonce = nonce
        self.snapshot = snapshot
        self._edition = edition
        self._fragments = fragments
        self._links = links
        # Whether module preloads go without the nonce; None where that is not the browser's to decide.
        self._bare = bare
        self.note_policy = note_policy
        self._more = more
        self.root = root
        self._head: Head | None = None

    @property
    def options(self) -> PageOptions:
        """How pages are written."""
        return self._edition.options

    def head(self, modules: Sequence[str] = (), *, scoped: bool | None = None) -> Markup:
        """Write the head: import map, preloads, and the loader; as early in `<head>` as can be.

        Args:
            modules: What the page runs at once, as `team/mfe1/Button`. One that is not there is left out and
                logged.
            scoped: Whether the map has only the entries these modules can reach; as in the options if not
                given.

        Raises:
            NotFoundError: In development, where nobody has one of the modules.
            UsageError: There are more modules than one page can mean.
        """
        fragments = self._fragments
        named = (modules,) if isinstance(modules, str) else tuple(modules)
        rendered = () if fragments is None else fragments.modules
        head = self.prepare((*named, *rendered), scoped=scoped)
        # In this order they are asked for, and modules are many.
        styles = "" if fragments is None else fragments.write_styles()
        needed = "" if fragments is None else fragments.write_head(head)
        return Markup(f"{styles}{head.write(self.nonce)}{needed}")  # noqa: S704

    def prepare(self, modules: Sequence[str] = (), *, scoped: bool | None = None) -> Head:
        """Return the head before it is written: what it preloads, what is missing, and why.

        `response_headers` is about the head asked for last. Arguments and errors are those of `head`.
        """
        wanted = self.options.scoped if scoped is None else scoped
        head = self._edition.head(modules, scoped=wanted, root=self.root, bare=self._bare is True)
        for missing in head.missing:
            self._complain(missing.module)
        self._head = head
        return head

    def mount(self, module: str, fallback: str = "", /, **props: object) -> Markup:
        """Write the element that a module is mounted into.

        Args:
            module: As `team/mfe1/Button`.
            fallback: What is shown until the module is mounted, and where it cannot be; text, or HTML that
                is marked as safe.
            props: What the module's `mount(element, props)` is given; anything that msgspec makes JSON of.

        Raises:
            FormatError: The props cannot be written as JSON.
            NotFoundError: In development, where nobody has the module.
        """
        found = self._edition.find(module, self.snapshot)
        inside = fallback.__html__() if hasattr(fallback, "__html__") else text(str(fallback))
        if isinstance(found, Missing):
            self._complain(module)
            attributes = {"data-hanse-fallback": f"remote={found.remote};reason={found.reason}"}
        else:
            attributes = {"data-hanse-module": found.specifier, "data-hanse-remote": found.remote}
            if props:
                attributes["data-hanse-props"] = inline_json(props)
        return Markup(f"{tag('div', attributes)}{inside}</div>")  # noqa: S704

    def tell(self, **told: Unpack[Told]) -> None:
        """Tell delegates in Python of this request: they are asked when the first fragment is rendered.

        Args:
            told: `tenant`, `experiments`, `version`, `locale`, `headers`, as `RequestContext` has them. Its
                path, host and trace are known.

        Raises:
            UsageError: They have been asked already: a page never has two builds of a remote.
        """
        self._stages().tell(told)

    async def render(
        self, remote: str, key: str, props: Mapping[str, object] = NO_PROPS, /, **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Render a module on the server; what comes back may be written into a template as it is.

        Whatever fails costs this fragment alone: the browser renders it, or it shows its fallback. What it
        needs in the page is written with the head, or right before it where the head is written already.

        Args:
            remote: The remote's name.
            key: The module's key, with or without `./`.
            props: Its properties; anything that msgspec makes a JSON object of.
            wishes: `fallback`, `export`, `context`, `deadline`, `cache`, `hydrate`, `browser`; `render.Wish`
                says what they mean.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
        """
        return await self._stages().render(remote, key, props, **wishes)

    def render_sync(
        self, remote: str, key: str, props: Mapping[str, object] = NO_PROPS, /, **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Do what `render` does for code that does not await; takes and raises the same.

        Raises:
            UsageError: This is the thread of the federation's event loop.
        """
        return self._stages().render_sync(remote, key, props, **wishes)

    def stream(
        self, remote: str, key: str, props: Mapping[str, object] = NO_PROPS, /, **wishes: Unpack[Wishes]
    ) -> AsyncIterator[str]:
        """Yield the markup of a module in pieces, for a response that is streamed; arguments as in `render`.

        Close the iterator where it is not read to its end.
        """
        return self._stages().stream(remote, key, props, **wishes)

    def _stages(self) -> Fragments:
        """Return what renders fragments.

        Raises:
            UsageError: This page was not opened by `Pages`.
        """
        if self._fragments is None:
            raise UsageError("this page has no federation", subject="page", hint="open it with Pages.open")
        return self._fragments

    def url(self, module: str) -> str:
        """Return where a module lies; the empty text where it is not there.

        Raises:
            NotFoundError: In development, where nobody has the module.
        """
        found = self._edition.find(module, self.snapshot)
        if isinstance(found, RemoteModule):
            return found.url
        self._complain(module)
        return ""

    def response_headers(self) -> list[tuple[str, str]]:
        """Return what belongs into the response's headers, each to be added to those that are there.

        `Content-Security-Policy` is for responses that have none of their own; the site may leave it out.
        `Cache-Control`, which is there where a remote is overridden, takes the place of the site's.
        """
        return [*self._list_headers()]

    def _list_headers(self) -> Iterator[tuple[str, str]]:
        """Yield the headers."""
        yield from self._more
        head = self._head
        if head is not None and head.preloads:
            if self.options.link_headers == "auto" or self._bare is not None:
                yield "Vary", HINT
            if self._links:
                most = self._edition.limits.link_header_bytes
                bare = self._bare is True
                for value in write_links(head.preloads, self.nonce, free=head.free, most=most, bare=bare):
                    yield "Link", value
        if self.options.csp:
            yield "Content-Security-Policy", default_policy(self.nonce)

    def _complain(self, module: str) -> None:
        """Raise where somebody is there to read it; a remote that fails is not the page's mistake."""
        if self.options.development:
            found = self._edition.find(module, self.snapshot)
            if isinstance(found, Missing) and found.reason == "unknown":
                raise found.error
