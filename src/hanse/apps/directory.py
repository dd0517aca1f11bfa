"""What an app shows: the routes and modules of all apps, as the builds that are rendered now have them."""

from __future__ import annotations

import logging
from typing import Final

from hanse.apps.making import entry_urls, routes_of
from hanse.apps.project import Project
from hanse.apps.routes import Route, RouteTable, make_table
from hanse.apps.styles import styles_for
from hanse.errors import NotFoundError
from hanse.federation import Federation
from hanse.federation.server.views import View

__all__ = ["Directory"]

LOG: Final = logging.getLogger("hanse.apps")


class Directory:
    """Finds pages, and what they need.

    Args:
        project: The app.
        federation: The federation that it is a part of.
    """

    def __init__(self, project: Project, federation: Federation) -> None:
        self._name = project.name
        self._apps = (project.name, *project.remotes)
        self._bases = entry_urls(project)
        self._federation = federation
        self._table: tuple[View, RouteTable] | None = None

    @property
    def table(self) -> RouteTable:
        """All routes; where two apps have the same, the log says so once for each change.

        Raises:
            NotFoundError: Nothing is rendered yet.
        """
        view = self._view()
        if self._table is not None and self._table[0] is view:
            return self._table[1]
        table = make_table(routes_of(app, view.entry(app)) for app in self._apps)
        for conflict in table.conflicts:
            LOG.warning("%s", conflict)
        self._table = (view, table)
        return table

    @property
    def apps(self) -> tuple[str, ...]:
        """All apps and remotes, this one first."""
        return self._apps

    def loads(self, remote: str, key: str) -> bool:
        """Tell whether data is loaded for an exposed component."""
        entry = self._view().entry(remote)
        return entry is not None and key in entry.loads

    def has(self, key: str) -> bool:
        """Tell whether this app exposes a module."""
        entry = self._view().entry(self._name)
        return entry is not None and key in entry.exposes

    def styles(self, route: Route) -> tuple[str, ...]:
        """Return the style sheets of a page."""
        return styles_for(route.app, route.key, find=self._view().entry, base=self._bases.get)

    def _view(self) -> View:
        stage = self._federation.renderer.stage()
        if not isinstance(stage, View):
            raise NotFoundError("nothing is rendered here")
        return stage
