"""One QuickJS in one WebAssembly memory: booted, or restored from a snapshot; thrown away after use.

What a machine says is never trusted: every address it names is checked against its memory, and whatever goes
wrong in a function that it calls ends it with a trap, never with an exception that crosses it.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wasmtime import Caller, Func, Global, Linker, Memory, Store, Trap, TrapCode, WasmtimeError

from hanse.engines.wasm.clock import TICK
from hanse.engines.wasm.program import Program
from hanse.engines.wasm.table import Unresolved
from hanse.engines.wasm.words import WORD, decode, unsigned

__all__ = ["Ended", "Host", "Machine", "Refused", "Snapshot"]

PAGE: Final = 64 << 10
# QuickJS counts its own stack up to here and throws an error; beyond it, the machine would trap.
JS_STACK: Final = 100_000
# A name that a module asks for; no path that anybody wrote is longer.
NAME_MOST: Final = 16 << 10
# What a host function is given: more is nothing the guest's own scripts ever hand out.
ARGUMENTS_MOST: Final = 8
GLOBAL_CODE: Final = 0
MODULE_CODE: Final = 1
# Errors of this machine that are remembered, to be told from those that modules make up.
REMEMBERED: Final = 256


class Ended(Exception):  # noqa: N818 -- it is a result that is passed on, not a fault
    """A machine must not be used any more.

    Attributes:
        reason: `timeout`, `memory`, `output`, `threw` (its stack ran over) or `ended`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Refused(Exception):  # noqa: N818 -- it becomes an error that the guest can catch
    """A host function says no."""


