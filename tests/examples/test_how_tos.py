"""The how-to guides for frameworks, followed word by word in an empty folder."""

from __future__ import annotations

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

import httpx2
import pytest

from examples.basic.remotes import serve_remotes
from scripts.build_examples import build_examples
from tests.house.source import ROOT
from tests.web.heads import read_elements, read_json

pytestmark = pytest.mark.node

PATIENCE = 60.0
FILE = re.compile(
    r"^(?P<end>At the end of )?`(?P<path>[\w/]+\.(?:py|html))`:\n\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def manifest() -> Iterator[dict[str, str]]:
    build_examples()
    with serve_remotes() as manifest:
        yield manifest


def read_page(name: str) -> str:
    return (ROOT / "docs" / "how-to" / f"{name}.md").read_text()


def command(page: str, beginning: str) -> list[str]:
    """Return a command as the page has it, run by this Python."""
    lines = [line for block in SHELL.findall(page) for line in block.splitlines()]
    (line,) = [line for line in lines if line.startswith(beginning)]
    program, *arguments = shlex.split(line)
    modules = {"python": [], "django-admin": ["-m", "django"], "flask": ["-m", "flask"]}
    return [sys.executable, *modules[program], *arguments]


def write_files(page: str, folder: Path, manifest: dict[str, str]) -> None:
    """Write every file that the page shows, as the page says."""
    # The remotes' ports may be others here.
    for port, url in zip((8101, 8102), manifest.values(), strict=True):
        page = page.replace(f"http://127.0.0.1:{port}/remoteEntry.json", url)
    for found in FILE.finditer(page):
        file = folder / found["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text() if found["end"] else ""
        file.write_text(before + found["text"])


def run(words: list[str], folder: Path) -> str:
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """Leave out what this process has of Django."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}


@contextmanager
def serving(words: list[str], folder: Path, url: str) -> Iterator[httpx2.Client]:
    """Run a server while the block runs."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output, env=environment())
    try:
        with httpx2.Client(base_url=url, timeout=30) as client:
            await_answer(client, process, log)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


def await_answer(client: httpx2.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client.get("/_hanse/healthz")
        except httpx2.TransportError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


def look_at(client: httpx2.Client, *, development: bool) -> None:
    """See that the page is what the guide promises."""
    page = client.get("/")
    assert page.status_code == 200, page.text
    elements = read_elements(page.text)
    mounted = [one.attributes.get("data-hanse-module") for one in elements if one.name == "div"]
    assert mounted == ["team/catalog/./ProductList", "team/basket/./Basket"]
    assert "The basket is on its way." in page.text
    assert "<p>The catalog is on its way.</p>" in page.text
    assert read_json(page.text, "application/json")["development"] is development
    nonces = {one.attributes["nonce"] for one in elements if "nonce" in one.attributes}
    (nonce,) = nonces
    assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
    assert client.get("/_hanse/").status_code == 200


def test_the_guide_to_flask(tmp_path: Path, manifest: dict[str, str], unused_port: int) -> None:
    page = read_page("use-with-flask")
    write_files(page, tmp_path, manifest)
    words = [*command(page, "flask --app shop run"), "--port", str(unused_port)]
    with serving(words, tmp_path, f"http://127.0.0.1:{unused_port}") as client:
        look_at(client, development=False)


def test_the_guide_to_django(tmp_path: Path, manifest: dict[str, str], unused_port: int) -> None:
    page = read_page("use-with-django")
    run(command(page, "django-admin startproject"), tmp_path)
    write_files(page, tmp_path, manifest)
    assert "no issues" in run(command(page, "python manage.py check"), tmp_path)
    words = [*command(page, "python manage.py runserver"), "--noreload", str(unused_port)]
    with serving(words, tmp_path, f"http://127.0.0.1:{unused_port}") as client:
        look_at(client, development=True)
