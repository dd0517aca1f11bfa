"""The demo: two remotes on two ports, and on a third one page that Hanse makes of them.

Run as `python -m examples.basic.serve`; with `--check` it drives the page in Chromium, says what it saw, and
ends. The remotes have to be built: `python -m scripts.build_examples`.
"""

from __future__ import annotations

import secrets
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import jinja2
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from examples.basic.remotes import REMOTES, build_app, serve_app
from hanse.federation import Federation, Preload
from hanse.html import inline_json
from hanse.web import create_app

__all__ = ["build_page_app", "serve_demo"]

PORT = 4200
# What the page shows: a remote, and the module of it.
SHOWN = (("team/catalog", "./ProductList"), ("team/basket", "./Basket"))
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
)


def build_page_app(federation: Federation) -> Starlette:
    """Return the site: its one page, and Hanse's own under `/_hanse/`."""

    def show(_: Request) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        page = render(federation, nonce)
        return HTMLResponse(
            page, headers={"content-security-policy": policy(nonce), "cache-control": "no-store"}
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with federation:
            yield

    routes = [Route("/", show), Mount("/_hanse", create_app(federation))]
    return Starlette(routes=routes, lifespan=lifespan)


def render(federation: Federation, nonce: str) -> str:
    """Render the page, with the import map of this moment in it."""
    import_map = Markup(inline_json(federation.snapshot.import_map_json))
    template = TEMPLATES.get_template("page.html")
    return template.render(nonce=nonce, import_map=import_map, preloads=list_preloads(federation))


def list_preloads(federation: Federation) -> list[Preload]:
    """List the files the page needs at once, each once, so that none of them waits for another."""
    modules = [federation.load_remote_module(remote, key) for remote, key in SHOWN]
    return list(dict.fromkeys(file for module in modules for file in module.preloads))


def policy(nonce: str) -> str:
    """Return the page's content security policy: scripts with the nonce, and what they import."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


@contextmanager
def serve_demo(port: int = PORT) -> Iterator[str]:
    """Serve the remotes and the page while the block runs; yield the page's URL.

    Args:
        port: The page's port; the remotes get those after it. Each moves up where its own is taken.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with ExitStack() as stack:
        manifest = {}
        for number, remote in enumerate(REMOTES, port + 1):
            url = stack.enter_context(serve_app(build_app(remote), number))
            manifest[remote.name] = f"{url}remoteEntry.json"
            print(f"demo: {remote.name} is served on {url}", flush=True)
        app = build_page_app(Federation(manifest))
        yield stack.enter_context(serve_app(app, port))


def check(url: str) -> bool:
    """Drive the page in Chromium and print what was seen; tell whether it was what it should be."""
    from playwright.sync_api import Error

    from examples.basic.visit import visit
    from scripts.find_chromium import MISSING, ensure_chromium

    chromium = ensure_chromium()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return False
    print(f"demo: driving it with {chromium}", flush=True)
    held = True
    try:
        for sight in visit(url, chromium=chromium):
            print(f"  {'ok ' if sight.held else 'NOT'} {sight.claim}: {sight.seen}", flush=True)
            held = held and sight.held
    except Error as error:
        print(f"  NOT {error.message}", flush=True)
        held = False
    print("demo: all as it should be" if held else "demo: something is not as it should be", flush=True)
    return held


def end(*_: object) -> None:
    """End at SIGTERM as at Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Serve the demo until Ctrl-C; with `--check`, until it has been looked at."""
    signal.signal(signal.SIGTERM, end)
    try:
        with serve_demo() as url:
            print(f"demo: open {url}", flush=True)
            print(f"demo: {url}_hanse/ shows what Hanse decided, and why", flush=True)
            if "--check" in sys.argv[1:]:
                return 0 if check(url) else 1
            print("demo: Ctrl-C ends it", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("demo: ended", flush=True)
    except (OSError, RuntimeError, TimeoutError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
