"""Delegates in JavaScript: a module beside `hanse.toml` that connects to a remote, as a container.

It exports a promise of `{get, init}`: `module.exports = …` in CommonJS, `export default …` in an ES module.
What it imports relatively are files beside it; every other name means what it means to all modules of its
generation, so that it can use React, and what other remotes expose. Nothing is looked for in `node_modules`.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hanse.errors import FormatError, UsageError
from hanse.federation.generations import Member
from hanse.federation.reading import read_file
from hanse.formats.config_structs import Layer
from hanse.formats.server_entry import ContainerScript, ServerEntry, ServerModule
from hanse.graph import lex
from hanse.limits import LIMITS, Limits
from hanse.stream.import_entries import UNTOLD, finish_build, make_module, stop_after
from hanse.stream.import_script import required_by
from hanse.urls import is_file_name

__all__ = ["read_delegate"]

ESM_WORD: Final = re.compile(rb"(?m)^\s*(?:export\b|import\s*[\w$*{\"'])")
SUFFIXES: Final = (".js", ".mjs", ".cjs", ".json")


@dataclass(frozen=True, slots=True)
class Read:
    """A file of a delegate: its bytes, what kind of module it is, and what it imports."""

    body: bytes
    format: Literal["esm", "cjs", "json"]
    files: tuple[str, ...]
    bare: tuple[str, ...]


async def read_delegate(
    delegate: str, folder: Path, *, name: str, layer: Layer = "ssr", limits: Limits = LIMITS
) -> Member:
    """Read a delegate and the files that it imports; it becomes the container of its remote.

    Args:
        delegate: The file, relative to the folder: `./delegates/shop.js`.
        folder: The folder of `hanse.toml`; nothing outside it is read, symbolic links followed.
        name: The remote it is for.
        layer: What it is for.
        limits: The caps.

    Raises:
        HanseError: A file cannot be read, or imports one that is not there or lies outside the folder.
    """
    return await asyncio.to_thread(read_member, delegate, folder, name, layer, limits)


def read_member(delegate: str, folder: Path, name: str, layer: Layer, limits: Limits) -> Member:
    """Read a delegate.

    Raises:
        HanseError: As `read_delegate` does.
    """
    start = posixpath.normpath(delegate)
    check_file(start, delegate, folder, f"the delegate of {name}")
    files = read_all(start, folder, limits)
    entry = ServerEntry(
        schema=1,
        name=name,
        version=UNTOLD,
        build="",
        serial=0,
        format="cjs",
        layer=layer,
        modules={file: describe(one) for file, one in files.items()},
        container=ContainerScript(start, re.sub(r"\W", "_", name, flags=re.ASCII)),
    )
    build = finish_build(entry, {file: one.body for file, one in files.items()}, subject=start, limits=limits)
    formats = {file: one.format for file, one in files.items()}
    return Member(name=name, build=build, formats=formats, open=True)


def describe(one: Read) -> ServerModule:
    """Describe a file by what it imports."""
    return make_module(one.body, imports=one.files, externals=(bare.replace("/./", "/") for bare in one.bare))


def read_all(start: str, folder: Path, limits: Limits) -> dict[str, Read]:
    """Read a file and all that it imports.

    Raises:
        HanseError: One cannot be read, or there are too many.
    """
    found: dict[str, Read] = {}
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        if len(found) >= limits.delegate_files:
            raise UsageError(
                f"it imports more than {limits.delegate_files} files", subject=start, hint="bundle them"
            )
        found[file] = read_one(file, folder, limits)
        waiting.extend(found[file].files)
    return found


def read_one(file: str, folder: Path, limits: Limits) -> Read:
    """Read one file.

    Raises:
        HanseError: It cannot be read, or imports what lies outside the folder.
    """
    body = read_file(folder / file, folder=folder, cap=limits.module_bytes)
    if file.endswith(".json"):
        return Read(body, "json", (), ())
    lexed = lex(body, subject=file, stop=stop_after(limits.lex_seconds), limits=limits)
    kind = kind_of(file, body, bool(lexed.imports))
    names = dict.fromkeys((*lexed.imports, *lexed.dynamic, *required_by(body)))
    files = tuple(beside(file, one, folder) for one in names if one.startswith(("./", "../")))
    return Read(body, kind, files, tuple(one for one in names if not one.startswith(("./", "../"))))


def kind_of(file: str, body: bytes, imports: bool) -> Literal["esm", "cjs"]:  # noqa: FBT001
    """Tell an ES module from CommonJS: by its suffix, else by whether it imports or exports anything."""
    if file.endswith((".mjs", ".cjs")):
        return "esm" if file.endswith(".mjs") else "cjs"
    return "esm" if imports or ESM_WORD.search(body) else "cjs"


def beside(file: str, specifier: str, folder: Path) -> str:
    """Return the file that a relative import leads to.

    Raises:
        FormatError: It has no suffix of a module, or lies outside the folder.
    """
    found = posixpath.normpath(posixpath.join(posixpath.dirname(file), specifier))
    check_file(found, specifier, folder, file)
    return found


def check_file(found: str, written: str, folder: Path, subject: str) -> None:
    """Raise unless a name is one of a module below the folder.

    Raises:
        FormatError: It is not.
    """
    if not is_file_name(found) or not found.endswith(SUFFIXES):
        raise FormatError(
            "this is no module beside hanse.toml",
            subject=subject,
            found=repr(written[:200]),
            expected=f"a plain path below {folder} that ends in {', '.join(SUFFIXES)}",
        )
