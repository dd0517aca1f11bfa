"""Delegates in a live federation: the operator's own code connects, on a real engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.federation.server.sites import Site, open_site

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
