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
from collections import OrderedDict, deque
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from hanse.engines.base import EngineLimits, Generation
from hanse.engines.deno_realm import DenoRealm
from hanse.engines.process import Process, spawn
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
# Spare processes are started when nothing was opened for so many seconds: it takes a core for a tenth of one.
CALM: Final = 0.25
# Generations whose pushed form is kept: the one in use, the next, and one that drains.
KEPT: Final = 3


class DenoEngine:
    """Opens realms, each a Deno process of its own.

    Args:
        program: The `deno` to run; None for that of the package `deno`.
        spares: Processes that are started beforehand and have nothing yet, so that opening a realm is no more
            than pushing modules; there are none before the first was opened.
    """

    def __init__(self, program: Path | None = None, *, spares: int = 0) -> None:
        self._program = program
        self._wanted = spares
        self._spares: deque[Process] = deque()
        self._heap = 0
        self._stocking: asyncio.Task[None] | None = None
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
        pushed = await self._push(generation, limits)
        try:
            heap, subject = heap_of(limits), generation.id
            spare = await self._take_spare(heap)
            if spare is not None:
                try:
                    return await self._begin(spare, pushed, limits, subject=subject)
                except EngineError as error:
                    # It may have ended while it waited, which is no fault of the generation.
                    if error.reason != "ended":
                        raise
            return await self._begin(await self._spawn(heap), pushed, limits, subject=subject)
        finally:
            self._stock_up()

    @property
    def spares(self) -> tuple[int, ...]:
        """The numbers of the processes that wait for a generation."""
        return tuple(process.pid for process in self._spares if process.returncode is None)

    async def close(self) -> None:
        """End every process, and remove their folder."""
        self._closed = True
        if self._stocking is not None:
            self._stocking.cancel()
            await asyncio.wait({self._stocking})
        await self._end_spares()
        for realm in tuple(self._realms):
            await realm.close()
        if self._folder is not None:
            folder, self._folder = self._folder, None
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _begin(
        self, process: Process, pushed: bytes, limits: EngineLimits, *, subject: str
    ) -> DenoRealm:
        """Make a realm of a process."""
        realm = DenoRealm(process, limits, ended=self._realms.discard)
        self._realms.add(realm)
        await realm.begin(pushed, subject=subject)
        return realm

    async def _take_spare(self, heap: int) -> Process | None:
        """Return a process that waits for a generation and has this heap."""
        if heap != self._heap:
            self._heap = heap
            await self._end_spares()
        while self._spares:
            process = self._spares.popleft()
            if process.returncode is None:
                return process
            await process.end()
        return None

    async def _spawn(self, heap: int) -> Process:
        folder = self._make_folder()
        env = {"DENO_DIR": str(folder / "deno"), "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
        return await spawn(command(self._program or find_deno(), heap), env=env, cwd=folder / "empty")

    def _stock_up(self) -> None:
        """Start spare processes, once there is time for it."""
        if self._stocking is not None:
            self._stocking.cancel()
        if self._wanted and not self._closed:
            self._stocking = asyncio.create_task(self._start_spares())

    async def _start_spares(self) -> None:
        while len(self.spares) < self._wanted:
            # One after the other: a process that starts has a core for itself.
            await asyncio.sleep(CALM)
            heap = self._heap
            try:
                process = await self._spawn(heap)
            except EngineError:
                return  # Whoever opens the next realm is told.
            self._spares.append(process)
            if heap != self._heap:
                await self._end_spares()

    async def _end_spares(self) -> None:
        while self._spares:
            await self._spares.popleft().end()

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


def heap_of(limits: EngineLimits) -> int:
    """Return the heap of a process in MiB."""
    return max(limits.memory >> 20, 16)


def command(program: Path, heap: int) -> list[str]:
    """Return the command line of a process with a heap of so many MiB."""
    v8 = f"--v8-flags=--max-old-space-size={heap},--max-semi-space-size=16,--single-threaded"
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
