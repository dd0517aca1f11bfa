"""Building again and again: what has changed is noticed, and mistakes are waited for to be mended."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from examples.omni.serve import HERE
from hanse.apps.dev.watch import scan, watch
from hanse.apps.dev.workshop import Workshop, build_again
from hanse.apps.new import make_app
from hanse.apps.project import open_project
from scripts.build_examples import STORE, build_examples
from tests.federation.towns import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_has_changed_is_told_once_it_rests(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/a.tsx").write_text("a")
    for left_out in ("node_modules", "dist", ".hanse", "__pycache__"):
        (tmp_path / left_out).mkdir()
    changes = watch(tmp_path, scan(tmp_path))
    # What changes before anybody waits is noticed, too.
    (tmp_path / "pages/a.tsx").write_text("another")
    (tmp_path / "pages/b.tsx").write_text("b")
    for left_out in ("node_modules", "dist", ".hanse", "__pycache__"):
        (tmp_path / left_out / "x.js").write_text("x")
    assert await asyncio.wait_for(anext(changes), 10) == {"pages/a.tsx", "pages/b.tsx"}
    (tmp_path / "pages/a.tsx").unlink()
    assert await asyncio.wait_for(anext(changes), 10) == {"pages/a.tsx"}


@pytest.mark.node
async def test_a_mistake_is_told_and_waited_for_to_be_mended(tmp_path: Path) -> None:
    build_examples(folders=STORE)
    folder = tmp_path / "quay"
    make_app(folder, name="quay", port=3100, remotes={})
    (folder / "node_modules").symlink_to(HERE / "home" / "node_modules")
    page = folder / "pages/index.tsx"
    good = page.read_text()
    page.write_text(good.replace("</main>", ""))
    told: list[str] = []
    workshop = Workshop(folder, lambda: open_project(folder, None), production=True)
    task = asyncio.create_task(build_again(workshop, told.append))
    try:
        await until(lambda: any("pages/index.tsx" in line for line in told))
        assert not (folder / "dist").exists()
        page.write_text(good)
        await until(lambda: any(line.startswith("quay: built in") for line in told))
        first = {file.name for file in (folder / "dist/browser").glob("pages-index-*.js")}
        page.write_text(good.replace("was shown", "was seen"))
        await until(lambda: told[-1].endswith("(pages/index.tsx)"))
        assert {file.name for file in (folder / "dist/browser").glob("pages-index-*.js")}.isdisjoint(first)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.node
def test_the_command_builds_until_it_is_interrupted(tmp_path: Path) -> None:
    build_examples(folders=STORE)
    folder = tmp_path / "quay"
    make_app(folder, name="quay", port=3100, remotes={})
    (folder / "node_modules").symlink_to(HERE / "home" / "node_modules")
    command = [sys.executable, "-m", "hanse", "build", str(folder), "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        texts = (json.loads(line)["text"] for line in process.stdout)
        assert next(text for text in texts if "built in" in text).startswith("quay: ")
        page = folder / "pages/index.tsx"
        page.write_text(page.read_text().replace("</main>", ""))
        assert "pages/index.tsx" in next(text for text in texts if "index.tsx" in text)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130)
