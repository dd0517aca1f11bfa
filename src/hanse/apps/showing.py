"""What visitors get to see: pages within their documents, with their data and their fragments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hanse.apps.answers import Answer, Missing, PageRequest, Redirect
from hanse.apps.desk import Desk
from hanse.apps.directory import Directory
from hanse.apps.documents import hoist, write_document, write_failure
from hanse.apps.fragments import Hole, fill, split_name
from hanse.apps.requests import (
    NOBODYS,
    cache_headers,
    is_own_form,
    note,
    raw_path,
    read_request,
    route_props,
    with_cookies,
)
from hanse.apps.routes import Match
from hanse.apps.sheets import Sheets, inline_sheets
from hanse.html import tag
from hanse.limits import LIMITS, Limits
from hanse.render import Fragment
from hanse.web.integration import AnyPage
from hanse.web.starlette import hanse_page

__all__ = ["Render", "Showing"]

METHODS: Final = ("GET", "HEAD", "POST")
Render = Callable[[str, str, Mapping[str, object]], Awaitable[Fragment]]
"""Renders an exposed module: remote, key and properties."""


class Showing:
    """Shows pages.

    Args:
        app: The app this is.
        directory: What there is.
        desk: Gives the data.
        sheets: Has the texts of style sheets.
        limits: The caps.
    """

    def __init__(
        self, app: str, directory: Directory, desk: Desk, *, sheets: Sheets, limits: Limits = LIMITS
    ) -> None:
        self._name = app
        self._directory = directory
        self._desk = desk
        self._sheets = sheets
        self._limits = limits

    async def respond(self, request: Request, match: Match | None) -> Response:
        """Answer a visitor with a page; None for a path that has none."""
        page = hanse_page(request)
        if match is None:
            return await self._special(page, "./pages/404", 404, "There is no such page")
        if request.method not in METHODS:
            return Response("pages are asked for, or get forms", 405, {"allow": ", ".join(METHODS)})
        form = request.method == "POST"
        if form and not is_own_form(request):
            return await self._special(page, "./pages/_error", 403, "This form was sent from elsewhere")
        asked = await read_request(request, raw_path(request), form=form, most=self._limits.page_form_bytes)
        if isinstance(asked, Response):
            return asked
        try:
            answer = await (self._desk.act(match, asked) if form else self._desk.load(match, asked))
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
        body, _ = await self.fill(body, asked, page.render, owner=route.app)
        needed = str(page.head([route.specifier] if fragment.hydrates else []))
        html = write_document(f"{head}{await inline_sheets(needed, self._sheets.read)}", body)
        response = HTMLResponse(
            html, status_code=answer.status, headers={**cache_headers(answer), **answer.headers}
        )
        return with_cookies(response, answer.cookies)

    async def _special(self, page: AnyPage, key: str, status: int, message: str) -> Response:
        """Show the app's own page for what is missing or failed."""
        name = self._name
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

    async def fill(
        self, markup: str, visitor: PageRequest, render: Render, *, owner: str
    ) -> tuple[str, tuple[str, ...]]:
        """Fill the holes in markup; return it, and the style sheets that its fragments need.

        Args:
            markup: A page's, or a hole alone.
            visitor: Who asks for the page.
            render: Renders what is a part of this app's federation.
            owner: The app whose page it is: it is asked for what nobody knows here.
        """
        styles: dict[str, None] = {}

        async def show(hole: Hole) -> str:
            named = split_name(hole.name, self._directory.apps)
            try:
                if named is None:
                    return await self._desk.load_fragment(owner, hole, visitor)
                fragment = await self._render(*named, hole.props, visitor, render)
            except Exception as error:  # noqa: BLE001 - an app's Python may raise anything
                note(f"{hole.name} cannot be shown", error)
                return nothing_of(owner if named is None else named[0])
            styles.update(dict.fromkeys(fragment.styles))
            return fragment.markup

        return await fill(markup, show, limits=self._limits), tuple(styles)

    async def _render(
        self, remote: str, key: str, props: Mapping[str, object], visitor: PageRequest, render: Render
    ) -> Fragment:
        """Render an exposed module, with its data."""
        if self._directory.loads(remote, key):
            props = {**props, **await self._desk.load_component(remote, key, visitor, props)}
        return await render(remote, key, props)


def nothing_of(remote: str) -> str:
    """Write the named fallback of a module that cannot be shown."""
    return f"{tag('div', {'data-hanse-fallback': f'remote={remote};reason=data'})}</div>"
