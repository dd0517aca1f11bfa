"""A site whose fragments are rendered on the server and hydrated, with remotes at another origin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from examples.basic.remotes import serve_app
from hanse import Federation
from hanse.formats.import_map import parse_import_map
from hanse.graph import SOME_PAGE
from hanse.render.hydration import hydration_urls
from hanse.web import Page
from hanse.web.starlette import HanseMiddleware, hanse_page
from tests.render.houses import CARD, open_stage

__all__ = ["Quay", "open_quay"]

DIST = Path(__file__).resolve().parents[2] / "examples" / "basic" / "catalog" / "dist"
COUNTED = "import * as R from 'react'; (globalThis.reacts ??= new Set()).add(R.useState);\n" + CARD
DIFFERS = """
import { createElement as h } from 'react';
export default () => h('b', null, globalThis.document ? 'browser' : 'server');
"""
THROWS = """
import { createElement as h } from 'react';
export default () => {
  if (globalThis.document) throw new Error('not in browsers');
  return h('b', null, 'server');
};
"""
LATE = """
import { Suspense, createElement as h, lazy, useState } from 'react';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const Slow = lazy(() => wait(150).then(() => ({ default: () => h('b', null, 'late') })));
export default () => {
  const [count, set] = useState(0);
  return h('main', null, h('button', { onClick: () => set(count + 1) }, count),
    h(Suspense, { fallback: h('i', null, 'waiting') }, h(Slow)));
};
"""
OWN = """
export const render = ({ name }) => `<b>${name}</b>`;
export const hydrate = (element, { name }, { identifierPrefix }) => {
  element.firstChild.textContent = `${name} lives as ${identifierPrefix}`;
};
"""
MOUNTS = """
export const render = ({ name }) => `<b>${name}</b>`;
export const mount = (element, { name }) => element.append(`${name} is mounted`);
"""
STILL = "export const render = ({ name }) => `<b>${name}</b>`;"
BREAKS = """
export const render = () => '<b>server</b>';
export const hydrate = () => { throw new Error('no hands'); };
"""
MODULES: Final = {
    "shop__Card": COUNTED,
    "mfe1__Card": COUNTED,
    "odd__Card": COUNTED,
    "shop__Differs": DIFFERS,
    "shop__Throws": THROWS,
    "shop__Late": LATE,
    "plain__Own": OWN,
    "plain__Mounts": MOUNTS,
    "plain__Still": STILL,
    "plain__Breaks": BREAKS,
}
REACT: Final = ("react", "react/jsx-runtime", "react-dom", "react-dom/client")


@dataclass
class Quay:
    """The site.

    Attributes:
        url: Where it is.
        remotes: Where the remotes are.
        hostile: What the untrusted remote writes, a fragment each.
    """

    url: str
    remotes: str
    hostile: Sequence[str] = ()


def answer_remote(request: Request) -> Response:
    """Answer for a remote: its entry, its modules, and its copy of React."""
    remote, file = request.path_params["remote"], request.path_params["file"]
    cors = {"access-control-allow-origin": "*"}
    if file == "remoteEntry.json":
        return JSONResponse(entry_of(remote), headers=cors)
    text = MODULES.get(f"{remote}__{file.removesuffix('.js')}")
    if text is None:
        text = (DIST / file).read_text()
    return Response(text, media_type="text/javascript", headers=cors)


def entry_of(remote: str) -> dict[str, object]:
    """Return a remote's entry; that of `odd` insists on a version of React that nobody else has."""
    keys = [name.partition("__")[2] for name in MODULES if name.startswith(f"{remote}__")]
    files = {file.name.split(".")[0].replace("_", "-"): file.name for file in DIST.glob("react*.js")}
    names = {"react": "react", "react-dom": "react-dom", "react/jsx-runtime": "react-jsx-runtime"}
    version = "18.3.1" if remote == "odd" else "19.2.9"
    shared = [
        {
            "packageName": name,
            "outFileName": files[names.get(name, "react-dom-client")],
            "version": version,
            "requiredVersion": f"^{version}",
            "singleton": True,
            "strictVersion": True,
        }
        for name in REACT
    ]
    inner: dict[str, object] = {
        "packageName": "@nf-internal/chunk-76NKDFXR",
        "outFileName": "chunk-76NKDFXR.js",
    }
    inner |= {"version": "0.0.0", "requiredVersion": "0.0.0"}
    inner |= {"singleton": False, "strictVersion": False}
    return {
        "name": remote,
        "exposes": [{"key": f"./{key}", "outFileName": f"{key}.js"} for key in keys],
        "shared": [*shared, {**inner, "singleton": False, "strictVersion": False}]
        if remote != "plain"
        else [],
    }


