"""One app as an ASGI app: its pages and everybody else's, its data, its files, and its streams."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from hanse.apps.build.task import BROWSER, ENTRY
from hanse.apps.desk import Desk, Passing
from hanse.apps.directory import Directory
from hanse.apps.endpoints import STARTING, Endpoints
from hanse.apps.life import Life
from hanse.apps.loaders import read_loaders
from hanse.apps.making import (
    load_asgi,
    make_federation,
    make_mirror,
    make_publisher,
    own_url,
    server_addresses,
)
from hanse.apps.own import answer_first
from hanse.apps.project import Project, open_project
from hanse.apps.requests import raw_path
from hanse.apps.sheets import Sheets
from hanse.apps.showing import Showing
from hanse.apps.statics import StaticFile, read_static
from hanse.errors import UsageError
from hanse.limits import LIMITS, Limits
from hanse.web.options import PageOptions
from hanse.web.starlette import HanseMiddleware

__all__ = ["App"]

# What other apps' servers are given, with proof.
PUBLISHED: Final = ("/_hanse/server-entry.json", "/_hanse/stream")
# Seconds for which an app that is down is left alone, at first and at most: visitors see when it is back.
ASIDE: Final = 1.0
ASIDE_MOST: Final = 8.0


class App:
    """An app in production or in development; serve it with any ASGI server.

    Args:
        project: The app's folder, read with its environment, and built.
        development: Whether pages are told of builds, and say what is wrong.
        limits: The caps.

    Raises:
        HanseError: Keys or a build are missing, or the app's Python cannot be imported.
    """

    def __init__(self, project: Project, *, development: bool = False, limits: Limits = LIMITS) -> None:
        self.project = project
        limits = replace(
            limits,
            breaker_open=min(limits.breaker_open, ASIDE),
            breaker_open_most=min(limits.breaker_open_most, ASIDE_MOST),
            build_interval=min(limits.build_interval, ASIDE),
            build_interval_most=min(limits.build_interval_most, ASIDE_MOST),
        )
        self.files: dict[str, StaticFile] = read_static(project.folder / BROWSER)
        if ENTRY not in self.files:
            raise UsageError("this app is not built", subject=str(project.folder), hint="run `hanse build`")
        self.federation = make_federation(project, limits, development=development)
        self._publisher = make_publisher(project, limits)
        self._mirror = make_mirror(project, limits)
        self._keep(self.files)
        self.desk = Desk(
            project.name,
            read_loaders(project),
            servers=server_addresses(project),
            passing=Passing(
                frozenset(map(str.lower, project.own.app.headers)), frozenset(project.own.app.cookies)
            ),
            limits=limits,
        )
        self._own = load_asgi(project)
        self._directory = Directory(project, self.federation)
        self._life = Life(project.name, self.federation, self._own, closing=self._close)
        sheets = Sheets(own_url(project), self.files, self._mirror)
        self._showing = Showing(project.name, self._directory, self.desk, sheets=sheets, limits=limits)
        self._endpoints = Endpoints(
            project.name,
            self.files,
            federation=self.federation,
            directory=self._directory,
            desk=self.desk,
            mirror=self._mirror,
            showing=self._showing,
            ready=self._life.is_ready,
            types=project.folder / ".hanse" / "types.json" if development else None,
            limits=limits,
        )
        self._pages = HanseMiddleware(
            self._answer_page, self.federation, options=PageOptions(development=development)
        )

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
        answer = self._endpoints.find(scope["path"], scope["method"]) if scope["type"] == "http" else None
        if answer is None:
            await self._pages(scope, receive, send)
            return
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    @property
    def name(self) -> str:
        """What the app is called among remotes."""
        return self.project.name

    @property
    def port(self) -> int:
        """The port that its URL names.

        Raises:
            UsageError: It names none.
        """
        url = self.project.own.app.url
        found = urlsplit(url).port
        if found is None:
            raise UsageError("the app's URL names no port", subject=url, hint="name one with --port")
        return found

    @property
    def conflicts(self) -> tuple[str, ...]:
        """A sentence for each page that another one hides."""
        return tuple(map(str, self._directory.table.conflicts))

    async def renew(self, project: Project) -> None:
        """Go on with what was built anew, and with the Python beside pages as it is now.

        Raises:
            HanseError: Something in it does not fit, or cannot be imported.
        """
        loaders = read_loaders(project)
        files = read_static(project.folder / BROWSER)
        self._keep(files)
        self.files.clear()
        self.files.update(files)
        self.desk.renew(loaders)
        self.project = project
        await self._publisher.refresh()
        await self.federation.refresh()

    def hang_up(self) -> None:
        """Let nobody wait any more for what comes: the server is about to end."""
        self.federation.hang_up()
        self._publisher.hang_up()

    async def _close(self) -> None:
        """Close what lives as long as the server."""
        await self.desk.aclose()
        await self._mirror.aclose()

    def _keep(self, files: Mapping[str, StaticFile]) -> None:
        """Keep a build for the pages that are open when the next one comes."""
        bodies = {name: file.body for name, file in files.items() if name != ENTRY}
        self._mirror.adopt(files[ENTRY].body, bodies)

    async def _answer_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page, the app's own Python, or that there is neither."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if not await self._life.is_ready():
            await STARTING(scope, receive, send)
            return
        match = self._directory.table.match(raw_path(request))
        if match is None and self._own is not None and await answer_first(self._own, scope, receive, send):
            return
        response = await self._showing.respond(request, match)
        await response(scope, receive, send)
