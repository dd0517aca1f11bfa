"""A realm of this engine: the snapshot of a generation, and a fresh machine from it for every call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from threading import Event

from hanse.engines.asking import deadline_of, encode_call, encode_render
from hanse.engines.base import JSON, EngineLimits, RenderCall, Rendered
from hanse.engines.turns import Turns
from hanse.engines.wasm import guest
from hanse.engines.wasm.faults import ended_error, fault_error
from hanse.engines.wasm.host import Host, Sink
from hanse.engines.wasm.logs import Log
from hanse.engines.wasm.machine import Ended, Machine
from hanse.engines.wasm.opening import Opened
from hanse.engines.wasm.program import Program
from hanse.engines.wasm.stream import Pieces, WasmStream
from hanse.engines.wasm.table import HOST, Unresolved, plain_name
from hanse.engines.wasm.threads import start_thread
from hanse.errors import EngineError

__all__ = ["WasmRealm"]


class WasmRealm:
    """One generation in QuickJS. Use it from one event loop; `WasmEngine.open` gives one.

    Args:
        program: What its machines run.
        opened: The snapshot they begin with.
        limits: What each may use.
        ended: Told when it was closed and nothing is under way in it any more.
    """

    def __init__(
        self, program: Program, opened: Opened, limits: EngineLimits, *, ended: Callable[[WasmRealm], None]
    ) -> None:
        self._program, self._opened, self._limits = program, opened, limits
        self._tell_end = ended
        self._turns = Turns(limits.at_once, limits.queue)
        self._running: dict[asyncio.Future[None], Event] = {}
        self._closed = False

    async def render(self, call: RenderCall) -> Rendered:
        """Render to the end; see `Realm.render`."""
        deadline = self._deadline(call.deadline)
        sink = Sink()
        host = self._host(call.module, sink)
        await self._run(host, self._rendering("render", call), call.module, deadline)
        return Rendered(
            html="".join(sink.pieces),
            head=sink.head,
            status=sink.status,
            modules=host.modules,
            seconds=host.seconds,
        )

    async def stream(self, call: RenderCall) -> WasmStream:
        """Begin to render in pieces; see `Realm.stream`."""
        deadline = self._deadline(call.deadline)
        text = self._rendering("stream", call)
        pieces = Pieces(deadline)
        host = self._host(call.module, pieces)
        future = await self._begin(host, text, call.module, deadline, pieces.cancelled)
        return WasmStream(pieces, host, future)

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        """Call an exported function; see `Realm.call`."""
        until = self._deadline(deadline)
        text = guest.write_call("call", encode_call(module, export, args, self._limits))
        host = self._host(module, Sink())
        await self._run(host, text, module, until)
        try:
            value: JSON = json.loads(host.value or "null", parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise EngineError(
                "what it gave cannot be read as JSON", reason="output", subject=module
            ) from None
        return value

    async def close(self) -> None:
        """End it, and whatever is under way in it: a machine that only computes ends at its deadline."""
        self._closed = True
        self._turns.close()
        running = dict(self._running)
        for cancelled in running.values():
            cancelled.set()
        if running:
            await asyncio.wait(running)
        self._tell_end(self)

    # --- One call

    async def _run(self, host: Host, text: str, module: str, deadline: float) -> None:
        cancelled = Event()
        future = await self._begin(host, text, module, deadline, cancelled)
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        finally:
            # An error that it has knows this frame, with all of the generation behind it.
            del future

    async def _begin(
        self, host: Host, text: str, module: str, deadline: float, cancelled: Event
    ) -> asyncio.Future[None]:
        """Wait for a turn, and start the call's thread; the turn ends with the thread."""
        await self._take_turn(module, deadline)
        future = start_thread(
            self._work(host, text, module, deadline, cancelled), name=f"hanse-wasm {module}"
        )
        self._running[future] = cancelled
        future.add_done_callback(self._finish)
        return future

    async def _take_turn(self, module: str, deadline: float) -> None:
        """Wait for a turn until the deadline.

        Raises:
            EngineError: (`busy`) Too many wait; (`timeout`) the deadline passed; (`ended`) it was closed.
        """
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await self._turns.take(module)
        except TimeoutError:
            raise EngineError("it waited too long for its turn", reason="timeout", subject=module) from None

    def _finish(self, future: asyncio.Future[None]) -> None:
        del self._running[future]
        self._turns.give_back()
        if not future.cancelled():
            # Where nobody awaits it any more, nobody is to be told.
            future.exception()

    def _work(
        self, host: Host, text: str, module: str, deadline: float, cancelled: Event
    ) -> Callable[[], None]:
        def work() -> None:
            snapshot = self._opened.snapshot
            try:
                with (
                    self._program.clock.running(),
                    closing(
                        Machine(
                            self._program,
                            host,
                            memory=self._limits.memory,
                            deadline=deadline,
                            snapshot=snapshot,
                        )
                    ) as machine,
                ):
                    entries = guest.Entries(*snapshot.handles)
                    guest.run(machine, host, entries, text, deadline=deadline, cancelled=cancelled)
            except Ended as ended:
                raise ended_error(ended, subject=module) from None
            if host.fault is not None:
                raise fault_error(host, self._opened.loaded.table.generation, subject=module)

        return work

    def _host(self, module: str, sink: Sink) -> Host:
        log = Log(self._remote_of(module), self._limits.log)
        return Host(self._opened.loaded, self._limits, sink=sink, log=log, phase="call")

    def _remote_of(self, module: str) -> str:
        """Return whose module it is: named in what it logs."""
        table = self._opened.loaded.table
        try:
            name = table.resolve(HOST, module)
        except Unresolved:
            return ""
        target = table.exposed.get(name)
        return target.container if target else table.generation.modules[plain_name(name)].remote

    def _deadline(self, seconds: float | None) -> float:
        return time.monotonic() + deadline_of(seconds, self._limits)

    def _rendering(self, kind: str, call: RenderCall) -> str:
        return guest.write_call(kind, encode_render(call, self._limits))


def _no_constant(name: str) -> JSON:
    raise ValueError(name)
