"""Run the three apps of the store, each a server of its own: home, shop and checkout. Build them before."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.request import urlopen

from examples.basic.serve import stay
from hanse.stream import public_key, write_key

__all__ = ["APPS", "HERE", "Store", "free_ports", "run_store"]

HINTS = (
    "every app shows the pages of all; the address bar stays with the app you begin at",
    "put something into the cart, and go to the checkout and back: there is one document, and one React",
    "the news at the bottom are a stranger's: his code ran in WebAssembly, and his scripts are gone",
    "end one app by its process, and the others go on; start it again, and it is back",
)

HERE = Path(__file__).resolve().parent
# Each app and its port; the names below `localhost` are this machine.
APPS: Mapping[str, int] = MappingProxyType({"checkout": 3000, "home": 3001, "shop": 3002})
PATIENCE = 30.0


@dataclass(frozen=True)
class Store:
    """Three apps that run, each in a process of its own.

    Attributes:
        folder: Where the apps lie.
        urls: Where each app is.
        environment: The addresses and keys that they know each other by.
        processes: The processes.
    """

    folder: Path
    urls: Mapping[str, str]
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, *apps: str) -> None:
        """Start apps, and wait until they listen."""
        for app in apps:
            self._begin(app)
        for app in apps:
            listening = self.processes[app].stdout
            assert listening is not None
            if not listening.readline():
                raise RuntimeError(f"{app} has ended before it listened")

    def _begin(self, app: str) -> None:
        self.processes[app] = subprocess.Popen(
            [sys.executable, "-m", "hanse", "start", str(self.folder / app)],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self, *apps: str) -> None:
        """End apps, all at once."""
        processes = [self.processes.pop(app) for app in apps]
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def make_environment(ports: Mapping[str, int]) -> dict[str, str]:
    """Write down where the apps are, and draw their keys: nobody else has them, and no file."""
    found: dict[str, str] = {}
    for app, port in ports.items():
        key, private = secrets.token_bytes(32), secrets.token_bytes(32)
        name, url = app.upper(), url_of(app, port)
        found |= {f"{name}_URL": url, f"{name}_ENTRY": f"{url}remoteEntry.json"}
        found |= {f"{name}_KEY": write_key(key, "key"), f"{name}_PRIVATE": write_key(private, "private")}
        found[f"{name}_PUBLIC"] = write_key(public_key(private), "public")
    # A stranger, whose files the shop lends a place.
    return {**found, "BULLETIN": f"{found['SHOP_URL']}bulletin/remoteEntry.json"}


def free_ports() -> dict[str, int]:
    """Return a free port for each app."""
    listeners = {app: socket.create_server(("127.0.0.1", 0)) for app in APPS}
    ports = {app: int(listener.getsockname()[1]) for app, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()
    return ports


def url_of(app: str, port: int) -> str:
    """Return where an app is."""
    return f"http://{app}.localhost:{port}/"


@contextmanager
def run_store(
    ports: Mapping[str, int] = APPS, *, folder: Path = HERE, only: Collection[str] = tuple(APPS)
) -> Iterator[Store]:
    """Run apps while the block runs; without more words all, each with the pages of all.

    Args:
        ports: Where each app listens.
        folder: Where the apps lie.
        only: Those that are started.
    """
    store = Store(folder, {app: url_of(app, port) for app, port in ports.items()}, make_environment(ports))
    try:
        store.start(*only)
        if len(only) == len(ports):
            for port in ports.values():
                for path in ("", "shop", "checkout"):
                    await_page(f"http://127.0.0.1:{port}/{path}")
        yield store
    finally:
        store.stop(*store.processes)


def await_page(url: str) -> None:
    """Wait until a page is shown."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=PATIENCE) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


@contextmanager
def serve_store() -> Iterator[str]:
    """Run the store on its ports while the block runs; yield where to begin."""
    print("demo: starting checkout, home and shop, each in a process of its own", flush=True)
    with run_store() as store:
        for app, url in store.urls.items():
            print(f"demo: {app} is at {url}", flush=True)
        yield store.urls["home"]


if __name__ == "__main__":
    sys.exit(stay("demo", serve_store, "examples.omni.visit", HINTS))
