"""Builds of real toolchains, pulled over HTTP and put into generations, render in every engine with hooks."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from hanse.engines import EngineLimits, Generation, Realm, RenderCall, Source
from hanse.engines.base import JSON
from hanse.errors import EngineError
from hanse.federation.delegate_modules import read_delegate
from hanse.federation.generation_next import read_stand_in
from hanse.federation.generations import Assembly, Member, assemble
from hanse.formats.remote_entry import decode_remote_entry
from hanse.stream.import_container import import_container
from hanse.stream.import_native import import_native
from tests.engines.conftest import Open
from tests.engines.pulling import BUILDS, Site, host, serve, web

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(open=60.0, call=30.0)
CRANE = "<p>load of 4<!--$--><em>salt from Lüneburg</em><!--/$--></p>"


async def pull(name: str, path: str) -> Member:
    """Pull a container."""
    with serve(BUILDS[name]) as site:
        async with web(site) as client:
            found = await import_container(site.origin + path, client, name=name)
    return Member(name=name, build=found.build)


async def pull_native(name: str) -> Member:
    """Pull a native remote."""
    entry = decode_remote_entry((BUILDS[name] / "remoteEntry.json").read_bytes(), subject=name)
    with serve(BUILDS[name]) as site:
        async with web(site) as client:
            found = await import_native(entry, f"{site.origin}/remoteEntry.json", client, name=name)
    return Member(name=name, build=found.build)


async def render(realm: Realm, module: str, **props: JSON) -> str:
    """Render a module with the host's adapter."""
    return (await realm.render(RenderCall(module=module, props=props, adapter="town/adapter.js"))).html


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("quay", "/remoteEntry.js"),
        ("quay", "/mf-manifest.json"),
        ("wharf", "/remoteEntry.js"),
        ("jetty", "/remoteEntry.js"),
        ("dock", "/entry/remoteEntry.js"),
        ("dock", "/mf-manifest.json"),
        ("my-berth", "/remoteEntry.js"),
        ("my-berth", "/mf-manifest.json"),
    ],
)
async def test_containers_of_webpack(open_realm: Open, name: str, path: str) -> None:
    found = assemble([host(), await pull(name, path)])
    assert found.findings == ()
    realm = await open_realm(found.generation, LIMITS)
    html = await render(realm, f"{name}/Crane", load=4)
    assert "crane lifts 8" in html
    assert "deep" in html
    assert CRANE in html
    assert await render(realm, f"{name}/./Crane", load=4) == html
    call = RenderCall(module=f"{name}/Crane", props={"load": 4}, adapter="town/adapter.js")
    used = (await realm.render(call)).modules
    assert "town/react.cjs" in used
    assert not [one for one in used if "node_modules_react" in one or "/540." in one]


async def test_a_container_of_rspack_shares_the_react_of_its_host(open_realm: Open) -> None:
    found = assemble([host(), await pull("ferry", "/mf-manifest.json")])
    assert found.findings == ()
    realm = await open_realm(found.generation, LIMITS)
    html = await render(realm, "ferry/Ticket")
    assert 'data-testid="ticket">1<!-- --> × <!-- -->3' in html
    assert "One more" in html


@pytest.mark.parametrize(
    ("name", "module", "text"),
    [("harbour", "Quay", "The fare is"), ("catalog", "ProductList", "Baltic amber")],
)
async def test_native_remotes(open_realm: Open, name: str, module: str, text: str) -> None:
    found = assemble([host(), await pull_native(name)])
    assert found.findings == ()
    assert found.plan.notices == ()
    realm = await open_realm(found.generation, LIMITS)
    html = await render(realm, f"{name}/{module}")
    assert text in html
    assert await render(realm, f"{name}/./{module}") == html


async def test_one_generation_of_many_remotes_has_one_react(open_realm: Open) -> None:
    members = [
        host(),
        await pull_native("harbour"),
        await pull("quay", "/remoteEntry.js"),
        await pull("ferry", "/mf-manifest.json"),
    ]
    found = assemble(members)
    realm = await open_realm(found.generation, LIMITS)
    for module in ("harbour/Quay", "quay/Crane", "ferry/Ticket"):
        call = RenderCall(module=module, adapter="town/adapter.js")
        used = (await realm.render(call)).modules
        assert "town/react.cjs" in used
        assert not [one for one in used if "react" in one and not one.startswith(("town/", "hanse%3A/"))]


async def pull_next(open_realm: Open) -> Realm:
    found = assemble([host(), await pull("next", "/static/ssr/mf-manifest.json")])
    assert {one.specifier for one in found.findings} == {"stream", "zlib"}
    return await open_realm(found.generation, LIMITS)


async def test_a_next_application_takes_its_hosts_react(open_realm: Open) -> None:
    realm = await pull_next(open_realm)
    assert await render(realm, "next/Seal", owner="Hanse") == '<p id="_R_0_">sealed by <!-- -->Hanse</p>'


