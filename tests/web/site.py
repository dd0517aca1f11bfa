"""A federation of small remotes, and a client that asks the app which serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from hanse import Federation
from hanse.limits import LIMITS, Limits
from hanse.web import create_app
from tests.federation.towns import Towns, entry, serve_towns, share
from tests.net.upstream import Handler

__all__ = ["Site", "ask", "open_hostile_site", "open_site"]


@dataclass(frozen=True)
class Site:
    """Remotes, their federation, and a client of the app."""

    towns: Towns
    federation: Federation
    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(
            path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    async def sample(self, line: str) -> float | None:
        """Return the value of a metric, by its name and labels as they are written."""
        text = (await self.get("/metrics")).text
        return next(
            (float(row.rpartition(" ")[2]) for row in text.splitlines() if row.startswith(line + " ")), None
        )


@asynccontextmanager
async def ask(federation: Federation, *, limits: Limits = LIMITS) -> AsyncIterator[httpx2.AsyncClient]:
    """Make a client of the app that serves a federation."""
    transport = httpx2.ASGITransport(app=create_app(federation, limits=limits), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hanse.example") as client:
        yield client


@asynccontextmanager
async def open_site(
    limits: Limits = LIMITS, fetching: Limits = LIMITS, /, **remotes: Handler | bytes
) -> AsyncIterator[Site]:
    """Serve remotes, start their federation, and make a client of the app.

    Args:
        limits: Those of the app.
        fetching: Those of the federation.
        remotes: What answers for each remote's entry.
    """
    async with (
        serve_towns(**remotes) as towns,
        towns.federation(limits=fetching) as federation,
        ask(federation, limits=limits) as client,
    ):
        yield Site(towns, federation, client)


@asynccontextmanager
async def open_hostile_site(name: str) -> AsyncIterator[Site]:
    """Open a site with one more remote, whose name, packages and versions are what somebody made of them."""
    twisted = f"{name}\u2028\u202e"
    hostile = entry(
        name,
        share(name, "1.0.0", requiredVersion=twisted, outFileName="x.js"),
        share(f"{name}-private", twisted, singleton=False, outFileName="y.js"),
        share(f"{name}-scoped", "1.0.0", shareScope=name, outFileName="z.js"),
    )
    async with serve_towns(home=entry("home"), hostile=hostile) as towns:
        towns.list("home", **{name: towns.url("hostile")})
        async with towns.federation() as federation, ask(federation) as client:
            yield Site(towns, federation, client)
