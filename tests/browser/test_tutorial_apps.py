"""The tutorial on apps, followed word by word: commands run, files are written, claims are looked at."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from examples.omni.serve import HERE
from examples.omni.visit import ALIVE
from scripts.build_examples import STORE, build_examples
from tests.apps.stores import free_ports
from tests.house.source import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.node]

PATIENCE = 40.0
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"(?P<end>At the end of )?`(?P<path>[\w/.\[\]]+\.(?:py|tsx|toml))`:\n\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def text() -> str:
    """The tutorial, with ports that are free."""
    page = (ROOT / "docs" / "tutorial-apps.md").read_text()
    ports = free_ports()
    return page.replace("3001", str(ports["home"])).replace("3002", str(ports["shop"]))


def urls(text: str) -> dict[str, str]:
    found = dict(re.findall(r"(harbour|market)\.localhost:(\d+)/", text))
    return {app: f"http://{app}.localhost:{port}/" for app, port in found.items()}


def run(line: str, folder: Path) -> None:
    """Run a command as the page has it; npm packages are those of an example."""
    program, *words = shlex.split(line)
    assert program == "hanse"
    new = words[0] == "new"
    command = [sys.executable, "-m", "hanse", *words, *(["--no-install"] if new else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    if new:
        (folder / words[1] / "node_modules").symlink_to(HERE / "home" / "node_modules")


@contextmanager
def developing(app: str, folder: Path) -> Iterator[None]:
    """Run `hanse dev` while the block runs."""
    with (folder / f"{app}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hanse", "dev", app], cwd=folder, stdout=log, stderr=log, env=os.environ
        )
    try:
        until = time.monotonic() + PATIENCE
        while f"{app}: open http" not in (folder / f"{app}.log").read_text():
            assert process.poll() is None, (folder / f"{app}.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def write_files(text: str, folder: Path, *, only_end: bool) -> None:
    """Write the files that the page shows: new ones, or what comes to the end of one."""
    for found in FILE.finditer(text):
        if (found["end"] is not None) is only_end:
            file = folder / found["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            before = file.read_text() if only_end else ""
            file.write_text(before + found["text"])


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def open_until(page: Page, url: str, heading: str) -> None:
    """Open a page until it has a heading."""
    until = time.monotonic() + PATIENCE
    while True:
        # A page that is developed may just be loaded again by itself.
        with contextlib.suppress(Error):
            page.goto(url)
            title = page.get_by_role("heading", level=1)
            if title.count() and title.first.inner_text() == heading:
                return
        assert time.monotonic() < until, page.content()[-2000:]
        page.wait_for_timeout(200)


def test_the_tutorial_does_what_it_says(text: str, tmp_path: Path, page: Page) -> None:
    build_examples(folders=STORE)
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    assert sum(line.startswith("hanse ") for line in lines) == 7
    first, second = (line for line in lines if line.startswith("hanse new"))
    place = urls(text)
    greeting = tmp_path / "harbour/components/Greeting.tsx"

    run(first, tmp_path)
    with developing("harbour", tmp_path):
        page.goto(place["harbour"])
        page.wait_for_function(ALIVE)
        page.get_by_role("button", name="Cheers").click()
        expect(page.get_by_role("button", name="Cheers: 1")).to_be_visible()
        page.wait_for_timeout(500)
        edit(greeting, "Welcome to", "Ahoy from")
        expect(page.get_by_role("heading", level=1)).to_have_text("Ahoy from harbour", timeout=15_000)

        run(second, tmp_path)
        assert '[remotes.harbour]\nurl = "' in (tmp_path / "market/hanse.toml").read_text()
        write_files(text, tmp_path, only_end=False)
        with developing("market", tmp_path):
            open_until(page, f"{place['market']}market", "Ahoy from the market")
            page.wait_for_timeout(500)
            edit(greeting, "Ahoy from", "Moin from")
            expect(page.get_by_role("heading", level=1)).to_have_text("Moin from the market", timeout=15_000)
            open_until(page, f"{place['market']}about", "About market")

    write_files(text, tmp_path, only_end=True)
    with developing("harbour", tmp_path):
        with developing("market", tmp_path):
            open_until(page, f"{place['harbour']}market", "Moin from the market")
            page.wait_for_function(ALIVE)
            documents: list[str] = []
            page.on(
                "request",
                lambda request: (
                    documents.append(request.url) if request.resource_type == "document" else None
                ),
            )
            page.get_by_role("link", name="Salt from Lüneburg").click()
            expect(page).to_have_title("Salt from Lüneburg")
            expect(page.get_by_text("It is called salt here.")).to_be_visible()
            page.get_by_role("link", name="All goods").click()
            expect(page).to_have_title("The market")
            page.get_by_role("link", name="To the harbour").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Moin from harbour")
            assert documents == []
        open_until(page, f"{place['harbour']}market", "502")
    for line in lines:
        if line.startswith("hanse build"):
            run(line, tmp_path)
