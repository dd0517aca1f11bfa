"""The routes of an app, and those of all apps as each of them sees them: its own, then in declared order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.apps.patterns import Params, Pattern, parse_pattern, split_path

__all__ = ["Conflict", "Match", "Route", "RouteTable", "make_table", "read_route"]

NOTHING: Final[Params] = {}


@dataclass(frozen=True, slots=True)
class Route:
    """A page: whose it is, where it is, and which exposed module shows it.

    Attributes:
        app: The app that owns it.
        pattern: Its path.
        key: The exposed module: `./pages/shop/index`.
        loader: Whether data is loaded for it.
    """

    app: str
    pattern: Pattern
    key: str
    loader: bool = False

    @property
    def specifier(self) -> str:
        """What the browser imports."""
        return f"{self.app}/{self.key.removeprefix('./')}"


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what of the path filled its holes."""

    route: Route
    params: Params


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two apps that have the same paths: whose page is shown, and whose is not."""

    shown: Route
    hidden: Route

    def __str__(self) -> str:
        return (
            f"{self.shown.pattern.text} is a page of {self.shown.app} and of {self.hidden.app}: "
            f"{self.shown.app}'s is shown"
        )


class RouteTable:
    """All routes that an app shows, in the order in which they are tried.

    A path goes to the pattern that says most about it, whoever owns that: words before holes, holes before
    what takes all that is left. Where two apps have patterns that the
    same paths fit, the earlier app's is shown.

    Args:
        routes: The routes, none of which hides another.
        conflicts: What was left out, and why.
    """

    def __init__(self, routes: Iterable[Route], conflicts: Sequence[Conflict] = ()) -> None:
        self.routes = tuple(sorted(routes, key=lambda route: route.pattern.order))
        self.conflicts = tuple(conflicts)
        self._plain: Mapping[tuple[str, ...], Route] = {
            tuple(one.word for one in route.pattern.segments): route
            for route in self.routes
            if not any(one.name for one in route.pattern.segments)
        }
        self._holed = tuple(route for route in self.routes if any(one.name for one in route.pattern.segments))

    def match(self, path: str) -> Match | None:
        """Find the page of a URL's path, percent-encoded as it stands in the URL; None if there is none."""
        segments = split_path(path)
        if segments is None:
            return None
        plain = self._plain.get(segments)
        if plain is not None:
            return Match(plain, NOTHING)
        for route in self._holed:
            params = route.pattern.match(segments)
            if params is not None:
                return Match(route, params)
        return None


def make_table(apps: Iterable[Iterable[Route]]) -> RouteTable:
    """Merge the routes of apps, the most important first, and note what hides what."""
    shown: dict[tuple[str, ...], Route] = {}
    conflicts = []
    for routes in apps:
        for route in routes:
            other = shown.setdefault(route.pattern.shape, route)
            if other is not route:
                conflicts.append(Conflict(other, route))
    return RouteTable(shown.values(), conflicts)


def read_route(app: str, path: str, key: str, *, loader: bool, subject: str = "") -> Route:
    """Return the route that a document tells of.

    Raises:
        FormatError: Its path is none.
    """
    return Route(app, parse_pattern(path, subject=subject), key, loader)
