"""QuickJS as WebAssembly: where its file is, that it is the right one, and its machine code, kept on disk.

It is somebody else's code, so it is not kept here: `npm ci` installs the pinned release, with its hash, below
`scripts/engine` in a checkout, and the build puts it into the wheel.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import stat
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from wasmtime import Engine, Module, WasmtimeError

from hanse.errors import EngineError

__all__ = ["DIGEST", "cache_folder", "find_binary", "load_module"]

HERE: Final = Path(__file__).resolve().parent
FILE: Final = "quickjs.wasm"
# In a wheel, or else in a checkout that `make engine` was run in.
PLACES: Final = (
    HERE / "quickjs" / FILE,
    HERE.parents[3] / "scripts" / "engine" / "node_modules" / "quickjs-wasi" / FILE,
)
DIGEST: Final = "sha384-GbmDa0X/pJY9Op8NojhN6RW8tp9F1CUOGBGe1/HaTivSQI9Hy+iLIkzGvVQmwcQZ"
"""Of quickjs-wasi 3.6.2; anything else is not compiled."""
# What machine code is compiled for, besides wasmtime's version and the processor: change it with `Config`.
SETTINGS: Final = "epochs-1"
# What only its owner may do anything with.
PRIVATE: Final = 0o700


def find_binary(places: tuple[Path, ...] = PLACES) -> bytes:
    """Read `quickjs.wasm`.

    Raises:
        EngineError: (`start`) It was neither packed nor installed, or it is another file.
    """
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise EngineError(
            "quickjs.wasm is missing",
            reason="start",
            subject="wasm",
            hint="it is part of Hanse's wheel; in a checkout, run `make engine`",
        )
    body = found.read_bytes()
    if _digest(body) != DIGEST:
        raise EngineError(
            f"{found} is not the quickjs.wasm that Hanse was tested with: its digest is {_digest(body)}",
            reason="start",
            subject="wasm",
            hint="install Hanse again; in a checkout, `make clean engine` installs it again",
        )
    return body


def load_module(engine: Engine, cache: Path | None, *, places: tuple[Path, ...] = PLACES) -> Module:
    """Return QuickJS as machine code: out of the cache, or compiled (about a second) and put there.

    Args:
        engine: It is compiled for this one.
        cache: The folder for machine code; None keeps none. A folder that others may write into is not used:
            whatever lies in it would be run.
        places: Where the file may be.

    Raises:
        EngineError: (`start`) The file is missing or another one.
    """
    body = find_binary(places)
    folder = None if cache is None else _private(cache)
    if folder is None:
        return Module(engine, body)
    file = folder / f"quickjs-{_key(body)}.cwasm"
    kept = _read_own(file)
    if kept is not None:
        # A file of another wasmtime that got our key by accident: compile again.
        with suppress(WasmtimeError):
            return Module.deserialize(engine, kept)
    module = Module(engine, body)
    _keep(file, bytes(module.serialize()))
    return module


def cache_folder() -> Path:
    """Return the user's own folder for machine code: below `XDG_CACHE_HOME`, else `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hanse" / "engine"


def _digest(body: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}"


def _key(body: bytes) -> str:
    """Name what machine code depends on: the file, wasmtime, its settings, and the processor."""
    parts = (_digest(body), version("wasmtime"), SETTINGS, platform.system(), platform.machine(), _features())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _features() -> str:
    """Return what the processor can do, where the system says so; else its name."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def _private(folder: Path) -> Path | None:
    """Make the folder; None where it cannot be made, is another user's, or others may write into it."""
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if own and stat.S_IMODE(found.st_mode) & ~PRIVATE == 0 else None


def _read_own(file: Path) -> bytes | None:
    """Read the file if it is a plain one that only this user can have written."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as opened:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            return None
        return opened.read()


def _keep(file: Path, body: bytes) -> None:
    """Write the file in one step; a disk that is full or read-only costs the next start a second."""
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".quickjs-")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(body)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
