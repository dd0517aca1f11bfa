"""Static files as a delivery network sends them: compressed beforehand, readable from everywhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.page.federation import Federation, remote_entry
from benchmarks.page.sources import Script, write_script

__all__ = ["File", "list_files", "make_files_app", "read_script"]

FOREVER = b"public, max-age=31536000, immutable"
LEVEL = 6


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent: its headers, and its body under gzip."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def make_file(body: bytes, media_type: bytes, *, caching: bytes) -> File:
    """Compress a file and write its headers.

    `Timing-Allow-Origin` lets the page see how many bytes came, which is what is measured.
    """
    squeezed = gzip.compress(body, LEVEL, mtime=0)
    headers = (
        (b"content-type", media_type),
        (b"content-length", str(len(squeezed)).encode()),
        (b"content-encoding", b"gzip"),
        (b"cache-control", caching),
        (b"access-control-allow-origin", b"*"),
        (b"timing-allow-origin", b"*"),
    )
    return File(headers, squeezed)


@cache
def make_script(script: Script) -> File:
    """Make the file of a generated module; what several remotes have alike is made once."""
    return make_file(write_script(script), b"text/javascript", caching=FOREVER)


def read_script(path: Path) -> File:
    """Read a module that is not generated."""
    return make_file(path.read_bytes(), b"text/javascript", caching=FOREVER)


def list_files(federation: Federation) -> dict[str, File]:
    """Return every file of every remote, by path; the ports tell the origins apart, the paths do as well."""
    files = {}
    for remote in federation.remotes:
        entry = json.dumps(remote_entry(remote), separators=(",", ":")).encode()
        files[f"/{remote.name}/remoteEntry.json"] = make_file(entry, b"application/json", caching=b"no-cache")
        for name, script in remote.scripts.items():
            files[f"/{remote.name}/{name}"] = make_script(script)
    return files


def make_files_app(files: Mapping[str, File], *, announce: Callable[[], object]) -> ASGIApp:
    """Return the smallest app that serves these files, so that the time it takes is no part of the result."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            announce()
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        file = files.get(scope["path"])
        headers = file.headers if file else ((b"content-length", b"0"),)
        await send({"type": "http.response.start", "status": 200 if file else 404, "headers": headers})
        await send({"type": "http.response.body", "body": file.body if file else b""})

    return app
