"""The fragments of one page: rendered in one scene, and what they need written once, where it still can be.

What a fragment needs besides its HTML are style sheets, files to preload, and the client that hydrates it.
Where it is rendered before the page's head is written, all that goes into the head. Where the head is written
already, it goes right before the fragment: browsers take `<link>` there, too, and a style sheet holds back
what follows it. Either way it is exactly what the fragments of this response need, each thing once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.federation.modules import Preload, RemoteModule
from hanse.html import Pieces, link, script, splice
from hanse.render import Fragment, RequestContext, Scene, Stage, Wishes
from hanse.web.client import HYDRATE
from hanse.web.head.edition import write_preload
from hanse.web.home import at_home, wait_at_home

if TYPE_CHECKING:
    from hanse.web.head import Edition, Head

__all__ = ["Fragments", "Told", "read_request", "read_traceparent"]

LOG: Final = logging.getLogger("hanse.web")
TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def read_traceparent(headers: Mapping[str, str]) -> str | None:
    """Return the trace that a request is a part of; None where it says none that is one."""
    said = headers.get("traceparent") or headers.get("Traceparent") or ""
    return said if TRACEPARENT.fullmatch(said) else None


def read_request(headers: Mapping[str, str], path: str) -> RequestContext:
    """Return what a request says of itself to delegates."""
    host = headers.get("host") or headers.get("Host") or ""
    return RequestContext(path=path, host=host, traceparent=read_traceparent(headers))


class Told(TypedDict, total=False):
    """What an application tells delegates of a request."""

    tenant: str | None
    experiments: Mapping[str, str]
    version: str | None
    locale: str | None
    headers: Mapping[str, str]


class Fragments:
    """The fragments of one page.

    Args:
        federation: Whose renderer renders them.
        edition: What is rendered of the page's snapshot.
        stage: What fragments are rendered from: of the same moment as the snapshot.
        nonce: The response's.
        request: What delegates are told, with the trace the page is a part of.
        overridden: The remotes that a developer has replaced on this page.
        bare: Whether module preloads go without the nonce.
    """

    def __init__(
        self,
        federation: Federation,
        edition: Edition,
        *,
        stage: Stage,
        nonce: str,
        request: RequestContext,
        overridden: Iterable[str],
        bare: bool = False,
    ) -> None:
        self.federation = federation
        self._edition = edition
        self._stage = stage
        self._nonce = nonce
        self._bare = bare
        self._request = request
        self._withheld = dict.fromkeys(overridden, "a developer has replaced it on this page")
        self._scene: Scene | None = None
        self._head_written = False
        # URLs of what stands on the page already, and whether the hydrating client does.
        self._written: set[str] = set()
        self._hydrates = False
        self._waiting: list[Fragment] = []

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that the browser runs for the fragments rendered so far, for the head to name."""
        return tuple(dict.fromkeys(one.browser for one in self._waiting if one.browser is not None))

    def tell(self, told: Told) -> None:
        """Tell delegates more of the request.

        Raises:
            UsageError: They have been asked already.
        """
        if self._scene is not None:
            raise UsageError(
                "delegates have been asked already", subject="page", hint="tell before anything is rendered"
            )
        self._request = replace(self._request, **told)

    async def render(
        self, remote: str, key: str, props: Mapping[str, object], **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Render a module, and see to it that the page has what it needs."""
        scene = self._open()
        return self._place(await at_home(self.federation, scene.render(remote, key, props, **wishes)))

    def render_sync(
        self, remote: str, key: str, props: Mapping[str, object], **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Do what `render` does, and wait for it."""
        scene = self._open()
        return self._place(wait_at_home(self.federation, scene.render(remote, key, props, **wishes)))

    async def stream(
        self, remote: str, key: str, props: Mapping[str, object], **wishes: Unpack[Wishes]
    ) -> AsyncIterator[str]:
        """Yield a module's markup in pieces; what it needs comes first."""
        stream = self._open().stream(remote, key, props, **wishes)
        home = self.federation
        try:
            await at_home(home, stream.shell())
            if stream.fragment is not None:
                yield self._beside(stream.fragment)
            pieces = aiter(stream)
            while (piece := await at_home(home, next_of(pieces))) is not None:
                yield piece
        finally:
            await at_home(home, stream.aclose())

    def write_styles(self) -> str:
        """Write the style sheets of the fragments so far: nothing is painted before they are there."""
        links = (one for fragment in self._waiting for one in self._style_links(fragment))
        return "".join(splice(pieces, self._nonce) for pieces in links)

    def write_head(self, head: Head) -> str:
        """Write what the fragments so far need beside what the head has; from now on it counts as written."""
        self._head_written = True
        self._written.update(preload.url for preload in head.preloads)
        waiting, self._waiting = self._waiting, []
        given = "".join(fragment.head for fragment in waiting)
        return "".join([*(self._write(fragment) for fragment in waiting), given])

    def _open(self) -> Scene:
        """Return the page's scene, opened when its first fragment is asked for."""
        if self._scene is None:
            self._scene = self.federation.renderer.open(
                nonce=self._nonce,
                traceparent=self._request.traceparent,
                request=self._request,
                development=self._edition.options.development,
                withheld=self._withheld,
                stage=self._stage,
            )
        return self._scene

    def _place(self, fragment: Fragment) -> Fragment:
        """Leave what a fragment needs for the head, or write it into the fragment's markup."""
        if not self._head_written:
            self._waiting.append(fragment)
            return fragment
        return replace(fragment, markup=f"{self._beside(fragment)}{fragment.markup}")

    def _beside(self, fragment: Fragment) -> str:
        """Return what stands right before a fragment."""
        if fragment.head:
            LOG.warning(
                "%s has something for a head that is written already: render it before the head",
                f"{fragment.remote}/{fragment.key}",
            )
        return self._write(fragment)

    def _write(self, fragment: Fragment) -> str:
        """Write what a fragment needs and the page does not have yet."""
        return "".join(splice(pieces, self._nonce) for pieces in self._pieces(fragment))

    def _pieces(self, fragment: Fragment) -> Iterator[Pieces]:
        """Yield the elements that a fragment needs."""
        yield from self._style_links(fragment)
        for preload in islice(self._preloads(fragment), self._edition.limits.page_preloads):
            if self._is_new(preload.url):
                yield write_preload(preload, bare=self._bare)
        if fragment.hydrates and not self._hydrates and self._edition.options.loader == "inline":
            self._hydrates = True
            yield script("module", HYDRATE)

    def _style_links(self, fragment: Fragment) -> Iterator[Pieces]:
        """Yield the links to style sheets that the page does not have yet."""
        for url in fragment.styles:
            if self._is_new(url):
                yield link({"rel": "stylesheet", "href": url})

    def _preloads(self, fragment: Fragment) -> Iterator[Preload]:
        """Yield what the browser loads for a fragment, with the digests that the import map has."""
        found = None if fragment.browser is None else self._edition.find(fragment.browser)
        if isinstance(found, RemoteModule):
            for preload in found.preloads:
                yield replace(preload, integrity=self._edition.digest_of(preload.url))
        for url in fragment.preloads:
            yield Preload(url, self._edition.digest_of(url))

    def _is_new(self, url: str) -> bool:
        """Tell whether something is not on the page yet, and count it as being there from now on."""
        if url in self._written:
            return False
        self._written.add(url)
        return True


async def next_of(pieces: AsyncIterator[str]) -> str | None:
    """Return the next piece, None at the end."""
    return await anext(pieces, None)
