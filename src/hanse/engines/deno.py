"""The default engine: supervised Deno processes that may do nothing but compute.

A process gets one generation over its standard input, and ends with it. It has no permission, an empty
folder, nothing of the environment and no descriptor but its pipes; `docs/reference/engines.md` says what that
holds against.
"""

from __future__ import annotations

import asyncio
import importlib
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from hanse.engines.base import EngineLimits, Generation
from hanse.engines.deno_realm import DenoRealm
from hanse.engines.process import spawn
from hanse.engines.pushing import Encoder
from hanse.errors import EngineError

__all__ = ["DenoEngine", "find_deno"]

GUEST: Final = Path(__file__).parent / "js" / "deno.js"
# No configuration, no lock, no packages, no network, no cache, and no question to anybody.
FLAGS: Final = (
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--quiet",
    "--no-remote",
    "--cached-only",
    "--no-code-cache",
    "--ignore-env",
)
# Generations whose pushed form is kept: the one in use, the next, and one that drains.
KEPT: Final = 3


class DenoEngine:
    """Opens realms, each a Deno process of its own.

    Args:
        program: The `deno` to run; None for that of the package `deno`.
    """

    def __init__(self, program: Path | None = None) -> None:
        self._program = program
        self._folder: Path | None = None
        self._realms: set[DenoRealm] = set()
        self._pushed: OrderedDict[tuple[int, EngineLimits], tuple[Generation, bytes]] = OrderedDict()
        self._encoder = Encoder()
        self._encoding = asyncio.Lock()
        self._closed = False

    @property
    def realms(self) -> tuple[DenoRealm, ...]:
        """The realms whose processes run."""
        return tuple(self._realms)

    async def open(self, generation: Generation, limits: EngineLimits) -> DenoRealm:
        """Start a process, push the generation into it, and evaluate what `warm` names.

        Raises:
            EngineError: Deno is missing or could not be started, or a module of `warm` failed.
        """
        if self._closed:
            raise EngineError("this engine is closed", reason="ended", subject=generation.id)
        program = self._program or find_deno()
        pushed = await self._push(generation, limits)
        folder = self._make_folder()
        env = {"DENO_DIR": str(folder / "deno"), "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
        process = await spawn(command(program, limits), env=env, cwd=folder / "empty")
        realm = DenoRealm(process, limits, ended=self._realms.discard)
        self._realms.add(realm)
        await realm.begin(pushed, subject=generation.id)
        return realm

    async def close(self) -> None:
        """End every process, and remove their folder."""
        self._closed = True
        for realm in tuple(self._realms):
            await realm.close()
        if self._folder is not None:
            folder, self._folder = self._folder, None
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _push(self, generation: Generation, limits: EngineLimits) -> bytes:
        key = (id(generation), limits)
        # A pool opens several realms of a generation at once: the first has it encoded, the others wait.
        async with self._encoding:
            known = self._pushed.get(key)
            if known is None:
                # The generation is kept with it, so that no other one gets its identity.
                encode = self._encoder.encode
                known = generation, await anyio.to_thread.run_sync(encode, generation, limits)
                self._pushed[key] = known
                while len(self._pushed) > KEPT:
                    self._pushed.popitem(last=False)
        return known[1]

    def _make_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="hanse-deno-"))
            (self._folder / "empty").mkdir()
            (self._folder / "deno").mkdir()
        return self._folder


def command(program: Path, limits: EngineLimits) -> list[str]:
    """Return the command line of a process."""
    heap = max(limits.memory >> 20, 16)
    v8 = f"--v8-flags=--max-old-space-size={heap},--max-semi-space-size=4,--single-threaded"
    return [str(program), "run", *FLAGS, v8, str(GUEST)]


def find_deno() -> Path:
    """Return the program of the package `deno`.

    Raises:
        EngineError: The package is not installed, or has no program for this system.
    """
    try:
        found = importlib.import_module("deno").find_deno_bin()
    except (ImportError, FileNotFoundError) as error:
        raise EngineError(
            f"there is no Deno to run: {error}",
            reason="start",
            subject="deno",
            hint="install hanse[render], which brings it",
        ) from error
    return Path(found)
