"""Delegates in a live federation: the operator's own code connects, on a real engine."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hanse import LIMITS, Federation
from hanse.render import RequestContext
from tests.federation.server.sites import Site, deno_children, open_site
from tests.federation.towns import Towns, entry, serve_towns, share, until
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

CONNECT = """\
const word = require('./words.cjs').word;
const get = async (key) => {
  if (key === './Bad') throw new Error('no such berth');
  const inner = await import('shop/Card');
  return () => ({ render: (props) => `<i>${word} ${key} ${inner.render(props)}</i>` });
};
"""
ESM = f"import 'shop/Card';\n{CONNECT}export default Promise.resolve({{ init: async () => {{}}, get }});\n"
COMMONJS = f"{CONNECT}module.exports = (async () => ({{ init: async () => {{}}, get }}))();\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def connect(site: Site, remote: str, delegate: str, *more: str) -> None:
    """Write a remote with a delegate into the federation's file."""
    lines = [site.toml.read_text(), f"[remotes.{remote}]", f'delegate = "{delegate}"', *more]
    site.toml.write_text("\n".join(lines))


@pytest.mark.parametrize(("name", "text"), [("quay.js", ESM), ("quay.js", COMMONJS), ("quay.cjs", COMMONJS)])
@pytest.mark.parametrize("engine", ["deno", "wasm"])
async def test_a_module_that_connects_is_rendered(tmp_path: Path, name: str, text: str, engine: str) -> None:
    async with open_site(tmp_path, more=f'engine = "{engine}"\n') as site:
        write(tmp_path / "delegates", {name: text, "words.cjs": "exports.word = 'via';"})
        connect(site, "quay", f"./delegates/{name}", f'engine = "{engine}"')
        async with site.federation() as federation:
            for key in ("./Crane", "Berth"):
                fragment = await federation.render("quay", key, {"name": "Ada"})
                wanted = f"<i>via ./{key.removeprefix('./')} <b>hello Ada</b></i>"
                assert fragment.html == wanted, fragment.message
                assert fragment.mode == "server"
            assert {one.remote: one.status for one in federation.server_health()} == {
                "quay": "ok",
                "shop": "ok",
            }


async def test_what_it_throws_costs_its_own_fragment(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        write(tmp_path, {"quay.js": ESM, "words.cjs": "exports.word = 'via';"})
        connect(site, "quay", "./quay.js")
        async with site.federation() as federation:
            fragment = await federation.render("quay", "./Bad", fallback="closed")
            assert (fragment.mode, fragment.html) == ("fallback", "closed")
            assert "no such berth" in fragment.message
            assert (await federation.render("shop", "./Card")).mode == "server"


async def test_one_that_does_not_run_is_refused_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        write(tmp_path, {"quay.js": "export default (;"})
        connect(site, "quay", "./quay.js")
        async with site.federation() as federation:
            assert (await federation.render("shop", "./Card")).mode == "server"
            assert {one.remote: one.status for one in federation.server_health()}["quay"] == "failed"


async def test_a_changed_file_is_used_from_the_next_look_on(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        write(tmp_path, {"quay.js": ESM, "words.cjs": "exports.word = 'via';"})
        connect(site, "quay", "./quay.js")
        async with site.federation() as federation:
            assert "via" in (await federation.render("quay", "./Crane")).html
            write(tmp_path, {"words.cjs": "exports.word = 'anew';"})
            await federation.server_settled()
            assert "anew" in (await federation.render("quay", "./Crane")).html


# --- delegates in Python -------------------------------------------------------------------------------

DECIDE = """\
import asyncio

asked = []

async def shop(context):
    asked.append(context)
    if context.tenant == 'broken':
        raise KeyError('tenant')
    if context.tenant is None:
        return None
    return context.tenant

async def hangs(context):
    await asyncio.sleep(60)
"""


def native(word: str) -> str:
    return f"export const render = ({{ name = 'nobody' }} = {{}}) => `<b>{word} ${{name}}</b>`;"


NESTING = (
    "import * as card from 'shop/Card'; export const render = (props) => `<i>${card.render(props)}</i>`;"
)


@dataclass(frozen=True)
class Fair:
    """Towns whose remotes are plain native builds, for browsers and servers alike."""

    towns: Towns
    toml: Path
    asked: list[RequestContext]

    def put(self, name: str, text: str, *, told: str | None = None) -> None:
        """Put a remote up, or a build of it that is in no manifest."""
        self.towns.put(name, entry(told or name, share("left-pad", singleton=False)))
        javascript = {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}
        self.towns.upstream.routes[f"/{name}/Card.js"] = reply(text.encode(), headers=javascript)
        self.towns.upstream.routes[f"/{name}/left-pad-19.1.0.js"] = reply(
            b"export default 1;", headers=javascript
        )

    def federation(self, **said: Any) -> Federation:
        return Federation.from_toml(self.toml, refresh_interval=None, modules="skip", **said)

    def url(self, name: str) -> str:
        return self.towns.url(name)


@pytest.fixture
async def fair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fair]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "fair_delegates.py").write_text(DECIDE)
    async with serve_towns() as towns:
        lines = ["[federation]", f'allowed_origins = ["{towns.upstream.url("").rstrip("/")}"]']
        for name in ("shop", "shop-beta", "basket"):
            lines += [f"[remotes.{name}]", f'url = "{towns.url(name)}"', f'server = "{towns.url(name)}"']
            if name == "shop":
                lines.append('delegate = "fair_delegates:shop"')
        (tmp_path / "hanse.toml").write_text("\n".join(lines))
        made = Fair(towns, tmp_path / "hanse.toml", importlib.import_module("fair_delegates").asked)
        made.put("shop", native("usual"))
        made.put("shop-beta", native("beta"))
        made.put("basket", NESTING)
        made.put("visby", native("visby"), told="shop")
        try:
            yield made
        finally:
            sys.modules.pop("fair_delegates", None)


