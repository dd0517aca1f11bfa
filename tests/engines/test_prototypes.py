"""Names that mean something to JavaScript are like any other, and nothing gets onto shared prototypes."""

from __future__ import annotations

import pytest

from hanse.engines import JSON, Generation, RenderCall, Source
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.single import single

pytestmark = pytest.mark.anyio

NAMES = ("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "default")
CLEAN = "({}).polluted === undefined && [].polluted === undefined && (() => 0).polluted === undefined"
ECHO = f"""
export const render = (props) => JSON.stringify(props) + ({CLEAN});
export const names = (value) =>
  Object.getOwnPropertyNames(value).concat(typeof value.polluted, String({CLEAN}));
export const same = (value) => value;
"""


@pytest.mark.parametrize("name", NAMES)
async def test_properties_may_be_called_anything(name: str, open_realm: Open) -> None:
    realm = await open_realm(single(ECHO))
    value: dict[str, JSON] = {name: {"polluted": "yes"}, "a": 1}
    assert await realm.call("isle/main.js", "names", [value]) == [name, "a", "undefined", "true"]
    assert await realm.call("isle/main.js", "same", [value]) == value
    rendered = await realm.render(RenderCall(module="isle/main.js", props=value))
    assert rendered.html == f'{{"{name}":{{"polluted":"yes"}},"a":1}}true'


async def test_arrays_that_lie_about_their_length_get_nothing_that_is_not_theirs(open_realm: Open) -> None:
    text = """
    const arrays = Object.getPrototypeOf(Uint8Array.prototype);
    const lie = (value) => Object.defineProperty(arrays, 'length', { get: () => value });
    export const render = ({ name, length }) => {
      const made = new TextEncoder().encode(name);
      if (length !== undefined) lie(length);
      return made;
    };
    """
    realm = await open_realm(single(text))
    first = RenderCall(module="isle/main.js", props={"name": "Tuva " * 2000})
    assert (await realm.render(first)).html == "Tuva " * 2000
    for length in (2, 5000):
        call = RenderCall(module="isle/main.js", props={"name": "Ole", "length": length})
        assert (await realm.render(call)).html == "Ole"


async def test_contexts_may_have_any_names(open_realm: Open) -> None:
    text = f"export const render = (_, context) => Object.keys(context).join() + ({CLEAN});"
    realm = await open_realm(single(text))
    context: dict[str, JSON] = {
        "__proto__": {"polluted": "yes"},
        "constructor": {"prototype": {"polluted": "yes"}},
    }
    rendered = await realm.render(RenderCall(module="isle/main.js", context=context))
    assert rendered.html == "__proto__,constructor" + "true"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "default"])
async def test_only_what_a_module_exports_is_an_export(name: str, open_realm: Open) -> None:
    realm = await open_realm(single("export const a = 1;", isle__plain_cjs="exports.a = 1;"))
    for module in ("isle/main.js", "isle/plain.cjs"):
        with pytest.raises(EngineError) as caught:
            await realm.call(module, name, [])
        assert caught.value.reason == "missing"
        with pytest.raises(EngineError) as caught:
            await realm.render(RenderCall(module=module, export=name, adapter="isle/main.js"))
        assert caught.value.reason == "missing"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("default", "then")])
async def test_exports_may_be_called_anything(name: str, open_realm: Open) -> None:
    text = f"const found = (a) => a + 1; export {{ found as {name} }};"
    realm = await open_realm(single(text))
    assert await realm.call("isle/main.js", name, [1]) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_modules_remotes_and_specifiers_may_be_called_anything(name: str, open_realm: Open) -> None:
    modules = {
        f"{name}/{name}.js": Source(
            text=f"import {{b}} from '{name}'; import c from './{name}.cjs'; export const a = () => b + c.d;",
            remote=name,
        ),
        f"{name}/{name}.cjs": Source(
            text=f"exports.d = require('./{name}.json').value;", remote=name, format="cjs"
        ),
        f"{name}/{name}.json": Source(text='{"value": 2, "__proto__": {}}', remote=name, format="json"),
        name: Source(text="export const b = 1;", remote="other"),
    }
    generation = Generation(id="named", modules=modules, scopes={name: {name: name}})
    realm = await open_realm(generation)
    assert await realm.call(f"{name}/{name}.js", "a", []) == 3
    with pytest.raises(EngineError) as caught:
        await realm.call(f"{name}/missing.js", "a", [])
    assert caught.value.reason == "missing"


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_that_the_table_does_not_have_is_not_found_on_a_prototype(
    name: str, open_realm: Open
) -> None:
    realm = await open_realm(single(f"export const go = () => import('{name}');"))
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.js", "go", [])
    assert caught.value.reason == "import"
    assert "isle/main.js" in caught.value.message
    assert name in caught.value.message


async def test_json_modules_pollute_nothing(open_realm: Open) -> None:
    text = f"""
    import data from './data.json';
    export const look = () => [Object.keys(data), data.polluted === undefined, {CLEAN}];
    """
    realm = await open_realm(single(text, isle__data_json='{"__proto__": {"polluted": "yes"}, "a": 1}'))
    assert await realm.call("isle/main.js", "look", []) == [["__proto__", "a"], True, True]


async def test_pollution_by_one_call_does_not_reach_python(open_realm: Open) -> None:
    text = """
    export function pollute() {
      Object.prototype.polluted = 'yes';
      Object.prototype.status = 404; Object.prototype.reason = 'timeout';
      Object.prototype.head = '<script>1</script>';
      return { a: 1 };
    }
    export const render = () => { pollute(); return { html: '<p>fine</p>' , status: 200, head: ''}; };
    """
    realm = await open_realm(single(text))
    assert await realm.call("isle/main.js", "pollute", []) == {"a": 1}
    rendered = await realm.render(RenderCall(module="isle/main.js"))
    assert (rendered.html, rendered.status, rendered.head) == ("<p>fine</p>", 200, "")
