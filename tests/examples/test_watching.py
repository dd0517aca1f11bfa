"""A remote of the example in watch mode: a change of its source is a reload of the page."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from examples.basic.remotes import Remote, build_app, serve_app
from hanse import Federation
from scripts.build_examples import build_examples
from scripts.node import ROOT, ensure_node

pytestmark = [pytest.mark.node, pytest.mark.anyio]

BASKET = ROOT / "examples" / "basic" / "basket"
PATIENCE = 90.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def link(source: str, target: str) -> str:
    """Copy a file of thousands without copying it, where that can be done."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Copy the remote with its packages: what is changed in it must not be the example's."""
    build_examples()
    folder = tmp_path / "basket"
    shutil.copytree(BASKET, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    packages = shutil.ignore_patterns(".cache", ".built")
    shutil.copytree(
        BASKET / "node_modules", folder / "node_modules", ignore=packages, copy_function=link, symlinks=True
    )
    cache = BASKET / "node_modules" / ".cache"
    if cache.is_dir():
        shutil.copytree(cache, folder / "node_modules" / ".cache")
    return folder


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[None]:
    """Run the build in watch mode while the block runs, from when it has built once."""
    node = ensure_node()
    process = await asyncio.create_subprocess_exec(
        node.program, "build.mjs", "--watch", cwd=folder, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while not (folder / "dist" / "remoteEntry.json").exists():
                assert process.returncode is None, "it ended by itself"
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_change_of_the_source_reloads_pages(remote: Path) -> None:
    async with watching(remote):
        app = build_app(Remote("team/basket", remote / "dist", 0))
        with serve_app(app, 8500) as url:
            manifest = {"team/basket": f"{url}remoteEntry.json"}
            async with Federation(manifest, development=True, refresh_interval=0.2) as federation:
                subscription = federation.subscribe()
                before = federation.snapshot.digest
                source = remote / "src" / "Basket.tsx"
                source.write_text(source.read_text().replace("Nothing chosen yet", "Nothing at all"))
                async with asyncio.timeout(PATIENCE):
                    async for news in subscription:
                        if news.kind == "reload":
                            break
                assert news.remote == "team/basket"
                assert federation.snapshot.digest != before
                module = federation.load_remote_module("team/basket", "Basket").url
                assert "Nothing at all" in (remote / "dist" / module.rpartition("/")[2]).read_text()