def tenant(name: str | None) -> RequestContext:
    return RequestContext(tenant=name)


async def html(federation: Federation, remote: str, name: str | None) -> str:
    fragment = await federation.render(remote, "./Card", {"name": "Ada"}, request=tenant(name))
    return fragment.html or fragment.message


async def test_two_requests_with_different_tenants_get_different_builds(fair: Fair) -> None:
    async with fair.federation() as federation:
        found = await asyncio.gather(
            *(html(federation, "shop", name) for name in (None, "shop-beta", fair.url("visby"), None))
        )
        assert found == ["<b>usual Ada</b>", "<b>beta Ada</b>", "<b>visby Ada</b>", "<b>usual Ada</b>"]


async def test_what_imports_the_remote_gets_the_build_of_its_page(fair: Fair) -> None:
    async with fair.federation() as federation:
        for name, word in ((None, "usual"), ("shop-beta", "beta"), (fair.url("visby"), "visby")):
            scene = federation.renderer.open(request=tenant(name))
            fragments = await asyncio.gather(
                scene.render("shop", "./Card", {"name": "Ada"}),
                scene.render("basket", "./Card", {"name": "Ada"}),
            )
            assert [one.html for one in fragments] == [f"<b>{word} Ada</b>", f"<i><b>{word} Ada</b></i>"]


async def test_a_page_asks_once_and_keeps_its_builds_through_a_deploy(fair: Fair) -> None:
    async with fair.federation() as federation:
        scene = federation.renderer.open(request=tenant(fair.url("visby")))
        first = await scene.render("shop", "./Card")
        fair.put("visby", native("wisby"), told="shop")
        fair.towns.put("visby", entry("shop", share("left-pad", singleton=False), more=1))
        await federation.server_settled()
        await until_html(federation, fair.url("visby"), "<b>wisby Ada</b>")
        second = await scene.render("shop", "./Card")
        assert first.html == second.html == "<b>visby nobody</b>"
        assert len([one for one in fair.asked if one.tenant == fair.url("visby")]) >= 2
        asked = len(fair.asked)
        await scene.render("basket", "./Card")
        assert len(fair.asked) == asked


async def until_html(federation: Federation, name: str, wanted: str) -> None:
    for _ in range(200):
        if await html(federation, "shop", name) == wanted:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(wanted)


async def test_browsers_take_over_only_what_they_have_too(fair: Fair) -> None:
    async with fair.federation() as federation:
        usual = await federation.render("shop", "./Card", request=tenant(None))
        beta = await federation.render("shop", "./Card", request=tenant("shop-beta"))
        visby = await federation.render("shop", "./Card", request=tenant(fair.url("visby")))
        nested = await federation.render("basket", "./Card", request=tenant(fair.url("visby")))
        plain = await federation.render("basket", "./Card", request=tenant(None))
        assert (usual.browser, beta.browser, visby.browser) == ("shop/./Card", "shop-beta/./Card", None)
        assert (plain.hydrates, nested.hydrates) == (True, False)


async def test_a_delegate_that_decides_nothing_costs_its_own_fragments(fair: Fair) -> None:
    async with fair.federation() as federation:
        scene = federation.renderer.open(request=tenant("broken"))
        fragment = await scene.render("shop", "./Card", fallback="closed")
        assert (fragment.mode, fragment.fallback, fragment.html) == ("fallback", "delegate", "closed")
        assert "KeyError" in fragment.message
        assert (await scene.render("shop-beta", "./Card")).html == "<b>beta nobody</b>"


@pytest.mark.parametrize("delegate", ["fair_delegates:hangs", "fair_delegates:none", "fair_nowhere:shop"])
async def test_one_that_cannot_be_asked_costs_its_own_fragments(fair: Fair, delegate: str) -> None:
    fair.toml.write_text(fair.toml.read_text().replace("fair_delegates:shop", delegate))
    async with fair.federation(limits=replace(LIMITS, delegate_deadline=0.1)) as federation:
        scene = federation.renderer.open()
        assert (await scene.render("shop", "./Card")).fallback == "delegate"
        assert (await scene.render("shop-beta", "./Card")).mode == "server"


async def test_other_origins_and_unknown_remotes_are_refused(fair: Fair) -> None:
    async with fair.federation() as federation:
        for name, word in (
            ("https://elsewhere.example/remoteEntry.json", "origin"),
            ("shop-gamma", "no remote here"),
            (fair.url("nowhere"), "404"),
        ):
            fragment = await federation.render("shop", "./Card", request=tenant(name))
            assert (fragment.mode, fragment.fallback) == ("fallback", "delegate")
            assert word in fragment.message


async def test_sets_of_decisions_end_when_others_are_asked_for(fair: Fair) -> None:
    names = [f"visby{number}" for number in range(3)]
    for name in names:
        fair.put(name, native(name), told="shop")
    async with fair.federation(limits=replace(LIMITS, delegate_variants=1)) as federation:
        for name in (*names, *names):
            assert await html(federation, "shop", fair.url(name)) == f"<b>{name} Ada</b>"
        await until(lambda: len(deno_children()) <= 4)


async def test_streams_and_the_face_that_blocks_are_asked_for_too(fair: Fair) -> None:
    async with fair.federation() as federation:
        stream = federation.stream("shop", "./Card", request=tenant("shop-beta"))
        assert "<b>beta nobody</b>" in "".join([piece async for piece in stream])

    def render() -> str:
        with fair.federation().sync as started:
            return started.render("shop", "./Card", request=tenant("shop-beta")).html

    assert await asyncio.to_thread(render) == "<b>beta nobody</b>"
