"""A module that imports what its table does not name gets an error with both names, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hanse.engines import Engine, EngineLimits, Generation, Source
from hanse.errors import EngineError
from tests.engines.conftest import MAKERS
from tests.federation.server.markets import open_market, told
from tests.federation.server.sites import card

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(call=10.0, open=30.0)
# What is there: a module of its own remote, one of another, and a name that another remote alone may use.
SECRET = Source(text="export const secret = 'SECRET';", remote="cart")
NAMES = (
    "nowhere",
    "./nowhere.js",
    "../cart/nowhere.js",
    "cart-only",
    "cart/secret.js",
    "/etc/passwd",
    "file:///etc/passwd",
    "https://hostile.invalid/x.js",
    "http://127.0.0.1/x.js",
    "data:text/javascript,export default 1",
    "blob:null/1",
    "node:fs",
    "fs",
    "npm:react",
    "jsr:@std/path",
    "ext:core/mod.js",
    "deno:core",
    "constructor",
    "__proto__",
    "toString",
    "",
    "./../../../../etc/passwd",
    "shop\\card.js",
    "./card.js?again",
)
FORMS: dict[str, tuple[str, str]] = {
    "static": (
        "card.js",
        "import * as all from NAME; export const render = () => 'GIVEN' + Object.keys(all);",
    ),
    "export": ("card.js", "export * from NAME; export const render = () => 'GIVEN';"),
    "dynamic": ("card.js", "export const render = async () => 'GIVEN' + Object.keys(await import(NAME));"),
    "require": ("card.cjs", "exports.render = () => 'GIVEN' + Object.keys(require(NAME));"),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=MAKERS)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    made = MAKERS[request.param]()
    yield made
    await made.close()


def quote(name: str) -> str:
    """Write a name as a JavaScript string."""
    return "'" + name.replace("\\", "\\\\") + "'"


def write_forms(form: str) -> dict[str, Source]:
    """Return a module for each name, which imports it."""
    file, text = FORMS[form]
    return {
        f"shop/{number}-{file}": Source(
            text=text.replace("NAME", quote(name)),
            remote="shop",
            format="cjs" if form == "require" else "esm",
        )
        for number, name in enumerate(NAMES)
    }


@pytest.mark.parametrize("form", FORMS)
async def test_an_import_that_no_table_names_is_an_error_with_both_names(engine: Engine, form: str) -> None:
    modules = write_forms(form)
    # It is there, and another remote may use it.
    there = {**modules, "cart/secret.js": SECRET}
    scopes = {"cart": {"cart-only": "cart/secret.js"}}
    realm = await engine.open(Generation(id="unnamed", modules=there, scopes=scopes), LIMITS)
    for module, name in zip(modules, NAMES, strict=True):
        with pytest.raises(EngineError) as caught:
            await realm.call(module, "render", [])
        said = str(caught.value)
        assert caught.value.reason == "import", name
        assert module in said
        assert (quote(name)[1:-1]) in said
        assert "SECRET" not in said


async def test_a_build_that_imports_it_is_refused_with_both_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = dict.fromkeys(("shop", "stranger"), "import 'nowhere'; export const render = () => 'GIVEN';")
    async with open_market(tmp_path, texts, more={"stranger": "trusted = false"}) as market:
        for remote in texts:
            await market.until(remote, "failed")
            said = market.health(remote).error or ""
            assert f"{remote}/card.js" in said
            assert "nowhere" in said
            assert said in caplog.text
            page = await market.suffer(remote)
            assert page.other == told(remote, "browser-only")
            # What is wrong is for whoever runs the site, not for its visitors.
            assert "nowhere" not in page.text
            await market.stalls[remote].deploy(card("mended"))
            await market.visit_until(remote, "<b>mended nobody</b>")
