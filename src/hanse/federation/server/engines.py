"""The engines of one federation: each is made when the first generation needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Final, cast

from hanse.engines.base import Engine, EngineLimits, Generation, Realm
from hanse.engines.pool import Pool, PoolOptions
from hanse.errors import EngineError

__all__ = ["Engines"]

# Where the engines are, loaded when they are needed: each has an extra of its own.
HOMES: Final = {
    "deno": ("hanse.engines.deno", "DenoEngine", "hanse[render]"),
    "wasm": ("hanse.engines.wasm", "WasmEngine", "hanse[wasm]"),
}

# Starting one of its processes takes longer than opening a generation in it.
SPARING: Final = frozenset({"deno"})
# Each of its calls has a machine of its own anyway, and its calls run side by side.
SELF_SUFFICIENT: Final = frozenset({"wasm"})


class Engines:
    """Opens realms by the kind of engine; all of it belongs to one event loop.

    Args:
        limits: What each realm may use.
        options: How many processes a generation has, and what for.
        share: Returns how many of these processes are to be started here, at the moment.
        makers: Kind -> what makes the engine; for tests.
    """

    def __init__(
        self,
        limits: EngineLimits,
        options: PoolOptions | None = None,
        *,
        share: Callable[[int], int] = lambda processes: processes,
        makers: Mapping[str, Callable[[int], Engine]] | None = None,
    ) -> None:
        self._limits = limits
        self._options = options or PoolOptions()
        self._share = share
        self._makers = makers or {kind: partial(make_engine, kind) for kind in HOMES}
        self._engines: dict[str, Engine] = {}

    async def open(self, kind: str, generation: Generation) -> Realm:
        """Open a realm.

        Raises:
            EngineError: There is no such engine here, or the generation cannot be opened.
        """
        size = self._share(self._options.size)
        if kind not in self._engines:
            self._engines[kind] = self._makers[kind](size)
        engine = self._engines[kind]
        if kind in SELF_SUFFICIENT:
            return await engine.open(generation, self._limits)
        pool = Pool(engine, self._limits, options=replace(self._options, size=size, spares=size))
        try:
            await pool.switch(generation)
        except BaseException:
            await pool.close()
            raise
        return pool

    async def aclose(self) -> None:
        """End all engines."""
        while self._engines:
            _, engine = self._engines.popitem()
            await engine.close()


def make_engine(kind: str, size: int) -> Engine:
    """Make an engine.

    Args:
        kind: Which.
        size: How many processes a generation has: as many are started beforehand for the next one.

    Raises:
        EngineError: What it needs is not installed.
    """
    module, name, extra = HOMES[kind]
    try:
        more = {"spares": size} if kind in SPARING else {}
        return cast("Engine", getattr(import_module(module), name)(**more))
    except ImportError as error:
        raise EngineError(
            f"the engine {kind!r} is not installed: {error}",
            reason="start",
            subject=kind,
            hint=f"install {extra}",
        ) from error
