"""Containers of Module Federation run as they were built: chunks, share scope, what a call uses of them."""

from __future__ import annotations

import re

import pytest

from hanse.engines import ContainerSource, Exposed, Generation, RenderCall, SharedCopy, Source
from hanse.errors import EngineError
from tests.engines.conftest import Open, Promises
from tests.engines.towns import REACT, ferry, generation, modules, react_generation

pytestmark = pytest.mark.anyio

# The shape of what bundlers write, by hand: a runtime that reads chunks, an exposed module, a lazy one.
SCRIPT = """
const modules = {}, cache = {}, installed = {};
const req = (id) => {
  if (cache[id]) return cache[id].exports;
  const module = (cache[id] = { exports: {} });
  modules[id](module, module.exports, req);
  return module.exports;
};
req.d = (exports, getters) => {
  for (const key of Object.keys(getters)) {
    Object.defineProperty(exports, key, { enumerable: true, get: getters[key] });
  }
};
req.u = (id) => `chunk.${id}.js`;
req.e = (id) => (installed[id] ??= LOAD);
const install = (chunk) => { Object.assign(modules, chunk.modules); chunk.runtime?.(req); };
const shared = {};
const container = {
  init: (scope) => { shared.scope = scope; },
  get: (key) => ({
    './Card': () => Promise.all([req.e('card')]).then(() => () => req('card')),
    './Slow': () => Promise.all([req.e('card'), req.e('slow')]).then(() => () => req('slow')),
    './Greeting': () => shared.scope.greeting['1.0.0'].get().then((factory) => () => factory()),
    './Peek': async () => () => ({ peek: (name) => require(name), url: __dirname }),
  })[key](),
};
module.exports.town = container;
"""
BY_FILE = """new Promise((done, fail) => {
  const file = require('path').join(__dirname, req.u(id));
  require('fs').readFile(file, 'utf-8', (error, text) => {
    if (error) return fail(error);
    const chunk = {};
    require('vm').runInThisContext(`(function(exports, require, __dirname, __filename) {${text}\\n})`, file)(
      chunk, require, require('path').dirname(file), file);
    install(chunk);
    done();
  });
})"""
BY_FETCH = """fetch('https://cdn.example/town/build/' + req.u(id)).then(async (answer) => {
  if (!answer.ok) throw new Error(String(answer.status));
  const chunk = {};
  const { Script } = require('vm');
  const text = `(function(exports) {${await answer.text()}\\n})`;
  new Script(text, { filename: req.u(id) }).runInThisContext()(chunk);
  install(chunk);
})"""
CARD = """exports.modules = { card(module, exports, req) {
  req.d(exports, { render: () => render, boom: () => boom });
  const late = () => req.e('late').then(() => req('late'));
  let known;
  const render = async ({ lazy }) => lazy ? (known ??= await late()).text : 'card';
  const boom = () => { throw new Error('boom'); };
} };"""
LATE = "exports.modules = { late(module, exports, req) { req.d(exports, { text: () => 'late' }); } };"
SLOW = "exports.modules = { slow(module, exports, req) { req.d(exports, { render: () => () => 'slow' }); } };"


def town(load: str) -> Generation:
    """Return a generation with the container made above, whose chunks are loaded in one of two ways."""
    texts = {"remoteEntry.js": SCRIPT.replace("LOAD", load), "chunk.card.js": CARD, "chunk.late.js": LATE}
    texts["chunk.slow.js"] = SLOW
    keys = ("Card", "Slow", "Greeting", "Peek")
    files = {f"town/{name}": Source(text=text, remote="town", format="cjs") for name, text in texts.items()}
    host = modules(
        home__a_js="import { boom } from 'town/Card'; import Greeting from 'town/Greeting';\n"
        "export const f = () => boom(); export const g = () => Greeting;",
        home__c_js="export const render = async () => (await import('town/Greeting')).default;",
        home__b_cjs="exports.g = () => require('town/Greeting').default;",
        home__hi_js="export default 'hello'; export const other = 1;",
    )
    return generation(
        {**files, **host},
        imports={f"town/{key}": Exposed("town", f"./{key}") for key in keys},
        containers={"town": ContainerSource(script="town/remoteEntry.js", global_name="town", base="town/")},
        shared=(SharedCopy(package="greeting", version="1.0.0", module="home/hi.js", provider="home"),),
    )


