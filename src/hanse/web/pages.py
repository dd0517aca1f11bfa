"""The page, made from its templates, and the files beside it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import jinja2

from hanse.federation.snapshot import Snapshot
from hanse.limits import LIMITS, Limits
from hanse.web.client import load_client
from hanse.web.overview import overview
from hanse.web.replies import strong_etag
from hanse.web.server_rows import NO_SERVERS, Servers

__all__ = ["MEDIA_TYPES", "Asset", "load_assets", "load_templates", "render_page"]

MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages refer to; what has its digest in its name never changes."""

    body: bytes
    media_type: str
    etag: str
    immutable: bool = False


def load_assets() -> dict[str, Asset]:
    """Read every file of `static/`, and es-module-shims: name -> asset. Nothing else is served there."""
    assets = {}
    for file in files("hanse.web").joinpath("static").iterdir():
        media_type = MEDIA_TYPES.get(file.name.rpartition(".")[2])
        if media_type is not None:
            body = file.read_bytes()
            assets[file.name] = Asset(body, media_type, strong_etag(body))
    if (shims := load_client().shims) is not None:
        etag = strong_etag(shims.body)
        assets[shims.name] = Asset(shims.body, MEDIA_TYPES["js"], etag, immutable=True)
    return assets


def load_templates() -> jinja2.Environment:
    """Return the templates: everything is escaped, and a name that does not exist is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hanse.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render_page(
    templates: jinja2.Environment,
    snapshot: Snapshot | None,
    *,
    now: float,
    search: str = "",
    limits: Limits = LIMITS,
    servers: Servers = NO_SERVERS,
) -> bytes:
    """Render the page of a snapshot, or the one that says there is none yet.

    Args:
        templates: What `load_templates` returned.
        snapshot: What is shown.
        now: Unix time in seconds.
        search: Only what has this text in its name; empty for all.
        limits: The caps on rows and names.
        servers: What there is to say of the server side.
    """
    view = (
        None
        if snapshot is None
        else overview(snapshot, now=now, search=search, limits=limits, servers=servers)
    )
    title = "No snapshot yet" if view is None else f"The federation is {view.state}"
    return templates.get_template("federation.html").render(view=view, title=title).encode()
