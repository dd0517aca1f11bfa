"""Several worker processes: each keeps the federation current for itself, and all of them serve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.house.source import ROOT
from tests.web.heads import read_json

PATIENCE = 30.0
MODULE = "tests.web.frameworks.project"
GUNICORN = ("-m", "gunicorn", "--workers", "2", "--log-level", "warning", "--no-control-socket")
UVICORN = ("-m", "uvicorn", "--workers", "2", "--lifespan", "off", "--log-level", "warning")


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home")) as towns:
        yield towns


@contextmanager
def serve(towns: Towns, port: int, *command: str, **environ: str) -> Iterator[str]:
    """Run a server while the block runs; yield its URL."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "MANIFEST": towns.manifest_url, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await_answer(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise


def await_answer(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if httpx2.get(f"{url}/process", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def visit_all(url: str, towns: Towns) -> None:
    """Ask until both processes have answered, each with the page and with Hanse's own paths."""
    seen: set[str] = set()
    deadline = time.monotonic() + PATIENCE
    while len(seen) < 2:
        assert time.monotonic() < deadline, f"only {seen} answered"
        # Each connection goes to whichever process takes it; what it asks then, it asks that one.
        with httpx2.Client(base_url=url, timeout=10) as client:
            seen.add(client.get("/process").text)
            page = client.get("/")
            assert page.status_code == 200
            card = towns.upstream.url("/home/Card.js")
            assert read_json(page.text, "importmap")["imports"]["home/Card"] == card
            served = client.get("/_hanse/importmap.json")
            assert served.json() == read_json(page.text, "importmap")
            assert client.get("/_hanse/packages.json").status_code == 200
    for _ in range(20):
        assert httpx2.get(f"{url}/_hanse/readyz", timeout=10).status_code == 200


@pytest.mark.parametrize(("app", "warm"), [("flask", "1"), ("wsgi", "")])
def test_workers_that_are_forked_after_loading_serve(
    towns: Towns, app: str, warm: str, unused_port: int
) -> None:
    bind = ("--bind", f"127.0.0.1:{unused_port}", "--preload", "--keep-alive", "0")
    with serve(towns, unused_port, *GUNICORN, *bind, f"{MODULE}:{app}", WARM=warm) as url:
        visit_all(url, towns)


def test_workers_of_an_asynchronous_server_serve(towns: Towns, unused_port: int) -> None:
    with serve(towns, unused_port, *UVICORN, "--port", str(unused_port), f"{MODULE}:asgi") as url:
        visit_all(url, towns)


def test_a_server_that_is_told_to_end_does_not_wait_for_events(towns: Towns, unused_port: int) -> None:
    command = ("-m", "uvicorn", "--lifespan", "off", "--port", str(unused_port), f"{MODULE}:asgi")
    with httpx2.Client(timeout=20) as client, ExitStack() as stack:
        events = f"http://127.0.0.1:{unused_port}/_hanse/events"
        with serve(towns, unused_port, *command, DEVELOPMENT="1"):
            lines = stack.enter_context(client.stream("GET", events)).iter_lines()
            assert next(lines).startswith(":")
            told = time.monotonic()
        assert time.monotonic() - told < 10
        assert [*lines] == [""]
