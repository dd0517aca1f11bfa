"""Opens a generation: reads its modules, tries its containers out, warms it, and takes a snapshot."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass
from threading import Event
from typing import Final

from hanse.engines.base import EngineLimits, Exposed, Generation
from hanse.engines.wasm import guest
from hanse.engines.wasm.commonjs import wanted_names
from hanse.engines.wasm.faults import ended_error, fault_error
from hanse.engines.wasm.host import FUNCTIONS, Host, Loaded, Sink
from hanse.engines.wasm.logs import Log
from hanse.engines.wasm.machine import Ended, Machine, Snapshot
from hanse.engines.wasm.program import Program
from hanse.engines.wasm.table import HOST, Table, Unresolved

__all__ = ["Opened", "open_generation"]

# Modules are read before they are asked for, into the snapshot, up to this part of the memory in text.
EAGER: Final = 16
# What containers expose is tried out, each in a machine of its own, to learn its exports and its chunks.
TRIED: Final = 256


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation, ready to be called.

    Attributes:
        loaded: What is known of its modules.
        snapshot: What every call's machine is restored from.
    """

    loaded: Loaded
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Opening:
    """What all machines that open one generation have in common."""

    program: Program
    generation: Generation
    limits: EngineLimits
    loaded: Loaded
    deadline: float
    cancelled: Event


def open_generation(
    program: Program, generation: Generation, limits: EngineLimits, *, cancelled: Event
) -> Opened:
    """Load the modules, evaluate what `warm` names, and take a snapshot. It takes a thread's time.

    Raises:
        EngineError: A module of `warm` threw, imports what the table does not name, or was too slow.
    """
    table = Table(generation)
    loaded = Loaded(table, wanted_names(table))
    deadline = time.monotonic() + limits.open
    opening = Opening(program, generation, limits, loaded, deadline, cancelled)
    try:
        exposed = _exposed_targets(table)
        if exposed:
            _try_out(opening, _boot(opening, eager=False), exposed)
        base = _boot(opening, eager=True)
    except Ended as ended:
        raise ended_error(ended, subject=generation.id) from None
    snapshot = _warm(opening, base) if generation.warm else base
    return Opened(loaded, snapshot)


def _boot(opening: Opening, *, eager: bool) -> Snapshot:
    """Boot a machine with the guest in it, and with the modules read where they are to be."""
    host = _host(opening, "load", "")
    with closing(_machine(opening, host, None)) as machine:
        entries = guest.install(machine, tuple(FUNCTIONS))
        if eager:
            _read_modules(opening, host, machine)
        return machine.snapshot(astuple(entries))


def _read_modules(opening: Opening, host: Host, machine: Machine) -> None:
    """Read every ES module, so that calls need not: what cannot be read says so when it is asked for."""
    left = opening.limits.memory // EAGER
    for name, source in opening.generation.modules.items():
        left -= len(source.text)
        if left < 0 or machine.fullness() > 1 / 2:
            return
        if source.format == "esm" and name not in host.read:
            machine.compile(source.text, name)
            host.read.add(name)
        if opening.cancelled.is_set():
            raise Ended("ended", "it was cancelled")


def _exposed_targets(table: Table) -> tuple[str, ...]:
    """Return the modules that are made around what containers expose."""
    found: dict[str, None] = {}
    for target in table.targets():
        if isinstance(target, Exposed) and target.container in table.generation.containers:
            found[table.name_exposed(target)] = None
    return tuple(found)[:TRIED]


def _try_out(opening: Opening, snapshot: Snapshot, names: Iterable[str]) -> None:
    """Learn what containers expose: the names of exports, and the chunks that are read for it.

    What fails is tried again when somebody asks for it, who then gets the error.
    """
    for name in names:
        host = _host(opening, "warm", "")
        host.current = name
        try:
            _run(opening, host, snapshot, "probe", name)
        except Ended:
            if time.monotonic() > opening.deadline:
                raise
            continue
        if host.fault is None and host.value is not None:
            opening.loaded.add_names(name, str(json.loads(host.value)).split("\n")[:-1])


def _warm(opening: Opening, base: Snapshot) -> Snapshot:
    """Evaluate what is to be warm, one after the other, and take a snapshot of that."""
    host = _host(opening, "warm", "")
    with closing(_machine(opening, host, base)) as machine:
        for specifier in opening.generation.warm:
            _warm_one(opening, host, machine, base, specifier)
        return machine.snapshot(base.handles)


def _warm_one(opening: Opening, host: Host, machine: Machine, base: Snapshot, specifier: str) -> None:
    host.ended, host.fault, host.asked_in_vain = False, None, None
    try:
        host.current = opening.loaded.table.resolve(HOST, specifier)
    except Unresolved:
        host.current = HOST
    try:
        _call(opening, host, machine, base, "warm", specifier)
    except Ended as ended:
        raise ended_error(ended, subject=specifier) from None
    if host.fault is not None:
        raise fault_error(host, opening.generation, subject=specifier)


def _run(opening: Opening, host: Host, snapshot: Snapshot, kind: str, specifier: str) -> None:
    with closing(_machine(opening, host, snapshot)) as machine:
        _call(opening, host, machine, snapshot, kind, specifier)


def _call(
    opening: Opening, host: Host, machine: Machine, snapshot: Snapshot, kind: str, specifier: str
) -> None:
    guest.run(
        machine,
        host,
        guest.Entries(*snapshot.handles),
        guest.write_call(kind, json.dumps({"module": specifier}).encode()),
        deadline=opening.deadline,
        cancelled=opening.cancelled,
    )


def _host(opening: Opening, phase: str, remote: str) -> Host:
    log = Log(remote, opening.limits.log)
    return Host(
        opening.loaded, opening.limits, sink=Sink(), log=log, phase="load" if phase == "load" else "warm"
    )


def _machine(opening: Opening, host: Host, snapshot: Snapshot | None) -> Machine:
    return Machine(
        opening.program,
        host,
        memory=opening.limits.memory,
        deadline=opening.deadline,
        snapshot=snapshot,
    )