@pytest.mark.parametrize("load", [BY_FILE, BY_FETCH], ids=["file", "fetch"])
async def test_chunks_come_from_the_generation_and_count_where_they_are_used(
    open_realm: Open, load: str
) -> None:
    realm = await open_realm(town(load))
    entry, card, late = "town/remoteEntry.js", "town/chunk.card.js", "town/chunk.late.js"
    for _ in range(2):
        plain = await realm.render(RenderCall(module="town/Card"))
        assert (plain.html, set(plain.modules)) == ("card", {entry, card})
        lazy = await realm.render(RenderCall(module="town/Card", props={"lazy": True}))
        assert (lazy.html, set(lazy.modules)) == ("late", {entry, card, late})
        slow = await realm.render(RenderCall(module="town/Slow"))
        assert (slow.html, set(slow.modules)) == ("slow", {entry, card, "town/chunk.slow.js"})


async def test_every_kind_of_import_reaches_a_container(open_realm: Open) -> None:
    realm = await open_realm(town(BY_FILE))
    assert await realm.call("home/a.js", "g", []) == "hello"
    assert await realm.call("home/b.cjs", "g", []) == "hello"
    assert (await realm.render(RenderCall(module="home/c.js"))).html == "hello"


async def test_errors_in_chunks_say_where(open_realm: Open, promises: Promises) -> None:
    realm = await open_realm(town(BY_FILE))
    with pytest.raises(EngineError, match="boom") as caught:
        await realm.call("home/a.js", "f", [])
    line = CARD.splitlines().index("  const boom = () => { throw new Error('boom'); };") + 1
    column = 30 if promises.columns else 34
    assert f"town/chunk.card.js:{line}:{column}" in caught.value.stack
    assert "home/a.js:2:" in caught.value.stack


@pytest.mark.parametrize("name", ["child_process", "node:net", "react", "./x"])
async def test_a_container_is_given_no_more_than_it_needs(open_realm: Open, name: str) -> None:
    realm = await open_realm(town(BY_FILE))
    with pytest.raises(EngineError, match=re.escape(name)):
        await realm.call("town/Peek", "peek", [name])
    fs = await realm.call("town/Peek", "peek", ["fs"])
    assert fs == {"promises": {}}


async def test_a_container_that_is_none(open_realm: Open) -> None:
    made = generation(
        {"town/remoteEntry.js": Source(text="var x = 1;", remote="town", format="cjs")},
        imports={"town/Card": Exposed("town", "./Card")},
        containers={"town": ContainerSource(script="town/remoteEntry.js", global_name="town", base="town/")},
    )
    realm = await open_realm(made)
    with pytest.raises(EngineError, match="town") as caught:
        await realm.render(RenderCall(module="town/Card"))
    assert caught.value.reason == "missing"


async def used_by_ferry(open_realm: Open, *keys: str) -> dict[str, tuple[set[str], str]]:
    """Render what the example's ferry exposes in this order; return the modules used, and the HTML."""
    files, container, shared = ferry()
    made = react_generation(
        files,
        imports={f"ferry/{key}": Exposed("ferry", f"./{key}") for key in keys},
        containers={"ferry": container},
        shared=shared,
    )
    realm = await open_realm(made)
    found = {}
    for key in keys:
        rendered = await realm.render(RenderCall(module=f"ferry/{key}", adapter="react/adapter.js"))
        found[key] = set(rendered.modules), rendered.html
    return found


async def test_a_real_container_uses_the_hosts_react_whatever_was_rendered_before(open_realm: Open) -> None:
    one = await used_by_ferry(open_realm, "Ticket", "Timetable")
    other = await used_by_ferry(open_realm, "Timetable", "Ticket")
    assert one == other
    used, html = one["Ticket"]
    assert '<b data-testid="ticket-react">19.2.9</b>' in html
    assert any(name.startswith("ferry/__federation_expose_Ticket") for name in used)
    assert not any("Timetable" in name for name in used)
    assert {REACT["react"], REACT["react/jsx-runtime"]} <= used
