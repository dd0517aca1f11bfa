"""The demo: four remotes on a port each, and on another one page that Hanse makes of them.

Run as `python -m examples.basic.serve`; with `--check` it drives the page in Chromium, says what it saw, and
ends. The remotes have to be built: `python -m scripts.build_examples`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from examples.basic.remotes import GUESTS, REMOTES, build_app, serve_app, wait_for_signal
from hanse import Federation
from hanse.web.starlette import HanseMiddleware, hanse_page, install

__all__ = ["build_page_app", "serve_demo", "stay"]

PORT = 4200
GUIDE = "examples.basic.visit"
SETTINGS = Path(__file__).with_name("hanse.toml")
HINTS = (
    "its source has the news as HTML: they were rendered on the server; try it without JavaScript",
    "the minstrel is a stranger: his code ran in WebAssembly, and his scripts are gone from the page",
)

templates = Jinja2Templates(Path(__file__).parent)
install(templates)


async def show(request: Request) -> Response:
    """Show the page, under a policy of its own; it has the nonce that Hanse made for this response."""
    page = hanse_page(request)
    news, ballad = await asyncio.gather(
        page.render("team/crier", "./News", {"town": "Lübeck"}),
        page.render("guest/minstrel", "./Ballad", {"singer": "Walther"}),
    )
    headers = {"content-security-policy": policy(page.nonce), "cache-control": "no-store"}
    fragments = {"news": news, "ballad": ballad}
    return templates.TemplateResponse(request, "page.html", fragments, headers=headers)


def build_page_app(federation: Federation) -> Starlette:
    """Return the site: its one page, and Hanse's own under `/_hanse/`."""
    return Starlette(
        routes=[Route("/", show)], middleware=[Middleware(HanseMiddleware, federation=federation)]
    )


def policy(nonce: str) -> str:
    """Return the page's content security policy: scripts with the nonce, and what they import."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
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
        addresses = {}
        for number, remote in enumerate((*REMOTES, *GUESTS), port + 1):
            url = stack.enter_context(serve_app(build_app(remote), number))
            addresses[remote.folder.parent.name.upper()] = f"{url}remoteEntry.json"
            print(f"demo: {remote.name} is served on {url}", flush=True)
        app = build_page_app(Federation.from_toml(SETTINGS, environ=addresses))
        yield stack.enter_context(serve_app(app, port))


def check(url: str, label: str = "demo", guide: str = GUIDE) -> bool:
    """Drive the page in Chromium and print what was seen; tell whether it was what it should be.

    Args:
        url: The page's.
        label: What stands before what is said of the whole.
        guide: The module that says what is to be seen there.
    """
    from playwright.sync_api import Error

    from scripts.find_chromium import MISSING, ensure_chromium

    visit = import_module(guide).visit
    chromium = ensure_chromium()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return False
    print(f"{label}: driving it with {chromium}", flush=True)
    held = True
    try:
        for sight in visit(url, chromium=chromium):
            print(f"  {'ok ' if sight.held else 'NOT'} {sight.claim}: {sight.seen}", flush=True)
            held = held and sight.held
    except Error as error:
        print(f"  NOT {error.message}", flush=True)
        held = False
    print(f"{label}: {'all' if held else 'something is not'} as it should be", flush=True)
    return held


def end(*_: object) -> None:
    """End at SIGTERM as at Ctrl-C."""
    raise KeyboardInterrupt


def stay(
    label: str,
    serve: Callable[[], AbstractContextManager[str]],
    guide: str = GUIDE,
    hints: Iterable[str] = (),
) -> int:
    """Serve a site until Ctrl-C; with `--check`, until it has been looked at; return the exit status.

    Args:
        label: What stands before each line that is printed.
        serve: Serves the site while its block runs, and yields its URL.
        guide: The module that says what is to be seen there.
        hints: What a visitor might look for.
    """
    signal.signal(signal.SIGTERM, end)
    try:
        with serve() as url:
            print(f"{label}: open {url}", flush=True)
            for hint in hints:
                print(f"{label}: {hint}", flush=True)
            print(f"{label}: {url}_hanse/ shows what Hanse decided, and why", flush=True)
            if "--check" in sys.argv[1:]:
                return 0 if check(url, label, guide) else 1
            print(f"{label}: Ctrl-C ends it", flush=True)
            wait_for_signal()
    except KeyboardInterrupt:
        print(f"{label}: ended", flush=True)
    except (OSError, RuntimeError, TimeoutError) as error:
        print(f"{label}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(stay("demo", serve_demo, hints=HINTS))
