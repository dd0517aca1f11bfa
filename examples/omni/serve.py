"""Build the three apps of the store and run them, each a server of its own: home, shop and checkout."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from hanse.stream import public_key, write_key

__all__ = ["APPS", "make_keys", "run_app", "run_store"]

HERE = Path(__file__).resolve().parent
# Each app and its port; the names below `localhost` are this machine.
APPS = {"checkout": 3000, "home": 3001, "shop": 3002}
PATIENCE = 30.0


def url_of(app: str) -> str:
    """Return where an app is."""
    return f"http://{app}.localhost:{APPS[app]}/"


def make_keys() -> dict[str, str]:
    """Draw the keys of all apps, as environment variables: nobody else has them, and nothing is written down."""
    found = {}
    for app in APPS:
        key, private = secrets.token_bytes(32), secrets.token_bytes(32)
        found[f"{app.upper()}_KEY"] = write_key(key, "key")
        found[f"{app.upper()}_PRIVATE"] = write_key(private, "private")
        found[f"{app.upper()}_PUBLIC"] = write_key(public_key(private), "public")
    return found


def build(app: str) -> None:
    """Build one app."""
    subprocess.run([sys.executable, "-m", "hanse", "build", str(HERE / app)], check=True)


@contextmanager
def run_app(app: str, keys: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run one app while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hanse", "start", str(HERE / app)],
        env={**os.environ, **keys},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def await_page(url: str) -> None:
    """Wait until a page is shown."""
    until = time.monotonic() + PATIENCE
    # urllib looks names below `localhost` up where the system may not know them.
    address = url.replace(urlhost(url), "127.0.0.1")
    while True:
        try:
            with urlopen(address, timeout=PATIENCE) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def urlhost(url: str) -> str:
    """Return the host's name in a URL."""
    return url.split("/")[2].split(":")[0]


@contextmanager
def run_store(keys: Mapping[str, str]) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Run all apps while the block runs, and wait until each shows the others' pages."""
    with ExitStack() as stack:
        processes = {app: stack.enter_context(run_app(app, keys)) for app in APPS}
        for app in APPS:
            for path in ("", "shop", "checkout"):
                await_page(f"{url_of(app)}{path}")
        yield processes


def main() -> int:
    """Build and run the store until Ctrl-C."""
    for app in APPS:
        build(app)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    print("store: starting three apps", flush=True)
    with run_store(make_keys()):
        for app in ("home", "shop", "checkout"):
            print(f"store: open {url_of(app)}", flush=True)
        print("store: Ctrl-C ends it", flush=True)
        ended.wait()
    print("store: ended", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
