"""Two containers of Module Federation and a native remote, and one page that Hanse makes of them.

Run as `python -m examples.containers.serve`; with `--check` it drives the page in Chromium, says what it saw,
and ends. The remotes have to be built: `make examples`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from examples.basic.remotes import serve_app
from examples.basic.serve import stay
from examples.containers.remotes import serve_remotes, serve_servers
from hanse import Federation
from hanse.web.starlette import HanseMiddleware, hanse_page, install

__all__ = ["build_page_app", "describe_remotes", "serve_demo"]

PORT = 4300

templates = Jinja2Templates(Path(__file__).parent)
install(templates)


def show(request: Request) -> Response:
    """Show the page, under a policy of its own; it has the nonce that Hanse made for this response."""
    headers = {"content-security-policy": policy(hanse_page(request).nonce), "cache-control": "no-store"}
    return templates.TemplateResponse(request, "page.html", headers=headers)


def policy(nonce: str) -> str:
    """Return the page's content security policy: scripts and styles with the nonce, and what scripts load."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types hanse hanse-containers ferry"
    )


def build_page_app(federation: Federation) -> Starlette:
    """Return the site: its one page, and Hanse's own under `/_hanse/`."""
    return Starlette(
        routes=[Route("/", show)], middleware=[Middleware(HanseMiddleware, federation=federation)]
    )


def describe_remotes(
    entries: dict[str, str], servers: Mapping[str, str] = MappingProxyType({})
) -> dict[str, object]:
    """Return the manifest: a native remote's URL as it is, a container's with type and server build."""
    manifest: dict[str, object] = {}
    for name, url in entries.items():
        container = {"url": url, "type": "mf"}
        if name in servers:
            container["server"] = servers[name]
        manifest[name] = container if url.endswith("mf-manifest.json") else url
    return manifest


@contextmanager
def serve_demo(port: int = PORT) -> Iterator[str]:
    """Serve the remotes and the page while the block runs; yield the page's URL.

    Args:
        port: The page's port; the remotes get those after it. Each moves up where its own is taken.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_remotes(port + 1) as entries, serve_servers(port + 11) as servers:
        for name, url in entries.items():
            print(f"containers: {name} is served on {url}", flush=True)
        federation = Federation(describe_remotes(entries, servers))
        with serve_app(build_page_app(federation), port) as url:
            yield url


if __name__ == "__main__":
    sys.exit(stay("containers", serve_demo, "examples.containers.visit"))
