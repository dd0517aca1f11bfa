"""What all machines of an engine share: the machine code, the twelve functions it may call, the clock.

The twelve are defined here by hand, and nothing else is linked: there is no function in a machine that could
open a file or a connection. WASI's are stubs that fail, but for the time and for randomness.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wasmtime import Caller, Config, Engine, FuncType, InstancePre, Linker, Module, ValType, wat2wasm

from hanse.engines.wasm.binary import load_module
from hanse.engines.wasm.clock import Clock

if TYPE_CHECKING:
    from hanse.engines.wasm.machine import Machine

__all__ = ["PUMP", "STACK", "Program"]

STACK: Final = 2 << 20
"""Bytes of a machine's stack; its thread has several times as many, so that a trap comes first."""
REALTIME: Final = 0
# Times are told no more exactly than this, in nanoseconds: enough to measure with, little to spy with.
GRAIN: Final = 100_000
RANDOM_MOST: Final = 64 << 10
BAD_FILE: Final = 8  # WASI's errno for a descriptor that is none
# Runs the jobs of promises without a way through Python for each: at most so many, then it says 1.
PUMP: Final = """(module
  (import "quickjs" "qjs_is_job_pending" (func $pending (result i32)))
  (import "quickjs" "qjs_execute_pending_job" (func $run (result i32)))
  (func (export "pump") (param $most i32) (result i32)
    (loop $next
      (if (i32.eqz (call $pending)) (then (return (i32.const 0))))
      (if (i32.lt_s (call $run) (i32.const 0)) (then (return (i32.const -1))))
      (local.set $most (i32.sub (local.get $most) (i32.const 1)))
      (br_if $next (i32.gt_s (local.get $most) (i32.const 0))))
    (i32.const 1)))"""


class Program:
    """QuickJS, compiled and linked.

    Args:
        cache: The folder for machine code, None to keep none.

    Raises:
        EngineError: (`start`) `quickjs.wasm` is missing, or is another file.
    """

    def __init__(self, cache: Path | None) -> None:
        config = Config()
        config.epoch_interruption = True
        config.max_wasm_stack = STACK
        self.engine = Engine(config)
        self.clock = Clock(self.engine)
        module = load_module(self.engine, cache)
        self.pump = Module(self.engine, bytes(wat2wasm(PUMP)))
        self._here = threading.local()
        linker = Linker(self.engine)
        self._define(linker)
        self.ready: InstancePre = linker.instantiate_pre(module)

    def enter(self, machine: Machine) -> None:
        """Say whose calls come on this thread from now on."""
        self._here.machine = machine

    def close(self) -> None:
        """End the clock."""
        self.clock.close()

    def _define(self, linker: Linker) -> None:
        i32, i64 = ValType.i32(), ValType.i64()

        def define(module: str, name: str, takes: list[ValType], answer: Callable[..., int | None]) -> None:
            def called(caller: Caller, *args: int) -> int | None:
                machine: Machine = self._here.machine
                return machine.answer(caller, answer, args)

            gives = [] if name == "host_promise_rejection" else [i32]
            linker.define_func(module, name, FuncType(takes, gives), called, access_caller=True)

        def guest(name: str, takes: list[ValType], answer: Callable[..., int | None]) -> None:
            define("env", name, takes, answer)

        def wasi(name: str, takes: list[ValType], answer: Callable[..., int | None]) -> None:
            define("wasi_snapshot_preview1", name, takes, answer)

        guest("host_call", [i32] * 5, _call)
        guest("host_module_normalize", [i32] * 2, _normalize)
        guest("host_module_load", [i32] * 2, _load)
        guest("host_interrupt", [], lambda _machine: 0)
        guest("host_promise_rejection", [i32] * 3, _forget)
        guest("host_get_timezone_offset", [i32] * 2, lambda _machine, *_: 0)
        wasi("clock_time_get", [i32, i64, i32], _time)
        wasi("random_get", [i32] * 2, _random)
        wasi("fd_write", [i32] * 4, _no_file)
        wasi("fd_close", [i32], _no_file)
        wasi("fd_fdstat_get", [i32] * 2, _no_file)
        wasi("fd_seek", [i32, i64, i32, i32], _no_file)


def _call(machine: Machine, name: int, length: int, _this: int, count: int, arguments: int) -> int:
    return machine.call_host(name, length, count, arguments)


def _normalize(machine: Machine, importer: int, specifier: int) -> int:
    return machine.normalize(importer, specifier)


def _load(machine: Machine, name: int, length: int) -> int:
    return machine.load(name, length)


def _forget(machine: Machine, promise: int, reason: int, handled: int) -> None:
    machine.note_rejection(promise, reason, handled=bool(handled))


def _time(machine: Machine, which: int, _precision: int, place: int) -> int:
    now = time.time_ns() if which == REALTIME else time.monotonic_ns()
    machine.write(place, (now // GRAIN * GRAIN).to_bytes(8, "little"))
    return 0


def _random(machine: Machine, place: int, length: int) -> int:
    if not 0 <= length <= RANDOM_MOST:
        return BAD_FILE
    machine.write(place, os.urandom(length))
    return 0


def _no_file(_machine: Machine, *_: int) -> int:
    return BAD_FILE