def document(head: object, body: object) -> Response:
    icon = '<link rel="icon" href="data:,">'
    return HTMLResponse(f'<!doctype html><head><meta charset="utf-8">{head}{icon}</head><body>{body}</body>')


async def show(request: Request) -> Response:
    """Show the modules that the query names, the head first where it says so."""
    page = hanse_page(request)
    assert isinstance(page, Page)
    early = page.head() if "early" in request.query_params else None
    fragments = []
    for name in request.query_params["show"].split(","):
        remote, _, key = name.partition(".")
        props = {"name": f"{name} </script>'\"&"}
        fragments.append(await page.render(remote, key, props, fallback=f"no {name}"))
    head = page.head() if early is None else early
    return document(head, "".join(map(str, fragments)))


async def stream(request: Request) -> Response:
    """Stream a module."""
    page = hanse_page(request)

    async def write() -> AsyncIterator[str]:
        yield f'<!doctype html><meta charset="utf-8">{page.head()}<link rel="icon" href="data:,">'
        async for piece in page.stream("shop", "Late"):
            yield piece
        yield "<p id=end>end</p>"

    return StreamingResponse(write(), media_type="text/html")


def make_site(quay: Quay) -> Starlette:
    """Make the site; its stage is made by hand, over Deno."""
    remotes = ("shop", "mfe1", "odd", "plain")
    manifest = {name: f"{quay.remotes}{name}/remoteEntry.json" for name in remotes}
    federation = Federation(manifest, refresh_interval=None, modules="skip")
    hostile = "export const render = ({ html }) => html;"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # Without a server build of its own React the odd one is rendered by that of the others.
        async with open_stage({**MODULES, "stranger__Any": hostile}) as stage:
            snapshot = federation.snapshot
            parsed, _faults = parse_import_map(snapshot.import_map, base=SOME_PAGE)
            for remote, key in stage.parts:
                if remote != "stranger":
                    found = federation.load_remote_module(remote, key)
                    urls = hydration_urls(parsed, found.url) if remote != "plain" else {}
                    stage.change(remote, key, browser=found.specifier, hydration=urls)
            stage.change("stranger", "./Any", trusted=False, browser="stranger/./Any")
            federation.renderer = stage.renderer
            yield

    async def stranger(request: Request) -> Response:
        page = hanse_page(request)
        fragments = [await page.render("stranger", "Any", {"html": html}) for html in quay.hostile]
        body = "".join(f"<main>{fragment}</main><p class=end title=t>end</p>" for fragment in fragments)
        return document(page.head(), body)

    return Starlette(
        routes=[Route("/", show), Route("/stream", stream), Route("/stranger", stranger)],
        middleware=[Middleware(HanseMiddleware, federation=federation)],
        lifespan=lifespan,
    )


@contextmanager
def open_quay() -> Iterator[Quay]:
    """Serve remotes and site while the block runs."""
    remotes = Starlette(routes=[Route("/{remote}/{file}", answer_remote)])
    with serve_app(remotes, 8500) as there:
        quay = Quay("", there)
        with serve_app(make_site(quay), 8510) as here:
            quay.url = here
            yield quay
