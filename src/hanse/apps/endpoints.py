"""What servers of other apps ask for, and the browser's router: files, data, pages and fragments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hanse.apps.answers import Missing, Redirect
from hanse.apps.build.task import ENTRY
from hanse.apps.desk import COMPONENT, DATA, Desk
from hanse.apps.directory import Directory
from hanse.apps.fragments import FragmentAnswer, Hole, content_of, write_hole
from hanse.apps.mirror import MIRROR, Mirror
from hanse.apps.requests import (
    NOBODYS,
    answer_json,
    is_of_browser,
    is_own_form,
    make_request,
    note,
    raw_path,
    read_form,
    read_request,
    route_props,
    with_cookies,
)
from hanse.apps.showing import Showing
from hanse.apps.statics import StaticFile, answer_static, compressed, static_file
from hanse.errors import HanseError
from hanse.federation import Federation
from hanse.limits import LIMITS, Limits
from hanse.web.fragments import read_request as read_context

__all__ = ["STARTING", "Endpoints"]

LOG: Final = logging.getLogger("hanse.apps")
# Where the browser's router asks for pages, and for modules that are rendered by themselves.
PAGE: Final = "/_hanse/page"
TYPES: Final = "/_hanse/types"
FRAGMENT: Final = "/_hanse/fragment"
# The header in which the router says of which snapshot its document is.
SNAPSHOT: Final = "hanse-snapshot"
# Files of other apps that are kept in memory; a page takes some dozens.
MIRRORED: Final = 256
READING: Final = ("GET", "HEAD")
STARTING: Final = Response("this app is starting", 503, {"retry-after": "1", **NOBODYS})


class FragmentRequest(msgspec.Struct, frozen=True):
    """What is sent for a fragment: a module's name and properties, and the app whose page it is on."""

    of: str
    props: dict[str, object] = {}
    app: str = ""


