"""Delegates in a live federation: the operator's own code connects, on a real engine."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from hanse import LIMITS, Federation
from hanse.render import RequestContext
from hanse.stream import Publisher
from hanse.urls import origin
from tests.federation.server.fairs import Fair, native, open_fair
from tests.federation.server.sites import Site, card, deno_children, open_site, write_server_build
from tests.federation.towns import entry, share, until
from tests.stream.remotes import KEY, PRIVATE, serve
from tests.stream.remotes import site as published

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


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Listening:
    """An app that notes the traces it is asked with."""

    def __init__(self, app: ASGIApp, heard: list[str]) -> None:
        self.app = app
        self.heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = dict(scope.get("headers", [])).get(b"traceparent")
        if found is not None:
            self.heard.append(found.decode())
        await self.app(scope, receive, send)


@pytest.fixture
async def fair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fair]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    async with open_fair(tmp_path) as made:
        yield made


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
    async with fair.federation() as federation:
        scene = federation.renderer.open()
        assert (await scene.render("shop", "./Card")).fallback == "delegate"
        assert (await scene.render("shop-beta", "./Card")).mode == "server"


async def test_other_origins_and_unknown_remotes_are_refused(fair: Fair) -> None:
    async with fair.federation() as federation:
        for name, word in (
            ("https://elsewhere.example/remoteEntry.json", "origin"),
            ("shop-gamma", "no such remote"),
            (fair.url("nowhere"), "404"),
        ):
            fragment = await federation.render("shop", "./Card", request=tenant(name))
            assert (fragment.mode, fragment.fallback) == ("fallback", "delegate")
            assert word in fragment.message


async def test_sets_of_decisions_end_when_others_are_asked_for(fair: Fair) -> None:
    names = [f"visby{number}" for number in range(LIMITS.delegate_variants + 4)]
    for name in names:
        fair.put(name, native(name), told="shop")
    fair.toml.write_text(f"{fair.toml.read_text()}\n[rendering]\nprocesses = 1\n")
    async with fair.federation() as federation:
        await html(federation, "shop", None)
        alone = len(deno_children())
        for name in (*names, names[0]):
            assert await html(federation, "shop", fair.url(name)) == f"<b>{name} Ada</b>"
        await until(lambda: len(deno_children()) <= alone * (LIMITS.delegate_variants + 1))


async def test_streams_and_the_face_that_blocks_are_asked_for_too(fair: Fair) -> None:
    async with fair.federation() as federation:
        stream = federation.stream("shop", "./Card", request=tenant("shop-beta"))
        assert "<b>beta nobody</b>" in "".join([piece async for piece in stream])

    def render() -> str:
        with fair.federation().sync as started:
            return started.render("shop", "./Card", request=tenant("shop-beta")).html

    assert await asyncio.to_thread(render) == "<b>beta nobody</b>"


async def test_a_remote_without_server_modules_is_left_to_browsers_in_its_place(fair: Fair) -> None:
    fair.toml.write_text(f'{fair.toml.read_text()}\n[remotes.kiosk]\nurl = "{fair.url("kiosk")}"\n')
    fair.put("kiosk", native("kiosk"))
    async with fair.federation() as federation:
        fragment = await federation.render("shop", "./Card", request=tenant("kiosk"))
        assert fragment.mode == "browser"
        assert 'data-hanse-module="kiosk/./Card"' in fragment.markup


async def test_a_sealed_build_may_be_decided_on_by_the_address_of_its_publisher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(tmp_path, {"quay_delegates.py": "async def shop(context):\n    return context.version\n"})
    write_server_build(tmp_path / "preview", {"card.js": card("preview")})
    publisher = Publisher.from_folder(
        tmp_path / "preview", record=tmp_path / "previews", key=KEY, private_key=PRIVATE
    )
    heard: list[str] = []
    more = 'delegate = "quay_delegates:shop"\n'
    async with (
        open_site(tmp_path, more=more) as site,
        serve(Listening(published(publisher), heard)) as url,
        site.federation(allowed_origins=[origin(url) or ""]) as federation,
    ):
        usual = await federation.render("shop", "./Card")
        preview = await federation.render(
            "shop", "./Card", request=RequestContext(version=url, traceparent=TRACE)
        )
        assert (usual.html, preview.html) == ("<b>hello nobody</b>", "<b>preview nobody</b>")
        # Whom the request has made necessary to ask is told of its trace, and only then.
        assert heard
        assert set(heard) == {TRACE}
