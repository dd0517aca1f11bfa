"""The default engine: supervised Deno processes that may do nothing but compute.

A process gets one generation over its standard input, and ends with it. It has no permission, an empty
folder, nothing of the environment and no descriptor but its pipes; `docs/reference/engines.md` says what that
holds against.
"""

from __future__ import annotations

import asyncio
import importlib
import secrets
import shutil
import tempfile
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import anyio
import anyio.to_thread

from hanse.engines.base import EngineLimits, Generation
from hanse.engines.deno_realm import DenoRealm
from hanse.engines.frames import SECRET_BYTES, Kind, encode_frame
from hanse.engines.preparing import Base, encode_base, find_base, make_base
from hanse.engines.process import Process, spawn
from hanse.engines.pushing import Encoder
from hanse.errors import EngineError, HanseError

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
# A page leaves half a megabyte behind; V8 begins with so little room that it would tidy up after every fifth.
YOUNG: Final = ("--min-semi-space-size=8", "--max-semi-space-size=16")
# Spare processes are started when nothing was opened for so many seconds: it takes a core for a tenth of one.
CALM: Final = 0.25
# Generations whose pushed form is kept: the one in use, the next, and one that drains.
KEPT: Final = 3
NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Spare:
    """A process that waits for its generation.

    Attributes:
        process: The process.
        secret: What its frames begin with.
        base: What it evaluates meanwhile; None where that is nothing.
    """

    process: Process
    secret: bytes
    base: Base | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A generation as it is pushed into processes that have evaluated a base."""

    generation: Generation
    base: Base | None
    body: bytes


class DenoEngine:
    """Opens realms, each a Deno process of its own.

    Args:
        program: The `deno` to run; None for that of the package `deno`.
        spares: Processes that are started beforehand, so that opening a realm is no more than pushing
            modules; there are none before the first was opened. They evaluate what the last generation calls
            lasting: the next one most often has it, too.
    """

    def __init__(self, program: Path | None = None, *, spares: int = 0) -> None:
        self._program = program
        self._wanted = spares
        self._spares: deque[Spare] = deque()
        self._base: Base | None = None
        # Whether the next generation will most likely have it, too.
        self._sure = True
        self._known: tuple[Generation, Base, Mapping[str, int] | None] | None = None
        self._heap = 0
        self._stocking: asyncio.Task[None] | None = None
        self._folder: Path | None = None
        self._realms: set[DenoRealm] = set()
        self._pushed: OrderedDict[tuple[int, EngineLimits, int], Pushed] = OrderedDict()
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
        try:
            heap = heap_of(limits)
            spare = await self._take_spare(heap, generation)
            if spare is not None:
                try:
                    return await self._begin(spare, generation, limits)
                except EngineError as error:
                    # It may have ended while it waited, which is no fault of the generation.
                    if error.reason != "ended":
                        raise
            return await self._begin(await self._spawn(heap), generation, limits)
        finally:
            self._stock_up(generation)

    @property
    def spares(self) -> tuple[int, ...]:
        """The numbers of the processes that wait for a generation."""
        return tuple(one.process.pid for one in self._spares if one.process.returncode is None)

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

    async def _begin(self, spare: Spare, generation: Generation, limits: EngineLimits) -> DenoRealm:
        """Make a realm of a process."""
        try:
            pushed = await self._push(generation, limits, spare.base)
        except BaseException:
            await spare.process.end()
            raise
        realm = DenoRealm(spare.process, limits, secret=spare.secret, ended=self._realms.discard)
        self._realms.add(realm)
        await realm.begin(pushed, subject=generation.id)
        return realm

    async def _take_spare(self, heap: int, generation: Generation) -> Spare | None:
        """Return a process that waits for a generation, has this heap, and nothing that this one has not."""
        if heap != self._heap:
            self._heap = heap
            await self._end_spares()
        while self._spares:
            spare = self._spares.popleft()
            if spare.process.returncode is None and self._find_base(generation, spare.base) is not None:
                return spare
            self._sure = self._sure and spare.base is None
            await spare.process.end()
        return None

    async def _spawn(self, heap: int, base: Base | None = None) -> Spare:
        folder = self._make_folder()
        env = {"DENO_DIR": str(folder / "deno"), "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
        process = await spawn(command(self._program or find_deno(), heap), env=env, cwd=folder / "empty")
        spare = Spare(process, secrets.token_bytes(SECRET_BYTES), base)
        if base is not None:
            body = encode_base(base)
            process.write(encode_frame(Kind.PREPARE, 0, body, secret=spare.secret))
        return spare

    def _find_base(self, generation: Generation, base: Base | None) -> Mapping[str, int] | None:
        """Return what of a generation a base has; None where it has more than that."""
        if base is None:
            return NOTHING
        known = self._known
        # A pool takes several processes for one generation.
        if known is None or known[0] is not generation or known[1] is not base:
            known = self._known = generation, base, find_base(generation, base)
        return known[2]

    def _stock_up(self, generation: Generation) -> None:
        """Start spare processes, once there is time for it."""
        if self._stocking is not None:
            self._stocking.cancel()
        if self._wanted and not self._closed:
            self._stocking = asyncio.create_task(self._start_spares(generation))

    async def _start_spares(self, generation: Generation) -> None:
        while len(self.spares) < self._wanted:
            # One after the other: a process that starts has a core for itself.
            await asyncio.sleep(CALM)
            heap = self._heap
            try:
                self._spares.append(await self._spawn(heap, await self._choose_base(generation)))
            except EngineError:
                return  # Whoever opens the next realm is told.
            if heap != self._heap:
                await self._end_spares()

    async def _choose_base(self, generation: Generation) -> Base | None:
        """Return what a spare process evaluates for the generation after this one."""
        if self._base is not None and self._find_base(generation, self._base) is not None:
            self._sure = True
            return self._base
        # Where generations take turns that have little in common, spare processes wait with nothing.
        with suppress(HanseError):
            async with self._encoding:
                make = partial(make_base, generation, self._encoder.rewrite)
                self._base = await anyio.to_thread.run_sync(make)
        return self._base if self._sure else None

    async def _end_spares(self) -> None:
        while self._spares:
            await self._spares.popleft().process.end()

    async def _push(self, generation: Generation, limits: EngineLimits, base: Base | None) -> bytes:
        key = (id(generation), limits, id(base))
        # A pool opens several realms of a generation at once: the first has it encoded, the others wait.
        async with self._encoding:
            pushed = self._pushed.get(key)
            if pushed is None:
                known = self._find_base(generation, base) or NOTHING
                body = await anyio.to_thread.run_sync(self._encoder.encode, generation, limits, known)
                # Generation and base are kept with it, so that no others get their identities.
                pushed = self._pushed[key] = Pushed(generation, base, body)
                while len(self._pushed) > KEPT:
                    self._pushed.popitem(last=False)
        return pushed.body

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
    v8 = ",".join([f"--max-old-space-size={heap}", *YOUNG, "--single-threaded"])
    return [str(program), "run", *FLAGS, f"--v8-flags={v8}", str(GUEST)]


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
