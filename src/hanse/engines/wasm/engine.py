"""The engine: QuickJS compiled once, realms opened in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

from hanse.engines.base import EngineLimits, Generation
from hanse.engines.wasm.binary import cache_folder
from hanse.engines.wasm.opening import Opened, open_generation
from hanse.engines.wasm.program import Program
from hanse.engines.wasm.realm import WasmRealm
from hanse.engines.wasm.threads import start_thread
from hanse.errors import EngineError

__all__ = ["WasmEngine"]


class WasmEngine:
    """Runs code that nobody vouches for: QuickJS in WebAssembly, a fresh machine for every call.

    Args:
        cache: The folder for machine code, which saves a second at each start. None is the user's own,
            `hanse/engine` below `XDG_CACHE_HOME` or `~/.cache`; it is used only where nobody else may write.
        keep: False keeps no machine code.
    """

    def __init__(self, *, cache: Path | None = None, keep: bool = True) -> None:
        self._cache = (cache or cache_folder()) if keep else None
        self._program: Program | None = None
        self._realms: set[WasmRealm] = set()
        self._starting = asyncio.Lock()
        self._closed = False

    async def open(self, generation: Generation, limits: EngineLimits) -> WasmRealm:
        """Open a realm: load the modules, evaluate what `warm` names; see `Engine.open`.

        Raises:
            EngineError: As `Engine.open` says; (`start`) `quickjs.wasm` is missing.
        """
        program = await self._start()
        cancelled = Event()

        def work() -> Opened:
            with program.clock.running():
                return open_generation(program, generation, limits, cancelled=cancelled)

        try:
            opened = await start_thread(work, name=f"hanse-wasm opens {generation.id}")
        except asyncio.CancelledError:
            cancelled.set()
            raise
        realm = WasmRealm(program, opened, limits, ended=self._realms.discard)
        self._realms.add(realm)
        return realm

    async def close(self) -> None:
        """End every realm, and the engine."""
        self._closed = True
        await asyncio.gather(*(realm.close() for realm in tuple(self._realms)))
        if self._program is not None:
            await asyncio.to_thread(self._program.close)

    async def _start(self) -> Program:
        async with self._starting:
            if self._closed:
                raise EngineError("this engine has been closed", reason="ended", subject="wasm")
            if self._program is None:
                cache = self._cache
                self._program = await start_thread(lambda: Program(cache), name="hanse-wasm compiles")
            return self._program