async def test_components_of_next_with_links_render_without_its_server(open_realm: Open) -> None:
    realm = await pull_next(open_realm)
    html = await render(realm, "next/Notice", owner="Hanse")
    assert 'sealed by <!-- -->Hanse</p> <a href="/guild">see there</a>' in html


async def test_next_heads_images_and_what_is_loaded_later_render_as_browsers_show_them_first(
    open_realm: Open,
) -> None:
    realm = await pull_next(open_realm)
    html = await render(realm, "next/Poster", owner="Hanse")
    assert "sealed by <!-- -->Hanse" in html
    assert 'alt="a seal"' in html
    assert "/_next/image?url=%2Fseal.png" in html
    assert "<i>soon</i>" in html
    assert "<title>" not in html
    assert "never" not in html


async def test_a_component_that_needs_the_router_of_next_says_so(open_realm: Open) -> None:
    realm = await pull_next(open_realm)
    with pytest.raises(EngineError, match="NextRouter was not mounted"):
        await render(realm, "next/Way")


async def test_what_else_the_server_of_next_has_is_named(open_realm: Open) -> None:
    page = (
        "import { vendored } from 'next-server';"
        "export const render = () => { vendored.contexts.HtmlContext; return '' };"
    )
    generation = Generation(
        id="next",
        modules={
            "town/react.js": Source(text="exports.createContext = () => ({});", remote="town", format="cjs"),
            "next/page.js": Source(text=page, remote="next"),
            "next/next.js": Source(text=read_stand_in(), remote="next", format="cjs"),
        },
        imports={"react": "town/react.js", "next-server": "next/next.js"},
    )
    realm = await open_realm(generation, LIMITS)
    with pytest.raises(EngineError, match=r"contexts\.HtmlContext is a part of Next\.js's own"):
        await realm.render(RenderCall(module="next/page.js"))


def point_to(site: Site, body: bytes) -> bytes:
    """Put the address of a site where a build has that of no host."""
    return body.replace(b"http://quay.invalid", site.origin.encode())


async def pull_consumer(name: str) -> Assembly:
    """Pull a remote that consumes another one on the server."""
    with ExitStack() as stack:
        quay = stack.enter_context(serve(BUILDS["quay"]))
        consumer = stack.enter_context(serve(BUILDS[name], change=partial(point_to, quay)))
        async with web(quay, consumer) as client:
            found = await import_container(f"{consumer.origin}/remoteEntry.js", client, name=name)
    assert found.findings == ()
    inner = [Member(name=inner, build=build, consumer=name) for inner, build in found.nested.items()]
    return assemble([host(), Member(name=name, build=found.build), *inner])


@pytest.mark.parametrize("name", ["pier", "causeway"], ids=["by its script", "by its manifest"])
async def test_a_remote_that_consumes_another_one_on_the_server(open_realm: Open, name: str) -> None:
    found = await pull_consumer(name)
    assert set(found.generation.containers) == {name, "quay"}
    realm = await open_realm(found.generation, LIMITS)
    html = await render(realm, f"{name}/Harbour", load=4)
    assert html.startswith("<main><h1>harbour</h1><section>")
    assert CRANE in html


LABEL = "export const label = (key) => ({ 'data-key': key });\n"
DELEGATE = """
const { createElement: h } = require('react');
module.exports = import('quay/Crane').then((crane) => ({
  init: async (scope) => { if (typeof scope.react !== 'object') throw new Error('no scope'); },
  get: async (key) => () => ({ default: (props) => h('div', { 'data-key': key }, h(crane.default, props)) }),
}));
"""
MODERN = """
import { createElement as h } from 'react';
import { label } from './lib/label.js';
const crane = require('quay/Crane');
export default Promise.resolve({
  init: async () => {},
  get: async (key) => () => ({ default: (props) => h('div', label(key), h(crane.default, props)) }),
});
"""


@pytest.mark.parametrize("text", [DELEGATE, MODERN], ids=["commonjs", "module"])
async def test_delegates_connect_to_other_remotes(open_realm: Open, tmp_path: Path, text: str) -> None:
    (tmp_path / "delegates" / "lib").mkdir(parents=True)
    (tmp_path / "delegates" / "shop.js").write_text(text)
    (tmp_path / "delegates" / "lib" / "label.js").write_text(LABEL)
    delegate = await read_delegate("./delegates/shop.js", tmp_path, name="shop")
    found = assemble([host(), await pull("quay", "/remoteEntry.js"), delegate], wanted=["shop/Crane"])
    assert found.findings == ()
    realm = await open_realm(found.generation, LIMITS)
    html = await render(realm, "shop/Crane", load=4)
    assert html.startswith('<div data-key="./Crane"><section>')
    assert CRANE in html
