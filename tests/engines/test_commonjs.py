"""CommonJS, ES modules and containers are one world: one instance of each module, however it is asked for."""

from __future__ import annotations

import pytest

from hanse.engines import ContainerSource, Exposed, Generation, RenderCall, SharedCopy, Source
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.single import single

pytestmark = pytest.mark.anyio

MAIN = """
import { count, add } from './counter.js';
import { early, counter, own } from './one.cjs';
import one from './one.cjs';
import data from './data.json';
export const look = async () => {
  add();
  const late = await import('./one.cjs');
  return [count, counter(), one.data() === data, late.default === one, late.own, early, own];
};
"""
ONE = """
'use strict';
const counter = require('./counter.js');
exports.early = 'early';
const two = require('./two.cjs');
exports.counter = () => counter.count;
exports.data = () => require('./data.json');
Object.defineProperty(exports, 'own', { enumerable: true, get: () => two.saw });
exports.paths = [__filename, __dirname, module.id, typeof this, this === module.exports];
"""
TWO = "exports.saw = require('./one.cjs').early + '!';"


async def test_every_way_of_asking_gives_the_same_instance(open_realm: Open) -> None:
    realm = await open_realm(
        single(
            MAIN,
            isle__counter_js="export let count = 0; export const add = () => { count += 1; };",
            isle__one_cjs=ONE,
            isle__two_cjs=TWO,
            isle__data_json='{"a": 1}',
        )
    )
    assert await realm.call("isle/main.js", "look", []) == [1, 1, True, True, "early!", "early", "early!"]


async def test_a_commonjs_module_has_what_node_gives_it(open_realm: Open) -> None:
    text = "exports.look = () => [__filename, __dirname, typeof require, typeof module.exports];"
    realm = await open_realm(single(isle__main_cjs=text))
    assert await realm.call("isle/main.cjs", "look", []) == ["/isle/main.cjs", "/isle", "function", "object"]


async def test_a_whole_module_may_be_a_function(open_realm: Open) -> None:
    text = "import card from './card.cjs'; export const look = () => [card(1), typeof card.helper];"
    realm = await open_realm(
        single(text, isle__card_cjs="module.exports = (n) => n + 1; module.exports.helper = () => 0;")
    )
    assert await realm.call("isle/main.js", "look", []) == [2, "function"]
    assert await realm.call("isle/card.cjs", "default", [4]) == 5


async def test_exports_are_passed_on(open_realm: Open) -> None:
    text = "import { a, b, c } from './index.cjs'; export const look = () => [a, b, c];"
    realm = await open_realm(
        single(
            text,
            isle__index_cjs="if (process.env.NODE_ENV) { module.exports = require('./real.cjs'); }",
            isle__real_cjs="module.exports = { a: 1, 'b': 2, ...require('./more.cjs') };",
            isle__more_cjs="exports.c = 3;",
        )
    )
    assert await realm.call("isle/main.js", "look", []) == [1, 2, 3]


async def test_what_throws_while_it_is_evaluated_is_told_with_its_place(open_realm: Open) -> None:
    text = "\nconst a = 1;\nfunction fall() {\n  throw new RangeError('overboard');\n}\nfall();\n"
    realm = await open_realm(single(isle__bad_cjs=text))
    for _ in range(2):
        with pytest.raises(EngineError, match="overboard") as caught:
            await realm.call("isle/bad.cjs", "x", [])
        assert caught.value.reason == "threw"
        assert "isle/bad.cjs:4:" in caught.value.stack


async def test_a_require_that_the_table_does_not_name_says_both_names(open_realm: Open) -> None:
    realm = await open_realm(single(isle__main_cjs="exports.go = () => require('left-pad');"))
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.cjs", "go", [])
    assert caught.value.reason == "import"
    assert "isle/main.cjs" in str(caught.value)
    assert "left-pad" in str(caught.value)


