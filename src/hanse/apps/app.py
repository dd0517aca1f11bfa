"""One app as an ASGI app: its pages and everybody else's, its data, its files, and its streams."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from hanse.apps.answers import Answer, Missing, PageRequest, Redirect
from hanse.apps.build.task import BROWSER, ENTRY
from hanse.apps.desk import DATA, Desk, Passing
from hanse.apps.directory import Directory
from hanse.apps.documents import hoist, write_document, write_failure
from hanse.apps.life import Life
from hanse.apps.loaders import read_loaders
from hanse.apps.making import load_asgi, make_federation, make_mirror, make_publisher, server_addresses
from hanse.apps.mirror import MIRROR
from hanse.apps.project import Project, open_project
from hanse.apps.requests import (
    NOBODYS,
    answer_json,
    cache_headers,
    is_of_browser,
    is_own_form,
    raw_path,
    read_form,
    route_props,
    with_cookies,
)
from hanse.apps.routes import Match
from hanse.apps.statics import StaticFile, answer_static, read_static, static_file
from hanse.errors import HanseError, UsageError
from hanse.limits import LIMITS, Limits
from hanse.web.integration import AnyPage
from hanse.web.starlette import HanseMiddleware, hanse_page

__all__ = ["App"]

LOG: Final = logging.getLogger("hanse.apps")
# Where the browser's router asks for pages.
PAGE: Final = "/_hanse/page"
# What other apps' servers are given, with proof.
PUBLISHED: Final = ("/_hanse/server-entry.json", "/_hanse/stream")
# The header in which the router says of which snapshot its document is.
SNAPSHOT: Final = "hanse-snapshot"
# Seconds for which an app that is down is left alone, at first and at most: visitors see when it is back.
ASIDE: Final = 1.0
ASIDE_MOST: Final = 8.0
STARTING: Final = Response("this app is starting", 503, {"retry-after": "1", **NOBODYS})
METHODS: Final = ("GET", "HEAD", "POST")


class App:
    """An app in production or in development; serve it with any ASGI server.

    Args:
        project: The app's folder, read with its environment, and built.
        limits: The caps.

    Raises:
        HanseError: Keys or a build are missing, or the app's Python cannot be imported.
    """

    def __init__(self, project: Project, *, limits: Limits = LIMITS) -> None:
        self.project = project
        limits = self._limits = replace(
            limits,
            breaker_open=min(limits.breaker_open, ASIDE),
            breaker_open_most=min(limits.breaker_open_most, ASIDE_MOST),
            build_interval=min(limits.build_interval, ASIDE),
            build_interval_most=min(limits.build_interval_most, ASIDE_MOST),
        )
        self.files: Mapping[str, StaticFile] = read_static(project.folder / BROWSER)
        if ENTRY not in self.files:
            raise UsageError("this app is not built", subject=str(project.folder), hint="run `hanse build`")
        self.federation = make_federation(project, limits)
        self._publisher = make_publisher(project, limits)
        self._mirror = make_mirror(project, limits)
        self._mirror.adopt(
            self.files[ENTRY].body, {name: file.body for name, file in self.files.items() if name != ENTRY}
        )
        self.desk = Desk(
            project.name,
            read_loaders(project),
            self.federation,
            servers=server_addresses(project),
            passing=Passing(
                frozenset(map(str.lower, project.own.app.headers)), frozenset(project.own.app.cookies)
            ),
            limits=limits,
        )
        self._own = load_asgi(project)
        self._directory = Directory(project, self.federation)
        self._life = Life(project.name, self.federation, self._own, closing=self._mirror.aclose)
        self._pages = HanseMiddleware(self._answer_page, self.federation)

    @classmethod
    def from_folder(cls, folder: Path, *, environ: Mapping[str, str] | None = None) -> App:
        """Make the app of a folder.

        Raises:
            HanseError: Something in it does not fit, or is missing.
        """
        return cls(open_project(folder, os.environ if environ is None else environ))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._life.serve(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] in PUBLISHED:
            await self._publisher({**scope, "root_path": "/_hanse"}, receive, send)
            return
        answer = self._find_answer(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._pages(scope, receive, send)
            return
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    def _find_answer(self, scope: Scope) -> Callable[[Request], Awaitable[Response]] | None:
        """Return what answers a path that is no page's."""
        path = scope["path"]
        name = path.removeprefix("/")
        if scope["method"] in ("GET", "HEAD") and (name in self.files or self._mirror.keeps(name)):
            return self._give_file
        if path.startswith(f"/{MIRROR}/") and scope["method"] in ("GET", "HEAD"):
            return self._give_mirrored
        if path.startswith(f"/{DATA}/"):
            return self._give_data
        if path.startswith(f"{PAGE}/"):
            return self._give_page
        return None

    def hang_up(self) -> None:
        """Let nobody wait any more for what comes: the server is about to end."""
        self.federation.hang_up()
        self._publisher.hang_up()

    # --- what other apps and browsers fetch -----------------------------------------------------------

    async def _give_file(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        if name in self.files:
            return answer_static(self.files[name], request)
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
            found = await self._mirror.file(app, name)
        except HanseError as error:
            LOG.warning("%s: %s cannot be had: %s", app, name, error)
            # No fault of this server's, whose own federation asks: it would leave its own origin alone.
            return Response(f"it cannot be had of {app}", status_code=424, headers=NOBODYS)
        if found is None:
            return Response(status_code=404, headers=NOBODYS)
        return answer_static(static_file(name, found.body, lasting=found.lasting), request)

    async def _give_data(self, request: Request) -> Response:
        """Answer another app's server; the path is that of the page."""
        path, form = raw_path(request).removeprefix(f"/{DATA}"), request.method == "POST"
        if not await self._life.is_ready():
            return STARTING
        if form and is_of_browser(request):
            return Response("forms are posted to pages", 403, NOBODYS)
        asked = await self._read_request(request, path, form=form)
        if isinstance(asked, Response):
            return asked
        try:
            envelope = await self.desk.answer(self._directory.table.match(path), asked, form=form)
            return answer_json(msgspec.to_builtins(envelope))
        except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
            note(f"{self.project.name}: no data for {path}", error)
            return Response("the data of this page cannot be had", 500, NOBODYS)

    async def _give_page(self, request: Request) -> Response:
        """Answer the browser's router: the module of a page, and its properties."""
        path = raw_path(request).removeprefix(PAGE)
        if not await self._life.is_ready():
            return STARTING
        match = self._directory.table.match(path)
        known = request.headers.get(SNAPSHOT, "")
        if match is None or (known and known != self.federation.snapshot.digest):
            # The document has a map of its own: only another document gets another one.
            return Response(status_code=404 if match is None else 410, headers=NOBODYS)
        asked = await self._read_request(request, path, form=False)
        if isinstance(asked, Response):
            return asked
        try:
            answer = await self.desk.load(match, asked)
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

    # --- pages ----------------------------------------------------------------------------------------

    async def _answer_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page, the app's own Python, or that there is neither."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if not await self._life.is_ready():
            await STARTING(scope, receive, send)
            return
        match = self._directory.table.match(raw_path(request))
        if match is None and self._own is not None:
            await self._own(scope, receive, send)
            return
        response = await self._respond(request, match)
        await response(scope, receive, send)

    async def _respond(self, request: Request, match: Match | None) -> Response:
        page = hanse_page(request)
        if match is None:
            return await self._special(page, "./pages/404", 404, "There is no such page")
        if request.method not in METHODS:
            return Response("pages are asked for, or get forms", 405, {"allow": ", ".join(METHODS)})
        form = request.method == "POST"
        if form and not is_own_form(request):
            return await self._special(page, "./pages/_error", 403, "This form was sent from elsewhere")
        asked = await self._read_request(request, raw_path(request), form=form)
        if isinstance(asked, Response):
            return asked
        try:
            answer = await (self.desk.act(match, asked) if form else self.desk.load(match, asked))
        except Redirect as sent:
            return with_cookies(RedirectResponse(sent.url, sent.status), sent.cookies)
        except Missing:
            return await self._special(page, "./pages/404", 404, "There is no such page")
        except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
            note(f"{match.route.app}: no data for {match.route.pattern.text}", error)
            return await self._special(page, "./pages/_error", 502, "The data of this page cannot be had")
        if answer is None:
            return Response("this page takes no forms", status_code=405, headers={"allow": "GET, HEAD"})
        return await self._show(page, match, asked, answer)

    async def _show(self, page: AnyPage, match: Match, asked: PageRequest, answer: Answer) -> Response:
        """Render a page within its document."""
        route = match.route
        props = {"route": route_props(match, asked), "data": answer.props}
        fragment = await page.render(route.app, route.key, props)
        if fragment.mode == "fallback":
            return await self._special(page, "./pages/_error", 500, "This page could not be made")
        head, body = hoist(fragment)
        html = write_document(f"{head}{page.head([route.specifier] if fragment.hydrates else [])}", body)
        response = HTMLResponse(
            html, status_code=answer.status, headers={**cache_headers(answer), **answer.headers}
        )
        return with_cookies(response, answer.cookies)

    async def _special(self, page: AnyPage, key: str, status: int, message: str) -> Response:
        """Show the app's own page for what is missing or failed."""
        name = self.project.name
        if not self._directory.has(key):
            body, head = write_failure(str(status), message), str(page.head())
        else:
            route = {"app": name, "path": "", "pattern": "", "params": {}, "query": {}}
            fragment = await page.render(
                name, key, {"route": route, "data": {"status": status, "message": message}}
            )
            head, body = hoist(fragment)
            head = f"{head}{page.head()}"
        return HTMLResponse(write_document(head, body), status_code=status, headers=NOBODYS)

    async def _read_request(self, request: Request, path: str, *, form: bool) -> PageRequest | Response:
        """Return a request as pages get it; the answer where its form is none."""
        fields: dict[str, str] = {}
        if form:
            body = await read_form(request, self._limits.page_form_bytes)
            if body is None:
                return Response("this form is too large", status_code=413)
            fields = dict(parse_qsl(body, keep_blank_values=True))
        return PageRequest(
            path=path,
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            cookies=request.cookies,
            form=fields,
        )


def note(what: str, error: Exception) -> None:
    """Log what went wrong: in a line where others are to blame, with a traceback where own Python is."""
    if isinstance(error, HanseError):
        LOG.warning("%s: %s", what, error)
    else:
        LOG.error("%s", what, exc_info=error)
