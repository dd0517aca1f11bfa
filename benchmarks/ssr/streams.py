"""Hanse's builds: a publisher for each remote, and what a consumer has to know of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.ssr.builds import FIRST_BUILD, REMOTES, read_files, read_imports, read_version
from hanse.formats.server_entry import ServerEntry, ServerModule, build_digest
from hanse.limits import LIMITS
from hanse.stream import Publisher, digest_of, key_ring, public_key
from hanse.stream.shelf import Shelf

__all__ = ["BROKEN", "PUBLIC", "SHARED", "Streams", "describe_browser", "write_build"]

BROKEN: Final = b'throw new Error("this build is broken");\n'
# The keys of a benchmark on one machine: nobody else sees them, and nothing is behind them.
SHARED: Final = bytes(range(32))
PRIVATE: Final = bytes(range(32, 64))
FOREIGN: Final = bytes(range(64, 96))
PUBLIC: Final = public_key(PRIVATE)
EXPOSES: Final = {"home": {"./Notice": "Notice.js"}}
# Every remote brings React along and shares it, as builds do; one of them is run.
REACT: Final = {
    "react": {"react": "react.js", "react/jsx-runtime": "jsx-runtime.js"},
    "react-dom": {"react-dom": "react-dom.js", "react-dom/server": "server.js"},
}
# A thousand redeploys in a minute or two are more than a publisher usually answers.
OFTEN: Final = replace(LIMITS, publisher_rate=10_000.0, publisher_rate_all=10_000.0, publisher_look=0.01)


class Streams:
    """The publishers of all remotes.

    Args:
        folder: Where the builds are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records = count()
        # The first builds have the time as their serial, and all later ones a higher one.
        self._serials = count(int(time.time()) + 1)
        self._odd: frozenset[str] = frozenset()
        self._shelves: dict[str, Shelf] = {}
        self._publishers: dict[str, Publisher] = {}
        for remote in REMOTES:
            write_build(folder / remote, remote, FIRST_BUILD)
            self._open(remote, forged=False)

    def app_of(self, remote: str) -> ASGIApp:
        """Return the app that answers for a remote, whoever publishes it at the time."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            app: Any = self._publishers[remote]
            await app(scope, receive, send)

        return answer

    async def publish(
        self, remote: str, build: str, *, broken: bool, forged: bool, serial: int | None
    ) -> None:
        """Publish a build.

        Args:
            remote: Whose.
            build: What its pages name.
            broken: Whether it throws when it is loaded.
            forged: Whether somebody signs it whom consumers do not trust.
            serial: Its serial, if it is not to be the next one: from a publisher that has forgotten the last.
        """
        odd = forged or serial is not None
        number = next(self._serials) if serial is None else serial
        write_build(self._folder / remote, remote, build, broken=broken, serial=number)
        # Whoever comes after a forger, or one that has forgotten, is neither.
        if odd or remote in self._odd:
            self._open(remote, forged=forged)
        else:
            await self._shelves[remote].refresh()
        self._odd = self._odd | {remote} if odd else self._odd - {remote}

    def _open(self, remote: str, *, forged: bool) -> None:
        record = self._folder / f"{remote}.{next(self._records)}"
        shelf = Shelf(self._folder / remote, record, limits=OFTEN)
        self._shelves[remote] = shelf
        private = FOREIGN if forged else PRIVATE
        self._publishers[remote] = Publisher(shelf, ring=key_ring([SHARED]), private=private, limits=OFTEN)


def write_build(folder: Path, remote: str, build: str, *, broken: bool = False, serial: int = 0) -> None:
    """Write a remote's server build: its modules, and `server-entry.json` in the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    exposes = EXPOSES.get(remote, {"./Page": "Page.js"})
    contents = contents_of(remote, build)
    if broken:
        contents |= {file: BROKEN + contents[file] for file in exposes.values()}
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    (folder / "server-entry.json").write_bytes(describe(remote, build, exposes, contents, serial))


def contents_of(remote: str, build: str) -> dict[str, bytes]:
    """Return a remote's modules by file, with the name of a build in them."""
    own = {
        file: content.replace(FIRST_BUILD.encode(), build.encode())
        for file, content in read_files("hanse", remote).items()
    }
    return {**own, **read_files("hanse", "react")}


def describe(
    remote: str, build: str, exposes: Mapping[str, str], contents: Mapping[str, bytes], serial: int
) -> bytes:
    """Write the document of a build."""
    imports = {**read_imports(remote), **read_imports("react")}
    entry = ServerEntry(
        schema=1,
        name=remote,
        version=f"1.0.{int(build.removeprefix('build-'))}",
        build="",
        serial=serial,
        exposes=exposes,
        modules={
            file: ServerModule(
                digest=digest_of(content),
                size=len(content),
                imports=tuple(imports[file]["imports"]),
                externals=tuple(imports[file]["externals"]),
            )
            for file, content in contents.items()
        },
    )
    fields: dict[str, object] = msgspec.to_builtins(entry)
    fields["shared"] = [*shares()]
    digest = build_digest(msgspec.json.encode(fields), subject=remote)
    return msgspec.json.encode({**fields, "build": digest})


def describe_browser(remote: str) -> dict[str, object]:
    """Return a remote's entry for browsers; the files it names are not asked for here."""
    exposes = EXPOSES.get(remote, {"./Page": "Page.js"})
    return {
        "name": remote,
        "exposes": [{"key": key, "outFileName": file} for key, file in exposes.items()],
        "shared": shares(),
    }


def shares() -> list[dict[str, object]]:
    """Return what a build shares, as its document has it."""
    version = read_version("react")
    return [
        {
            "packageName": package,
            "version": version,
            "requiredVersion": f"^{version}",
            "singleton": True,
            "strictVersion": True,
            "entries": entries,
        }
        for package, entries in REACT.items()
    ]
