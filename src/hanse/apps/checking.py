"""Whose pages an app hides, or has hidden: told before it is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from hanse.apps.making import routes_of
from hanse.apps.project import Project
from hanse.apps.routes import Route, make_table, read_route
from hanse.federation import Federation
from hanse.federation.server.views import View
from hanse.limits import LIMITS, Limits

__all__ = ["RouteReport", "check_routes"]


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What came of it.

    Attributes:
        routes: How many pages all apps have together.
        conflicts: A sentence for each page that is hidden.
        unseen: The apps whose pages nobody knows, since they cannot be asked.
    """

    routes: int
    conflicts: tuple[str, ...]
    unseen: tuple[str, ...]


async def check_routes(project: Project, *, limits: Limits = LIMITS) -> RouteReport:
    """Put together the routes of an app as it lies in its folder, and of all the others as they are now.

    Raises:
        HanseError: Something that is said about the others does not fit together.
    """
    others = await read_others(project, limits) if project.remotes else {}
    own = [*own_routes(project)]
    found = [own, *(others.get(name, []) for name in project.remotes)]
    table = make_table(found)
    unseen = tuple(name for name in project.remotes if name not in others)
    return RouteReport(sum(map(len, found)), tuple(map(str, table.conflicts)), unseen)


def own_routes(project: Project) -> Iterator[Route]:
    """Yield the routes of the app's own pages."""
    for page in project.pages.routes:
        yield read_route(
            project.name, page.pattern.text, page.key, loader=page.python is not None, subject=page.file
        )


async def read_others(project: Project, limits: Limits) -> dict[str, list[Route]]:
    """Ask the other apps for their pages; those that do not answer are left out."""
    config = msgspec.structs.replace(project.config, modules="skip")
    async with Federation.from_config(config, project.folder, limits=limits) as federation:
        await federation.server_settled()
        stage = federation.renderer.stage()
        entries = {name: stage.entry(name) if isinstance(stage, View) else None for name in project.remotes}
    return {name: [*routes_of(name, entry)] for name, entry in entries.items() if entry is not None}