class Endpoints:
    """Answers what is no page.

    Args:
        app: The app this is.
        files: Its build for browsers.
        federation: The federation that it is a part of.
        directory: What there is.
        desk: Gives the data.
        mirror: Other apps' builds for browsers.
        showing: Renders fragments.
        types: Where the types of what it exposes lie; None where they are not given out.
        ready: Waits until there is something to show; False where there is nothing yet.
        limits: The caps.
    """

    def __init__(
        self,
        app: str,
        files: Mapping[str, StaticFile],
        *,
        federation: Federation,
        directory: Directory,
        desk: Desk,
        mirror: Mirror,
        showing: Showing,
        ready: Callable[[], Awaitable[bool]],
        types: Path | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._name = app
        self._files = files
        self._federation = federation
        self._directory = directory
        self._desk = desk
        self._mirror = mirror
        self._showing = showing
        self._ready = ready
        self._types = types
        self._mirrored: dict[tuple[str, str], StaticFile] = {}
        self._limits = limits

    def find(self, path: str, method: str) -> Callable[[Request], Awaitable[Response]] | None:
        """Return what answers at a path; None where a page may be there."""
        name, reading = path.removeprefix("/"), method in READING
        if reading and (name in self._files or self._mirror.keeps(name)):
            return self._give_file
        if reading and path.startswith(f"/{MIRROR}/"):
            return self._give_mirrored
        if path == TYPES and self._types is not None:
            return self._give_types
        if path.startswith(f"/{DATA}/"):
            return self._give_data
        if path.startswith(f"/{COMPONENT}/"):
            return self._give_component
        if path.startswith(f"{PAGE}/"):
            return self._give_page
        return self._give_fragment if path == FRAGMENT and method == "POST" else None

    async def _give_file(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        if name in self._files:
            return answer_static(self._files[name], request)
        found = await self._mirror.own_file(name)
        if found is None:
            return Response(status_code=404, headers=NOBODYS)
        return answer_static(static_file(name, found.body, lasting=True), request)

    async def _give_mirrored(self, request: Request) -> Response:
        """Answer with what another app has built for browsers."""
        named = self._mirror.split(request.url.path.removeprefix(f"/{MIRROR}/"))
        if named is None:
            return Response(status_code=404, headers=NOBODYS)
        app, name = named
        try:
            if name == ENTRY:
                return answer_static(
                    static_file(ENTRY, await self._mirror.entry(app), lasting=False), request
                )
            found = await self._find_mirrored(app, name)
        except HanseError as error:
            LOG.warning("%s: %s cannot be had: %s", app, name, error)
            # No fault of this server's, whose own federation asks: it would leave its own origin alone.
            return Response(f"it cannot be had of {app}", status_code=424, headers=NOBODYS)
        if found is None:
            return Response(status_code=404, headers=NOBODYS)
        return answer_static(found, request)

    async def _find_mirrored(self, app: str, name: str) -> StaticFile | None:
        """Return a file of another app, read and compressed once for all who ask.

        Raises:
            HanseError: It is not at hand, and cannot be had.
        """
        digest = self._mirror.digest(app, name)
        known = None if digest is None else self._mirrored.get((name, digest))
        if known is not None or digest is None:
            return known
        found = await self._mirror.file(app, name)
        if found is None:
            return None
        encoded = await asyncio.to_thread(compressed, name, found.body)
        made = static_file(name, found.body, lasting=found.lasting, encoded=encoded)
        self._mirrored[name, digest] = made
        while len(self._mirrored) > MIRRORED:
            self._mirrored.pop(next(iter(self._mirrored)))
        return made

    async def _give_types(self, request: Request) -> Response:
        """Answer other apps that are being developed with the types of what this one exposes."""
        try:
            body = await asyncio.to_thread((self._types or Path()).read_bytes)
        except OSError:
            return Response("there are no types yet", 404, NOBODYS)
        return answer_static(static_file("types.json", body, lasting=False), request)

    async def _give_data(self, request: Request) -> Response:
        """Answer another app's server; the path is that of the page."""
        path, form = raw_path(request).removeprefix(f"/{DATA}"), request.method == "POST"
        if not await self._ready():
            return STARTING
        if form and is_of_browser(request):
            return Response("forms are posted to pages", 403, NOBODYS)
        asked = await read_request(request, path, form=form, most=self._limits.page_form_bytes)
        if isinstance(asked, Response):
            return asked
        try:
            envelope = await self._desk.answer(self._directory.table.match(path), asked, form=form)
            return answer_json(msgspec.to_builtins(envelope))
        except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
            note(f"{self._name}: no data for {path}", error)
            return Response("the data of this page cannot be had", 500, NOBODYS)

    async def _give_component(self, request: Request) -> Response:
        """Answer another app's server with the data of an exposed component."""
        key = f"./{request.url.path.removeprefix(f'/{COMPONENT}/')}"
        if not await self._ready():
            return STARTING
        if request.method != "GET" or not self._directory.loads(self._name, key):
            return Response(status_code=404, headers=NOBODYS)
        try:
            props = msgspec.json.decode(request.query_params.get("props", "{}"), type=dict[str, object])
            asked = make_request(request, request.url.path)
            return answer_json(msgspec.to_builtins(await self._desk.answer_component(key, asked, props)))
        except msgspec.DecodeError:
            return Response("`props` is no JSON object", 400, NOBODYS)
        except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
            note(f"{self._name}: no data for {key}", error)
            return Response("the data of this component cannot be had", 500, NOBODYS)

    async def _give_fragment(self, request: Request) -> Response:
        """Answer the browser's router, or the server of another app, with a module: `{html, styles}`."""
        of_browser = is_of_browser(request)
        if of_browser and not is_own_form(request):
            return Response("this is for pages of this site", 403, NOBODYS)
        body = await read_form(request, self._limits.page_form_bytes)
        try:
            asked = msgspec.json.decode(body or "", type=FragmentRequest)
        except msgspec.DecodeError:
            return Response("this is no request for a fragment", 400, NOBODYS)
        if not await self._ready():
            return STARTING
        context = read_context(request.headers, request.url.path)
        # Elsewhere there is another import map: what goes there is HTML alone.
        render = partial(self._federation.render, request=context, hydrate=of_browser, browser=of_browser)
        visitor = make_request(request, "/")
        owner = asked.app if of_browser and asked.app else self._name
        hole = write_hole(Hole(asked.of, asked.props))
        markup, styles = await self._showing.fill(hole, visitor, render, owner=owner)
        return answer_json(msgspec.to_builtins(FragmentAnswer(content_of(markup), styles)))

    async def _give_page(self, request: Request) -> Response:
        """Answer the browser's router: the module of a page, and its properties."""
        path = raw_path(request).removeprefix(PAGE)
        if not await self._ready():
            return STARTING
        match = self._directory.table.match(path)
        if match is None:
            return Response(status_code=404, headers=NOBODYS)
        # The document has a map of its own, which leads to the files of its time.
        snapshot = self._federation.snapshot_by_digest(request.headers.get(SNAPSHOT, ""))
        if snapshot is None or match.route.specifier not in snapshot.import_map.imports:
            return Response(status_code=410, headers=NOBODYS)
        asked = make_request(request, path)
        try:
            answer = await self._desk.load(match, asked)
        except Redirect as sent:
            return with_cookies(answer_json({"redirect": sent.url}), sent.cookies)
        except Missing:
            return Response(status_code=404, headers=NOBODYS)
        except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
            note(f"{match.route.app}: {path} cannot be shown in place", error)
            return Response(status_code=502, headers=NOBODYS)
        if answer.status != 200:
            return Response(status_code=409, headers=NOBODYS)
        told = {
            "module": match.route.specifier,
            "props": {"route": route_props(match, asked), "data": answer.props},
            "styles": self._directory.styles(match.route),
        }
        return with_cookies(answer_json(told), answer.cookies)
