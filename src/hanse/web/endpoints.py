"""What each path answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import jinja2
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hanse.federation import Federation, Snapshot
from hanse.formats.manifest import encode_manifest
from hanse.limits import LIMITS, Limits
from hanse.web.deltas import Desk, give_delta
from hanse.web.documents import (
    explain_document,
    graph_document,
    graph_drawing,
    packages_document,
    snapshot_document,
)
from hanse.web.events import give_events
from hanse.web.metrics import Metrics
from hanse.web.pages import MEDIA_TYPES, Asset, load_assets, load_templates, render_page
from hanse.web.replies import PAGE_POLICY, reply, strong_etag
from hanse.web.server_rows import count_servers, read_servers
from hanse.web.shelf import Maker, Shelf

__all__ = ["Site", "make_site", "routes"]

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Site:
    """What the endpoints need: the federation, and what was made of files when the app was."""

    federation: Federation
    metrics: Metrics
    templates: jinja2.Environment
    assets: Mapping[str, Asset]
    shelf: Shelf
    desk: Desk
    limits: Limits


def make_site(federation: Federation, *, limits: Limits = LIMITS) -> Site:
    """Prepare what the endpoints need."""
    return Site(
        federation=federation,
        metrics=Metrics(federation, limits=limits),
        templates=load_templates(),
        assets=load_assets(),
        shelf=Shelf(),
        desk=Desk(limits),
        limits=limits,
    )


def routes(site: Site) -> list[Route]:
    """Return every path there is."""
    paths: dict[str, Callable[[Site, Request], Awaitable[Response]]] = {
        "/": show_page,
        "/importmap.json": give_import_map,
        "/manifest.json": give_manifest,
        "/snapshot.json": give_snapshot,
        "/packages.json": give_packages,
        "/explain/{package:path}": give_explanation,
        "/containers.json": give_containers,
        "/graph.svg": give_drawing,
        "/graph.json": give_graph,
        "/healthz": tell_alive,
        "/readyz": tell_ready,
        "/metrics": give_metrics,
        "/static/{name}": give_asset,
        "/facade/{path:path}": give_facade,
    }
    found = [Route(path, partial(endpoint, site)) for path, endpoint in paths.items()]
    delta = partial(give_delta, site.federation, site.desk)
    events = partial(give_events, site.federation, site.limits)
    return [*found, Route("/delta", delta, methods=["GET", "POST"]), Route("/events", events)]


def current(site: Site) -> Snapshot:
    """Return the snapshot that is served.

    Raises:
        HTTPException: There is none yet (503).
    """
    if not site.federation.has_snapshot:
        raise HTTPException(503, "there is no snapshot yet", {"retry-after": "1"})
    return site.federation.snapshot


async def show_page(site: Site, request: Request) -> Response:
    """Show the federation."""
    search = request.query_params.get("q", "")
    snapshot = site.federation.snapshot if site.federation.has_snapshot else None
    page = partial(
        render_page,
        site.templates,
        snapshot,
        now=time.time(),
        search=search,
        limits=site.limits,
        servers=read_servers(site.federation),
    )
    body = await run_in_threadpool(page)
    return reply(request, body, HTML, status=200 if snapshot else 503, policy=PAGE_POLICY)


async def give_import_map(site: Site, request: Request) -> Response:
    """Answer with the finished import map; its tag is the snapshot's digest."""
    snapshot = current(site)
    body = snapshot.import_map_json
    return reply(request, body, "application/importmap+json", etag=snapshot.etag, public=True)


async def give_manifest(site: Site, request: Request) -> Response:
    """Answer with the manifest the snapshot was made of."""
    body = encode_manifest(current(site).manifest)
    return reply(request, body, JSON, etag=strong_etag(body), public=True)


async def give_snapshot(site: Site, request: Request) -> Response:
    """Answer with the snapshot's health; it has ages in it, so no two answers are equal."""
    servers = read_servers(site.federation)
    return reply(request, await run_in_threadpool(snapshot_document, current(site), servers), JSON)


async def give_packages(site: Site, request: Request) -> Response:
    """Answer with every package and its copies."""
    return await shelved(site, request, JSON, packages_document)


async def give_containers(site: Site, request: Request) -> Response:
    """Answer with the containers and what is shared with them, as pages carry it."""
    body = msgspec.json.encode(current(site).containers.document())
    return reply(request, body, JSON, etag=strong_etag(body))


async def give_drawing(site: Site, request: Request) -> Response:
    """Answer with the federation as a drawing."""
    return await shelved(site, request, "image/svg+xml", graph_drawing)


async def give_graph(site: Site, request: Request) -> Response:
    """Answer with the nodes and edges of that drawing."""
    return await shelved(site, request, JSON, graph_document)


async def shelved(site: Site, request: Request, media_type: str, make: Maker) -> Response:
    """Answer with a document that is made once for a plan."""
    made = await site.shelf.take(make, current(site))
    return reply(request, made.body, media_type, etag=made.etag)


async def give_explanation(site: Site, request: Request) -> Response:
    """Answer with what is decided about one package, and why."""
    package = request.path_params["package"]
    body = await run_in_threadpool(explain_document, current(site), package, limits=site.limits)
    return reply(request, body, JSON, etag=strong_etag(body))


async def tell_alive(_: Site, request: Request) -> Response:
    """Say that the process lives."""
    return reply(request, b'{"alive":true}', JSON, cache="no-store")


async def tell_ready(site: Site, request: Request) -> Response:
    """Say which snapshot is served, or 503 where there is none."""
    snapshot = current(site)
    servers = count_servers(read_servers(site.federation))
    body = msgspec.json.encode(
        {"ready": True, "digest": snapshot.digest, "healthy": snapshot.healthy, "servers": servers}
    )
    return reply(request, body, JSON, cache="no-store")


async def give_metrics(site: Site, request: Request) -> Response:
    """Answer with the metrics, in the format that is asked for."""
    expose = partial(site.metrics.expose, request.headers.get("accept", ""))
    body, media_type = await run_in_threadpool(expose)
    return reply(request, body, media_type, cache="no-store")


async def give_asset(site: Site, request: Request) -> Response:
    """Answer with a file that pages refer to."""
    asset = site.assets.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    cache = "public, max-age=31536000, immutable" if asset.immutable else "no-cache"
    return reply(request, asset.body, asset.media_type, etag=asset.etag, cache=cache)


async def give_facade(site: Site, request: Request) -> Response:
    """Answer with the facade of a container's package; its name has the digest of its text."""
    text = site.federation.facade(request.path_params["path"])
    if text is None:
        raise HTTPException(404)
    body = text.encode()
    cache = "public, max-age=31536000, immutable"
    return reply(request, body, MEDIA_TYPES["js"], etag=strong_etag(body), cache=cache, public=True)
