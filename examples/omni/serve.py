"""Build the three apps of the store and run them, each a server of its own: home, shop and checkout."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.request import urlopen

from hanse.stream import public_key, write_key

__all__ = ["APPS", "Store", "run_store"]

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

    def stop(self, app: str) -> None:
        """End one app."""
        process = self.processes.pop(app)
        process.send_signal(signal.SIGINT)
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


def url_of(app: str, port: int) -> str:
    """Return where an app is."""
    return f"http://{app}.localhost:{port}/"


def build(app: str) -> None:
    """Build one app."""
    subprocess.run([sys.executable, "-m", "hanse", "build", str(HERE / app)], check=True)


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
        for app in tuple(store.processes):
            store.stop(app)


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


def main() -> int:
    """Build and run the store until Ctrl-C."""
    for app in APPS:
        build(app)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    print("store: starting three apps", flush=True)
    with run_store() as store:
        for url in store.urls.values():
            print(f"store: open {url}", flush=True)
        print("store: Ctrl-C ends it", flush=True)
        ended.wait()
    print("store: ended", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
