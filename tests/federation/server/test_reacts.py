"""Remotes that share no React: each is rendered with its own, and with its own `react-dom/server`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from hanse import Federation
from hanse.stream import Publisher
from tests.federation.server.sites import KEYS, write_server_build
from tests.federation.towns import entry, serve_towns
from tests.house.source import ROOT
from tests.stream.remotes import KEY, PRIVATE, serve, site

pytestmark = pytest.mark.anyio

React: TypeAlias = tuple[dict[str, str], list[dict[str, Any]]]
"""The files of a React, and what the build that has them says of it."""

NEW = ROOT / "examples" / "basic" / "catalog" / "node_modules"
BASKET = ROOT / "examples" / "basic" / "basket" / "node_modules"
OLD = ROOT / "tests" / "toolchains" / "next" / "node_modules"

RENDERING = {
    "dom.cjs": "react-dom/cjs/react-dom.production.js",
    "jsx.cjs": "react/cjs/react-jsx-runtime.production.js",
    "edge.cjs": "react-dom/cjs/react-dom-server.edge.production.js",
}

CARD = """
import { createElement as h, createContext, useContext, useId, useState, version } from 'react';
const Town = createContext('nowhere');
const Inside = () => h('i', { id: useId() }, useContext(Town));
export default ({ name }) => {
  const [count] = useState(7);
  return h(Town.Provider, { value: name }, h('b', null, `${version} ${count}`), h(Inside));
};
"""
EDGE = "exports.renderToReadableStream = require('./edge.cjs').renderToReadableStream;"
LEGACY = "const legacy = require('./legacy.cjs'); exports.renderToString = legacy.renderToString;"


def react(folder: Path, version: str, ending: str, **more: str) -> React:
    """Return the files of a React as a server build has them, and what that build says of them."""
    cjs = {
        "react.cjs": f"react/cjs/react.production{ending}",
        "legacy.cjs": f"react-dom/cjs/react-dom-server-legacy.browser.production{ending}",
        **more,
    }
    files = {name: (folder / file).read_text() for name, file in cjs.items()}
    major = version.partition(".")[0]
    said = {"version": version, "requiredVersion": f"^{major}.0.0", "singleton": True, "strictVersion": True}
    plain = {"react": "react.cjs", **({"react/jsx-runtime": "jsx.cjs"} if "jsx.cjs" in files else {})}
    dom = {"react-dom/server": "server.cjs", **({"react-dom": "dom.cjs"} if "dom.cjs" in files else {})}
    return {**files, "server.cjs": LEGACY + (EDGE if "edge.cjs" in files else "")}, [
        {"packageName": "react", **said, "entries": plain},
        {"packageName": "react-dom", **said, "entries": dom},
    ]


def new_react() -> React:
    return react(NEW, "19.2.9", ".js", **RENDERING)


def old_react() -> React:
    return react(OLD, "18.3.1", ".min.js")


def exactly(
    build: tuple[dict[str, str], list[dict[str, Any]]],
) -> React:
    """Return a build that takes no other version than its own."""
    files, shared = build
    return files, [{**one, "requiredVersion": one["version"]} for one in shared]


@asynccontextmanager
async def open_reacts(
    folder: Path,
    *,
    more: Sequence[str] = (),
    allowed: Sequence[str] = (),
    **remotes: tuple[Mapping[str, str], Any],
) -> AsyncIterator[Federation]:
    """Publish remotes with the React that each has, and start the federation of them.

    Args:
        folder: Where all of it lies.
        more: Lines that are added to its file.
        allowed: Origins that may be asked, too.
        remotes: Their files, and what they share.
    """
    lines = ["[federation]", f'cache_folder = "{folder / "cache"}"', f"allowed_origins = {[*allowed]}"]
    async with AsyncExitStack() as stack:
        towns = await stack.enter_async_context(serve_towns())
        for name, (files, shared) in remotes.items():
            build = folder / name
            write_server_build(build, {"card.js": CARD, **files}, name=name, shared=shared)
            publisher = Publisher.from_folder(
                build, record=folder / f"{name}.record", key=KEY, private_key=PRIVATE
            )
            url = await stack.enter_async_context(serve(site(publisher)))
            towns.put(name, entry(name))
            lines += [f"[remotes.{name}]", f'url = "{towns.url(name)}"', f'server = "{url}"']
            lines += ['key = "env:SHOP_KEY"', 'public_key = "env:SHOP_PUBLIC"']
        toml = folder / "hanse.toml"
        toml.write_text("\n".join([*lines, *more]))
        federation = Federation.from_toml(toml, environ=KEYS, modules="skip")
        yield await stack.enter_async_context(federation)


async def test_two_majors_on_one_page(tmp_path: Path) -> None:
    async with open_reacts(
        tmp_path, catalog=new_react(), kiosk=old_react(), basket=new_react()
    ) as federation:
        scene = federation.renderer.open()
        found = {
            name: await scene.render(name, "./Card", {"name": "Visby"})
            for name in ("catalog", "kiosk", "basket")
        }
        assert [(name, one.message) for name, one in found.items() if one.mode != "server"] == []
        assert found["catalog"].html.startswith("<b>19.2.9 7</b>")
        assert found["kiosk"].html.startswith("<b>18.3.1 7</b>")
        assert found["basket"].html.startswith("<b>19.2.9 7</b>")
        assert all("Visby</i>" in one.html for one in found.values())
        assert {file for file in found["kiosk"].modules if "react" in file} == {"kiosk/react.cjs"}


async def test_two_versions_that_are_asked_for_exactly(tmp_path: Path) -> None:
    newer = react(BASKET, "19.3.1", ".js", **RENDERING)
    catalog, basket = exactly(new_react()), exactly(newer)
    async with open_reacts(tmp_path, catalog=catalog, basket=basket) as federation:
        scene = federation.renderer.open()
        for name, version in (("catalog", "19.2.9"), ("basket", "19.3.1")):
            fragment = await scene.render(name, "./Card", {"name": "Visby"})
            assert fragment.html.startswith(f"<b>{version} 7</b>"), fragment.message
            stream = scene.stream(name, "./Card", {"name": "Visby"})
            assert f"<b>{version} 7</b>" in "".join([piece async for piece in stream])


async def test_a_scoped_react_without_its_renderer_is_left_to_the_browser_and_says_so(tmp_path: Path) -> None:
    files, shared = old_react()
    async with open_reacts(tmp_path, catalog=new_react(), kiosk=(files, shared[:1])) as federation:
        assert (await federation.render("catalog", "./Card")).mode == "server"
        fragment = await federation.render("kiosk", "./Card", {"name": "Visby"})
        assert fragment.mode == "browser"
        assert "react@18.3.1 and react-dom/server@19.2.9, which do not work together" in fragment.message
        assert 'data-hanse-module="kiosk/./Card"' in fragment.markup