EXPOSED = ("Ticket", "Plain", "Shared", "Outside")
SCRIPT = """
const path = require('path'), fs = require('fs'), vm = require('vm');
const modules = {};
const chunk = (name) => new Promise((resolve, reject) => {
  const file = path.join(__dirname, 'chunks', name);
  if (!fs.existsSync(file)) return reject(new Error('no chunk ' + name));
  fs.readFile(file, 'utf-8', (error, content) => {
    if (error) return reject(error);
    const exports = {};
    const wrapped = `(function (exports, require, __dirname, __filename) {${content}\\n})`;
    vm.runInThisContext(wrapped, file)(exports, require, path.dirname(file), file);
    resolve(exports);
  });
});
let scope;
const ferry = {
  init(given, tokens) { scope = given; modules.tokens = tokens; },
  async get(key) {
    if (key === './Ticket') { const made = await chunk('ticket.js'); return () => made; }
    if (key === './Plain') return () => ({ __esModule: true, plain: 1, default: (n) => n * 2 });
    if (key === './Shared') {
      const react = (await scope.react['19.0.0'].get())();
      return () => ({ render: () => `<i>${react.name}${scope.react['19.0.0'].from}</i>` });
    }
    if (key === './Outside') {
      return () => ({ render: () => [
        fs.existsSync('shop/secret.js'), fs.existsSync('ferry/../shop/secret.js'),
        fs.existsSync('/etc/passwd'), fs.existsSync(path.join(__dirname, 'chunks/ticket.js')),
        typeof process.exit, typeof require('process').env,
      ].join() });
    }
    throw new Error('no ' + key);
  },
};
module.exports.ferry = ferry;
"""


def harbour() -> Generation:
    def source(text: str, remote: str, kind: str = "esm") -> Source:
        return Source(text=text, remote=remote, format="cjs" if kind == "cjs" else "esm")

    return Generation(
        id="harbour",
        modules={
            "ferry/remoteEntry.js": source(SCRIPT, "ferry", "cjs"),
            "ferry/chunks/ticket.js": source("exports.render = ({ to }) => `<b>${to}</b>`;", "ferry", "cjs"),
            "ferry/chunks/never.js": source("exports.x = 1;", "ferry", "cjs"),
            "shop/secret.js": source("export default 'secret'", "shop"),
            "shop/react.js": source("export const name = 'React';", "shop"),
            "shop/main.js": source(
                "import double, { plain } from 'ferry/Plain';\n"
                "const keys = async () => Object.keys(await import('ferry/Ticket')).join();"
                "export const look = async () => [double(4), plain, await keys()];",
                "shop",
            ),
            "shop/main.cjs": source("exports.look = () => require('ferry/Plain').plain;", "shop", "cjs"),
        },
        imports={f"ferry/{key}": Exposed("ferry", f"./{key}") for key in EXPOSED},
        containers={
            "ferry": ContainerSource(script="ferry/remoteEntry.js", global_name="ferry", base="ferry/")
        },
        shared=(SharedCopy(package="react", version="19.0.0", module="shop/react.js", provider="shop"),),
    )


async def test_a_container_renders_and_says_which_chunks_it_used(open_realm: Open) -> None:
    realm = await open_realm(harbour())
    for _ in range(2):
        rendered = await realm.render(RenderCall(module="ferry/Ticket", props={"to": "Sylt"}))
        assert rendered.html == "<b>Sylt</b>"
        assert set(rendered.modules) == {"ferry/remoteEntry.js", "ferry/chunks/ticket.js"}
    plain = await realm.render(RenderCall(module="ferry/Shared"))
    assert plain.html == "<i>Reactshop</i>"
    assert set(plain.modules) == {"ferry/remoteEntry.js", "shop/react.js"}


async def test_a_container_sees_its_own_files_alone(open_realm: Open) -> None:
    realm = await open_realm(harbour())
    rendered = await realm.render(RenderCall(module="ferry/Outside"))
    assert rendered.html == "false,false,false,true,undefined,object"


async def test_modules_import_and_require_what_containers_expose(open_realm: Open) -> None:
    realm = await open_realm(harbour())
    found = await realm.call("shop/main.js", "look", [])
    assert isinstance(found, list)
    assert found[:2] == [8, 1]
    assert "render" in str(found[2])
    assert await realm.call("shop/main.cjs", "look", []) == 1
