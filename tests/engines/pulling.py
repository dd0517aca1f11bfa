"""Real builds on a local server, pulled as a consumer pulls them, and put into generations."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

from hanse.federation.generations import Member
from hanse.formats.entry_structs import Shared
from hanse.formats.server_entry import ServerEntry
from hanse.limits import LIMITS
from hanse.net import Access, Client
from hanse.stream.import_entries import finish_build, make_module

__all__ = ["BUILDS", "Site", "host", "serve", "web"]

ROOT = Path(__file__).resolve().parents[2]
WEBPACK = ROOT / "tests" / "toolchains" / "webpack" / "dist"
BUILDS = {
    "catalog": ROOT / "examples" / "basic" / "catalog" / "dist",
    "ferry": ROOT / "examples" / "containers" / "ferry" / "dist" / "server",
    "harbour": ROOT / "examples" / "containers" / "harbour" / "dist",
    "next": ROOT / "tests" / "toolchains" / "next" / "dist",
    **{name: WEBPACK / name for name in ("quay", "wharf", "jetty", "pier", "dock", "causeway", "my-berth")},
}
PACKAGES = ROOT / "tests" / "toolchains" / "webpack" / "node_modules"
REACT = {
    "react": "react/cjs/react.production.js",
    "react/jsx-runtime": "react/cjs/react-jsx-runtime.production.js",
    "react-dom": "react-dom/cjs/react-dom.production.js",
    "react-dom/server": "react-dom/cjs/react-dom-server.edge.production.js",
}
ADAPTER = """
import { createElement } from 'react';
import { renderToReadableStream } from 'react-dom/server';

export const render = async (component, props) => {
  const stream = await renderToReadableStream(createElement(component, props));
  await stream.allReady;
  return stream;
};
"""


@dataclass
class Site:
    """A server of files on loopback, and what it was asked for."""

    origin: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(folder: Path, *, change: Callable[[bytes], bytes] | None = None) -> Iterator[Site]:
    """Serve a folder; `change` is applied to every file."""
    site = Site("")

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.0" if change else "HTTP/1.1"

        def send_header(self, keyword: str, value: str) -> None:
            if change is None or keyword.lower() != "content-length":
                super().send_header(keyword, value)

        def copyfile(self, source: IO[bytes], outputfile: IO[bytes]) -> None:  # type: ignore[override]
            outputfile.write(source.read() if change is None else change(source.read()))

        def log_message(self, *_: object) -> None:
            site.asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        site.origin = f"http://127.0.0.1:{server.server_port}"
        try:
            yield site
        finally:
            server.shutdown()
            thread.join(timeout=10)


def web(*sites: Site) -> Client:
    """Return a client that may ask these sites."""
    return Client(Access.for_urls([site.origin for site in sites], local=True))


def host(version: str = "19.2.9") -> Member:
    """Return the host's own build: React, and the adapter that renders it."""
    files = {f"{name.replace('/', '-')}.cjs": (PACKAGES / file).read_bytes() for name, file in REACT.items()}
    contents = {**files, "adapter.js": ADAPTER.encode()}
    shared = tuple(
        Shared(
            package_name=name,
            version=version,
            required_version=f"^{version}",
            singleton=True,
            strict_version=False,
            out_file_name=f"{name.replace('/', '-')}.cjs",
        )
        for name in REACT
    )
    modules = {
        file: make_module(body, externals=[] if file == "react.cjs" else ["react"])
        for file, body in contents.items()
    }
    entry = ServerEntry(
        schema=1,
        name="town",
        version="1.0.0",
        build="",
        serial=0,
        exposes={"./adapter": "adapter.js"},
        modules=modules,
        shared=shared,
    )
    return Member(name="town", host=True, build=finish_build(entry, contents, subject="town", limits=LIMITS))
