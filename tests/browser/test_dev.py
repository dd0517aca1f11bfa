"""`hanse dev`: pages of all apps follow what is written, and mistakes are shown where they are."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from examples.omni.serve import HERE
from hanse.apps.new import make_app
from scripts.build_examples import STORE, build_examples

pytestmark = [pytest.mark.browser, pytest.mark.node]

USE = """import Greeting from 'quay/Greeting';
export default function Mirror() {
  return <main><title>Mirror</title><Greeting name="the mirror" /></main>;
}
"""


@dataclass
class Developed:
    """An app under `hanse dev`, and what that has told."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    told: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    @property
    def url(self) -> str:
        return f"http://{self.folder.name}.localhost:{self.port}/"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hanse", "dev", str(self.folder), "--json"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.hear("open http")

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.put(json.loads(line)["text"])

    def hear(self, text: str) -> str:
        """Wait until something is told."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            line = self.told.get(timeout=30)
            if text in line:
                return line
        raise AssertionError(f"{self.folder.name} never told {text}")

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            with self.process:
                assert self.process.wait(30) in (0, 130)


def make(folder: Path, name: str, remotes: dict[str, str]) -> Developed:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    made = Developed(folder / name, port)
    make_app(made.folder, name=name, port=port, remotes=remotes)
    (made.folder / "node_modules").symlink_to(HERE / "home" / "node_modules")
    return made


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Developed, Developed]]:
    """The app `quay`, and `kogge`, which shows a component of it."""
    build_examples(folders=STORE)
    folder = tmp_path_factory.mktemp("dev")
    quay = make(folder, "quay", {})
    kogge = make(folder, "kogge", {"quay": quay.url})
    (kogge.folder / "pages/mirror.tsx").write_text(USE)
    try:
        quay.start()
        kogge.start()
        yield quay, kogge
    finally:
        quay.stop()
        kogge.stop()


def cheer(page: Page) -> None:
    """Click until the page counts it: it may not be alive yet, or be loaded once more."""
    until = time.monotonic() + 20
    while page.get_by_role("button", name="Cheers: 0").count():
        assert time.monotonic() < until
        page.get_by_role("button", name="Cheers").click()
        page.wait_for_timeout(200)
    expect(page.get_by_role("button", name="Cheers:")).to_be_visible()


def test_pages_of_every_app_that_uses_a_change_are_loaded_again(
    apps: tuple[Developed, Developed], page: Page
) -> None:
    quay, kogge = apps
    other = page.context.new_page()
    page.goto(quay.url)
    other.goto(f"{kogge.url}mirror")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to quay")
    expect(other.get_by_role("heading", level=1)).to_have_text("Welcome to the mirror")
    for one in (page, other):
        # The stream of events is opened once the page is there.
        one.wait_for_timeout(500)

    quay.edit("components/Greeting.tsx", "Welcome to", "Ahoy from")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ahoy from quay", timeout=15_000)
    expect(other.get_by_role("heading", level=1)).to_have_text("Ahoy from the mirror", timeout=15_000)
    # It is alive, too.
    cheer(page)
    other.close()
    quay.edit("components/Greeting.tsx", "Ahoy from", "Welcome to")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to quay", timeout=15_000)


def test_a_mistake_is_shown_with_its_place_and_goes_when_it_is_mended(
    apps: tuple[Developed, Developed], page: Page
) -> None:
    quay, _ = apps
    page.goto(quay.url)
    page.wait_for_timeout(500)
    quay.edit("components/Greeting.tsx", "useState(0)", "useState(0")
    assert "components/Greeting.tsx:6:41" in quay.hear('Expected ")"')
    overlay = page.locator("#hanse-overlay")
    expect(overlay).to_contain_text("components/Greeting.tsx:6:41", timeout=15_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to quay")
    quay.edit("components/Greeting.tsx", "useState(0", "useState(0)")
    quay.hear("built in")
    expect(overlay).to_be_hidden(timeout=15_000)


def test_python_beside_a_page_is_taken_up(apps: tuple[Developed, Developed], page: Page) -> None:
    quay, _ = apps
    page.goto(quay.url)
    quay.edit("pages/index.py", "next(VISITS)", "next(VISITS) + 1000")
    quay.hear("pages/index.py")
    page.goto(quay.url)
    expect(page.get_by_text("This page was shown 10")).to_be_visible()


def test_a_page_that_is_added_is_there(apps: tuple[Developed, Developed], page: Page) -> None:
    quay, kogge = apps
    (quay.folder / "pages/news.tsx").write_text("export default () => <main><h1>News</h1></main>;")
    quay.hear("built in")
    for app in (quay, kogge):
        until = time.monotonic() + 20
        while (answer := page.goto(f"{app.url}news")) is not None and answer.status != 200:
            assert time.monotonic() < until
            page.wait_for_timeout(200)
        expect(page.get_by_role("heading", level=1)).to_have_text("News")


def test_whose_page_is_not_shown_is_told(apps: tuple[Developed, Developed], page: Page) -> None:
    quay, kogge = apps
    for app in (quay, kogge):
        text = f"export default () => <main><h1>Berths of {app.folder.name}</h1></main>;"
        (app.folder / "pages/berths.tsx").write_text(text)
    kogge.hear("/berths is a page of kogge and of quay: kogge's is shown")
    page.goto(f"{kogge.url}berths")
    expect(page.get_by_role("heading", level=1)).to_have_text("Berths of kogge")


def test_types_of_other_apps_are_there_for_the_editor(apps: tuple[Developed, Developed]) -> None:
    kogge = apps[1]
    types = kogge.folder / ".hanse/types/quay/Greeting.d.ts"
    until = time.monotonic() + 60
    while not types.is_file():
        assert time.monotonic() < until
        time.sleep(0.2)
    node, tsc = "node", kogge.folder / "node_modules/typescript/bin/tsc"
    check = [node, str(tsc), "--noEmit", "-p", str(kogge.folder)]
    assert subprocess.run(check, capture_output=True, check=False, text=True).stdout == ""
    # What does not fit is found where it is used.
    kogge.edit("pages/mirror.tsx", 'name="the mirror"', "name={7}")
    found = subprocess.run(check, capture_output=True, check=False, text=True)
    assert "pages/mirror.tsx" in found.stdout
    assert "Type 'number' is not assignable to type 'string'" in found.stdout


def test_it_is_for_this_machine_alone() -> None:
    command = [sys.executable, "-m", "hanse", "dev", ".", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert "hanse start" in done.stderr