class Host(Protocol):
    """What a machine may ask for."""

    def resolve(self, importer: str, specifier: str) -> str:
        """Return the name of the module that a specifier means.

        Raises:
            Unresolved: There is none.
        """
        ...

    def source(self, name: str) -> str:
        """Return the text of a module that was resolved.

        Raises:
            Refused: It cannot be had.
        """
        ...

    def answer(self, machine: Machine, name: str, arguments: Sequence[int]) -> int:
        """Answer a call of one of the guest's host functions: handles in, an owned handle out.

        Raises:
            Refused: The guest gets an error.
            Ended: The machine is ended.
        """
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A machine at rest: what its memory holds where it is not zero, and a few numbers.

    Attributes:
        size: Bytes of its memory.
        parts: Where each part begins, and what it is.
        numbers: The stack pointer, and the addresses of QuickJS's runtime and context.
        scratch: The address of its few bytes for results.
        handles: Handles of the guest's functions.
    """

    size: int
    parts: tuple[tuple[int, bytes], ...]
    numbers: tuple[int, int, int]
    scratch: int
    handles: tuple[int, ...]


class Machine:
    """One QuickJS. Use it on one thread, and close it.

    Args:
        program: What it is an instance of.
        host: What answers its calls.
        memory: Bytes it may have.
        deadline: When it is ended, on `time.monotonic()`'s clock.
        snapshot: What to restore; None boots a new one.
    """

    def __init__(
        self, program: Program, host: Host, *, memory: int, deadline: float, snapshot: Snapshot | None = None
    ) -> None:
        self._program = program
        self._host = host
        self._most = memory
        self._fault: BaseException | None = None
        self._import_errors: dict[int, Unresolved] = {}
        self._rejections: dict[int, tuple[int, int]] = {}
        self._store = Store(program.engine)
        self._at: Store | Caller = self._store
        self._store.set_limits(memory_size=memory, instances=2, memories=1, tables=1)
        self.set_deadline(deadline)
        program.enter(self)
        self._link()
        if snapshot is None:
            self._boot()
        else:
            self._restore(snapshot)

    def close(self) -> None:
        """Give everything back."""
        self._store.close()

    def set_deadline(self, deadline: float) -> None:
        """Trap at this time, on `time.monotonic()`'s clock."""
        self._store.set_epoch_deadline(max(1, math.ceil((deadline - time.monotonic()) / TICK)))

    # --- Guest code

    def evaluate(self, text: str, name: str, *, kind: int = GLOBAL_CODE) -> int:
        """Evaluate a script, or begin to evaluate a module; return the handle of what it gives."""
        code, length = self._put(text.encode("utf-8", "surrogatepass"))
        file, _ = self._put(name.encode())
        result = self._call("qjs_eval", code, length, file, kind)
        self._call("wasm_free", code)
        self._call("wasm_free", file)
        return result

    def compile(self, text: str, name: str) -> bool:
        """Compile a module, and what it imports, without evaluating it; return whether that was possible."""
        code, length = self._put(text.encode("utf-8", "surrogatepass"))
        file, _ = self._put(name.encode())
        result = self._call("qjs_compile", code, length, file, MODULE_CODE, 0, self._scratch)
        self._call("wasm_free", code)
        self._call("wasm_free", file)
        if result:
            self._call("wasm_free", result)
        else:
            self.free(self._call("qjs_get_exception"))
        return bool(result)

    def call(self, function: int, *arguments: int) -> int:
        """Call a function of the guest; return the handle of what it gives, or of its exception."""
        place, _ = self._put(b"".join(item.to_bytes(4, "little") for item in arguments))
        nothing = self._call("qjs_get_undefined")
        result = self._call("qjs_call", function, nothing, len(arguments), place)
        self._call("wasm_free", place)
        self.free(nothing)
        return result

    def pump(self, most: int) -> int:
        """Run jobs of promises: 0 when none is left, 1 when there are more, -1 when one ended badly."""
        return self._run(self._pump, most)

    def failed(self, handle: int) -> bool:
        """Tell whether a call ended with an exception."""
        return handle == 0 or bool(self._call("qjs_is_exception", handle))

    def take_exception(self) -> int:
        """Return the handle of the exception that is under way, and forget it."""
        return self._call("qjs_get_exception")

    def rethrow(self) -> None:
        """Throw again what is under way, out of the host function that is being answered."""
        error = self._call("qjs_get_exception")
        self._call("qjs_throw", error)
        self.free(error)

    def import_error(self, handle: int) -> Unresolved | None:
        """Return what a module asked for in vain when this very error was made for it."""
        return self._import_errors.get(self._call("qjs_get_value_ptr", handle))

    def note_rejection(self, promise: int, reason: int, *, handled: bool) -> None:
        """Take note of a promise that was refused with nobody to hear it, or that is heard after all."""
        place = self._call("qjs_get_value_ptr", promise)
        if handled:
            self.free(*self._rejections.pop(place, ()), promise, reason)
        elif place in self._rejections or len(self._rejections) >= REMEMBERED:
            self.free(promise, reason)
        else:
            self._rejections[place] = promise, reason

    def take_rejections(self) -> list[int]:
        """Return handles of what promises were refused with that nobody has heard."""
        noted, self._rejections = self._rejections, {}
        self.free(*(promise for promise, _ in noted.values()))
        return [reason for _, reason in noted.values()]

    # --- Values

    def text(self, value: str) -> int:
        """Make a string; return its handle."""
        place, length = self._put(value.encode("utf-8", "surrogatepass"))
        handle = self._call("qjs_new_string", place, length)
        self._call("wasm_free", place)
        return handle

    def nothing(self) -> int:
        """Return a handle of `undefined`."""
        return self._call("qjs_get_undefined")

    def read_text(self, handle: int, *, most: int) -> str:
        """Read a string.

        Raises:
            Refused: It is none.
            Ended: (`output`) It has more bytes than it may have.
        """
        if not self._call("qjs_is_string", handle):
            raise Refused("this is no string")
        place = self._call("qjs_get_string_len", handle, self._scratch)
        if place == 0:
            raise Ended("memory", "there is no room for this string")
        length = int.from_bytes(self.read(self._scratch, 4), "little")
        if length > most:
            raise Ended("output", f"more than {most} bytes")
        body = self.read(place, length)
        self._call("qjs_free_cstring", place)
        return decode(body)

    def number(self, handle: int) -> float:
        """Read a number."""
        return float(self._attempt(self._functions["qjs_get_float64"], handle) or 0)

    def property(self, handle: int, name: str) -> int:
        """Return the handle of a property."""
        place, _ = self._put(name.encode())
        result = self._call("qjs_get_prop_string", handle, place)
        self._call("wasm_free", place)
        return result

    def host_functions(self, names: Sequence[str]) -> int:
        """Make an object of functions that ask the host; return its handle."""
        holder = self._call("qjs_new_object")
        for name in names:
            place, length = self._put(name.encode())
            function = self._call("qjs_new_host_function", place, length, ARGUMENTS_MOST)
            self._call("qjs_set_prop_string", holder, place, function)
            self._call("wasm_free", place)
            self.free(function)
        return holder

    def set_global(self, name: str, handle: int) -> None:
        """Set a property of the global object."""
        place, _ = self._put(name.encode())
        everything = self._call("qjs_get_global")
        self._call("qjs_set_prop_string", everything, place, handle)
        self.free(everything)
        self._call("wasm_free", place)

    def get_global(self, name: str) -> int:
        """Return the handle of a property of the global object."""
        everything = self._call("qjs_get_global")
        found = self.property(everything, name)
        self.free(everything)
        return found

    def free(self, *handles: int) -> None:
        """Give handles back."""
        for handle in handles:
            if handle:
                self._call("qjs_free_value", handle)

    # --- Memory

    def read(self, start: int, length: int) -> bytes:
        """Copy bytes out of its memory.

        Raises:
            Ended: They are not all inside it.
        """
        return ctypes.string_at(self._address(start, length), length)

    def write(self, start: int, body: bytes) -> None:
        """Copy bytes into its memory.

        Raises:
            Ended: They do not fit there.
        """
        ctypes.memmove(self._address(start, len(body)), body, len(body))

    def fullness(self) -> float:
        """Return the part of the memory it may have that is in use."""
        return self._memory.data_len(self._at) / self._most

    def snapshot(self, handles: Sequence[int]) -> Snapshot:
        """Return all that it is, with the handles that are of use later."""
        size = self._memory.data_len(self._at)
        numbers = (
            int(self._stack.value(self._store)) & WORD,
            self._call("qjs_get_runtime_ptr"),
            self._call("qjs_get_context_ptr"),
        )
        empty = bytes(PAGE)
        pages = ((start, self.read(start, min(PAGE, size - start))) for start in range(0, size, PAGE))
        parts = tuple((start, page) for start, page in pages if page != empty[: len(page)])
        return Snapshot(size, parts, numbers, self._scratch, tuple(handles))

    # --- What the machine calls

    def answer(
        self, caller: Caller, function: Callable[..., int | None], arguments: Sequence[int]
    ) -> int | None:
        """Answer one of the twelve functions; whatever goes wrong ends the machine.

        Nothing is raised: an exception that crosses WebAssembly is kept in one place for all threads.
        """
        before, self._at = self._at, caller
        try:
            return function(self, *(unsigned(item) for item in arguments))
        except BaseException as error:  # noqa: BLE001 -- it is raised again where the machine was called
            self.end(error)
            return None if function.__name__ == "_forget" else 0
        finally:
            self._at = before

    def end(self, why: BaseException) -> None:
        """End the machine as soon as it goes on, for this reason."""
        self._fault = self._fault or why
        self._store.set_epoch_deadline(0)

    def call_host(self, name: int, length: int, count: int, arguments: int) -> int:
        """Answer a call of a host function."""
        if length > NAME_MOST or count > ARGUMENTS_MOST:
            raise Ended("ended", "it calls what it was not given")
        handles = self.read(arguments, 4 * count) if count else b""
        given = [int.from_bytes(handles[at : at + 4], "little") for at in range(0, len(handles), 4)]
        try:
            return self._host.answer(self, self.read(name, length).decode(), given)
        except Refused as error:
            self._throw(str(error))
            return 0
        except Unresolved as error:
            self._throw(str(error), remember=error)
            return 0

    def normalize(self, importer: int, specifier: int) -> int:
        """Return what a specifier means: the address of a name that QuickJS gives back."""
        try:
            name = self._host.resolve(self._read_name(importer), self._read_name(specifier))
        except Unresolved as error:
            self._throw(str(error), remember=error)
            return 0
        return self._put(name.encode())[0]

    def load(self, name: int, length: int) -> int:
        """Return a module's text: the address of bytes that QuickJS gives back, their count in `length`."""
        try:
            text = self._host.source(self._read_name(name))
        except Refused as error:
            self._throw(str(error))
            return 0
        place, count = self._put(text.encode("utf-8", "surrogatepass"))
        self.write(length, count.to_bytes(4, "little"))
        return place

    # --- Below

    def _link(self) -> None:
        """Instantiate it, and look up what Python calls; all 450 exports would take several milliseconds."""
        instance = self._program.ready.instantiate(self._store)
        linker = Linker(self._program.engine)
        linker.define_instance(self._store, "quickjs", instance)
        pump = linker.instantiate(self._store, self._program.pump).exports(self._store)["pump"]
        memory = linker.get(self._store, "quickjs", "memory")
        stack = linker.get(self._store, "quickjs", "__stack_pointer")
        if not (isinstance(pump, Func) and isinstance(memory, Memory) and isinstance(stack, Global)):
            raise Ended("ended", "this is not QuickJS")
        self._pump, self._memory, self._stack, self._linker = pump, memory, stack, linker
        self._functions = _Functions(linker, self._store)

    def _boot(self) -> None:
        self._call("_initialize")
        if self._call("qjs_init") != 0:
            raise Ended("memory", "QuickJS could not be started in so little memory")
        self._call("qjs_set_max_stack_size", JS_STACK)
        self._call("qjs_set_module_loader", 1)
        self._call("qjs_set_promise_rejection_handler", 1)
        self._scratch = self._call("wasm_malloc", 16)

    def _restore(self, snapshot: Snapshot) -> None:
        missing = snapshot.size - self._memory.data_len(self._store)
        try:
            self._memory.grow(self._store, max(0, missing) // PAGE)
        except WasmtimeError:
            raise Ended("memory", "the snapshot is larger than a machine's memory may be") from None
        base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        cleared, begun = 0, min(snapshot.size, snapshot.size - missing)
        for start, body in snapshot.parts:
            # What was added is zero already; what an instance begins with is not.
            if cleared < min(start, begun):
                ctypes.memset(base + cleared, 0, min(start, begun) - cleared)
            ctypes.memmove(base + start, body, len(body))
            cleared = start + len(body)
        stack, runtime, context = snapshot.numbers
        self._stack.set_value(self._store, stack)
        self._call("qjs_set_runtime_and_context", runtime, context)
        self._scratch = snapshot.scratch

    def _call(self, name: str, *arguments: int) -> int:
        return self._run(self._functions[name], *arguments)

    def _run(self, function: Func, *arguments: int) -> int:
        result = self._attempt(function, *arguments)
        return 0 if result is None else int(result) & WORD

    def _attempt(self, function: Func, *arguments: int) -> float | None:
        try:
            result: float | None = function(self._at, *arguments)
        except Trap as trap:
            raise self._fault or _ended_by(trap) from None
        except WasmtimeError as error:
            raise self._fault or Ended("ended", str(error)) from None
        if self._fault is not None and self._at is self._store:
            # The call came back before the trap that was to end it.
            raise self._fault
        return result

    def _put(self, body: bytes) -> tuple[int, int]:
        place = self._call("wasm_malloc", len(body) + 1)
        if place == 0:
            raise Ended("memory", "there is no room left in the machine")
        self.write(place, body + b"\0")
        return place, len(body)

    def _address(self, start: int, length: int) -> int:
        if not 0 <= start <= start + length <= self._memory.data_len(self._at):
            raise Ended("ended", "it names an address outside its memory")
        return ctypes.addressof(self._memory.data_ptr(self._at).contents) + start

    def _read_name(self, place: int) -> str:
        size = self._memory.data_len(self._at)
        body, zero, _ = self.read(place, min(NAME_MOST, max(0, size - place))).partition(b"\0")
        if not zero:
            raise Ended("ended", "it asks for a name without an end")
        return decode(body)

    def _throw(self, message: str, *, remember: Unresolved | None = None) -> None:
        """Throw an error into the guest; one that is remembered is known again, whoever else copies it."""
        error, text = self._call("qjs_new_error"), self.text(message)
        place, _ = self._put(b"message")
        self._call("qjs_define_prop_string", error, place, text, 0)
        self._call("wasm_free", place)
        if remember is not None and len(self._import_errors) < REMEMBERED:
            kept = self._call("qjs_dup_value", error)
            self._import_errors[self._call("qjs_get_value_ptr", kept)] = remember
        self._call("qjs_throw", error)
        self.free(error, text)


class _Functions(dict[str, Func]):
    """Exports by name, looked up when they are first called."""

    def __init__(self, linker: Linker, store: Store) -> None:
        super().__init__()
        self._linker, self._store = linker, store

    def __missing__(self, name: str) -> Func:
        found = self._linker.get(self._store, "quickjs", name)
        if not isinstance(found, Func):
            raise Ended("ended", f"QuickJS has no {name}")
        self[name] = found
        return found


def _ended_by(trap: Trap) -> Ended:
    match trap.trap_code:
        case TrapCode.INTERRUPT:
            return Ended("timeout", "it took too long")
        case TrapCode.STACK_OVERFLOW:
            return Ended("threw", "it calls itself too often")
        case TrapCode.UNREACHABLE:
            return Ended("memory", "QuickJS gave up, as it does when it finds no memory")
        case code:
            return Ended("ended", f"its machine was ended: {code.name if code else 'no reason given'}")
