"""The guest: the scripts of this engine's own that run in every machine, before anything else does."""

from __future__ import annotations

import json
import os
import struct
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from hanse.engines.wasm.machine import MODULE_CODE, Ended, Machine

if TYPE_CHECKING:
    from hanse.engines.wasm.host import Host

__all__ = ["FILES", "Entries", "install", "read", "run", "write_call"]

FOLDER: Final = Path(__file__).resolve().parent.parent / "js"
FILES: Final = tuple(
    f"hanse:{name}.js"
    for name in (
        "quickjs",
        "quickjs-own",
        "quickjs-timers",
        "quickjs-console",
        "quickjs-web",
        "quickjs-commonjs",
    )
)
# Jobs of promises between two looks at the clock and at whether anybody still waits.
JOBS: Final = 2000
# A machine that has nothing left to do, and this much of its memory in use, has run out of it.
FULL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Entries:
    """Handles of the guest's functions: one begins a call, one runs timers, one logs what nobody catches."""

    start: int
    tick: int
    lost: int


@cache
def read(name: str) -> str:
    """Read one of the guest's scripts."""
    return (FOLDER / name.removeprefix("hanse:")).read_text(encoding="utf-8")


def install(machine: Machine, functions: tuple[str, ...]) -> Entries:
    """Evaluate the guest in a machine that has just been booted.

    Raises:
        Ended: It could not be.
    """
    holder = machine.host_functions(functions)
    machine.set_global("hanse:host", holder)
    machine.free(holder)
    machine.free(machine.evaluate('import "hanse:quickjs.js";', "hanse:start.js", kind=MODULE_CODE))
    while machine.pump(JOBS) == 1:
        pass
    entries = machine.get_global("hanse:entries")
    found = [machine.property(entries, name) for name in ("start", "tick", "lost")]
    if any(map(machine.failed, found)):
        raise Ended("ended", "the guest does not start")
    machine.free(entries, machine.evaluate("delete globalThis['hanse:entries']", "hanse:start.js"))
    return Entries(*found)


def run(
    machine: Machine,
    host: Host,
    entries: Entries,
    call: str,
    *,
    deadline: float,
    cancelled: Event,
) -> None:
    """Run one call until it has ended; its output is the host's.

    Args:
        machine: Where.
        host: The machine's.
        entries: The guest's functions in it.
        call: The call as JSON, of `write_call`.
        deadline: On `time.monotonic()`'s clock.
        cancelled: Set when nobody waits any more.

    Raises:
        Ended: The machine had to be ended.
    """
    given = machine.text(call)
    begun = machine.call(entries.start, given)
    if machine.failed(begun):
        raise Ended("memory", "the call does not fit into its memory")
    while not host.ended:
        status = machine.pump(JOBS)
        if cancelled.is_set():
            raise Ended("ended", "it was cancelled")
        left = deadline - time.monotonic()
        if left <= 0:
            raise Ended("timeout", "it took too long")
        if status == 0 and not host.ended:
            _wait(machine, entries, left, cancelled)
    for reason in machine.take_rejections():
        machine.free(machine.call(entries.lost, reason), reason)


def write_call(kind: str, fields: bytes) -> str:
    """Write a call as the guest reads it: with lots to draw, before the fields of a JSON object."""
    seed = struct.unpack("<4I", os.urandom(16))
    return json.dumps({"kind": kind, "seed": seed})[:-1] + "," + fields.decode()[1:]


def _wait(machine: Machine, entries: Entries, left: float, cancelled: Event) -> None:
    """Run the next timer, or wait for it."""
    handle = machine.call(entries.tick)
    if machine.failed(handle):
        machine.free(machine.take_exception())
        return
    wait = machine.number(handle)
    machine.free(handle)
    if wait > 0:
        cancelled.wait(min(wait / 1000, left))
    elif wait != 0:
        if machine.fullness() > FULL:
            raise Ended("memory", "it needs more memory than it may have")
        raise Ended("timeout", "it waits for something that never comes")
