"""What one machine may ask Python for: names, texts of modules, and taking its output.

A host is of one machine. It knows what the machine is doing: a name that is asked for while modules are
loaded is a static import; one that is asked for during a call is something that this call uses.
"""

from __future__ import annotations

import base64
import codecs
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import ada_url

from hanse.engines.base import EngineLimits, Exposed
from hanse.engines.wasm import guest
from hanse.engines.wasm.commonjs import exported_names, make_facade, required_by_bundle
from hanse.engines.wasm.logs import Log
from hanse.engines.wasm.machine import Ended, Machine, Refused
from hanse.engines.wasm.table import COMMONJS, EXPOSED, GUEST, HOST, Table, Unresolved, Used, plain_name

__all__ = ["FUNCTIONS", "Host", "Loaded", "Sink"]

# What a module's text may have, in the worst spelling; the generation's own caps come before.
TEXT_MOST: Final = 16 << 20
WORD_MOST: Final = 64 << 10
# Errors are cut by the guest; this is what a guest that was tampered with is held to.
ENTRY: Final = "hanse:quickjs.js"
# What the body of a CommonJS module finds around it.
PARAMETERS: Final = "exports, require, module, __filename, __dirname, global, fetch"
NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
FAULT: Final = ("reason", "name", "message", "stack")
FAULT_MOST: Final = 64 << 10
# Where a function stands, in a line of a stack.
PLACE: Final = re.compile(r"^\s*at (?:.* \()?(?P<module>[^()]+?)(?::\d+){1,2}\)?$", re.MULTILINE)
RANDOM_MOST: Final = 64 << 10
PARTS: Final = (
    "href",
    "protocol",
    "username",
    "password",
    "host",
    "hostname",
    "port",
    "pathname",
    "search",
    "hash",
)


class Loaded:
    """What is known of a generation's modules, and the same for all machines of a realm.

    Args:
        table: The generation's.
        wanted: Names that ES modules import from the modules made around others.
    """

    def __init__(self, table: Table, wanted: Mapping[str, tuple[str, ...]]) -> None:
        self.table = table
        self.used = Used()
        self._names: dict[str, tuple[str, ...]] = dict(wanted)
        self._sources: dict[str, str] = {}

    def add_names(self, name: str, names: Sequence[str]) -> None:
        """Add what a container gave when it was tried out."""
        self._names[name] = (*self._names.get(name, ()), *names)

    def facade(self, name: str) -> str:
        """Return the text of a module made around another."""
        if name not in self._sources:
            names = self._names.get(name, ())
            if name.startswith(COMMONJS):
                names = (*exported_names(self.table, plain_name(name)), *names)
            self._sources[name] = make_facade(self.table, name, names)
        return self._sources[name]


class Sink:
    """Takes a call's output; a stream has one of its own kind."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.status = 200
        self.head = ""

    def shell(self, status: int, head: str) -> None:
        """Take what comes before the first piece."""
        self.status, self.head = status, head

    def piece(self, text: str) -> None:
        """Take a piece of HTML."""
        self.pieces.append(text)


class Host:
    """Answers one machine.

    Args:
        loaded: What is known of its generation.
        limits: The realm's.
        sink: Takes the output.
        log: Takes what is written to the console.
        phase: `load` while modules are only read, `warm` while they are evaluated before the first call.
    """

    def __init__(
        self,
        loaded: Loaded,
        limits: EngineLimits,
        *,
        sink: Sink,
        log: Log,
        phase: Literal["load", "warm", "call"],
    ) -> None:
        self.loaded, self.limits, self.sink, self.log, self.phase = loaded, limits, sink, log, phase
        self.roots: dict[str, None] = {}
        self.read: set[str] = set()
        self.current = HOST
        self.value: str | None = None
        self.seconds = 0.0
        self.ended = False
        self.fault: Mapping[str, str] | None = None
        self.asked_in_vain: Unresolved | None = None
        self._written = 0
        self._aside: set[str] = set()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    # --- Modules

    @property
    def modules(self) -> tuple[str, ...]:
        """What this call has used so far."""
        return self.loaded.used.closure(tuple(self.roots))

    def resolve(self, importer: str, specifier: str) -> str:
        """Return the name that a specifier is loaded under; modules of the guest name theirs themselves."""
        if importer.startswith(GUEST):
            return self._noted(importer, specifier)
        known = importer if importer in self.loaded.table.generation.modules else "code made at run time"
        return self._noted(importer, self.loaded.table.resolve(known, specifier))

    def source(self, name: str) -> str:
        """Return the text of a module."""
        self.read.add(name)
        if name.startswith((COMMONJS, EXPOSED)) or name in self.loaded.table.exposed:
            return self.loaded.facade(name)
        if name.startswith(GUEST):
            return (
                guest.read(name) if self.phase == "load" and name in guest.FILES else self.loaded.facade(name)
            )
        return self.loaded.table.generation.modules[name].text

    def use(self, importer: str, name: str) -> None:
        """Note that a module of the generation is used."""
        if self.phase != "call":
            self.loaded.used.add(importer, name)
        elif plain_name(importer) in self._aside:
            self._aside.update(self.loaded.used.closure([name]))
        else:
            self.roots[plain_name(name)] = None

    def _noted(self, importer: str, name: str) -> str:
        if importer.startswith((COMMONJS, EXPOSED)) or not importer.startswith(GUEST):
            self.use(importer, name)
        elif importer != ENTRY:
            # It was noted already when the guest asked what a call's specifier means.
            self.use(self.current, name)
        return name

    # --- What the guest asks

    def answer(self, machine: Machine, name: str, arguments: Sequence[int]) -> int:
        """Answer a call of one of the guest's host functions."""
        function = FUNCTIONS.get(name)
        if function is None:
            raise Refused(f"there is no {name}")
        answer = function(self, machine, arguments)
        if isinstance(answer, int):
            return answer
        return machine.nothing() if answer is None else machine.text(answer)

    def _word(self, machine: Machine, arguments: Sequence[int], at: int, most: int = WORD_MOST) -> str:
        if at >= len(arguments):
            raise Refused("it is given too little")
        try:
            return machine.read_text(arguments[at], most=most)
        except Ended as ended:
            if most == WORD_MOST and ended.reason == "output":
                raise Refused("this text is too long") from None
            raise

    def _find(self, machine: Machine, arguments: Sequence[int]) -> str:
        specifier = self._word(machine, arguments, 0)
        try:
            name = self.loaded.table.resolve(HOST, specifier)
        except Unresolved:
            return json.dumps({"missing": f"this generation has no module {specifier}"})
        if len(arguments) > 1:
            # The adapter is the host's: what it brings along is no part of what is rendered.
            self._aside.update(self.loaded.used.closure([name]))
        else:
            self.use(self.current, name)
        return json.dumps(self._description(name))

    def _require(self, machine: Machine, arguments: Sequence[int]) -> str:
        importer, specifier = self._word(machine, arguments, 0), self._word(machine, arguments, 1)
        name = self.loaded.table.resolve(importer, specifier)
        self.use(importer, name)
        return json.dumps(self._description(name))

    def _description(self, name: str) -> Mapping[str, str]:
        target = self.loaded.table.exposed.get(name)
        if isinstance(target, Exposed):
            kind: Mapping[str, str] = {
                "kind": "exposed",
                "container": target.container,
                "key": target.key,
            }
        else:
            plain = plain_name(name)
            kind = {"kind": self.loaded.table.generation.modules[plain].format, "plain": plain}
        return {**kind, "name": name}

    def _compile(self, machine: Machine, arguments: Sequence[int]) -> int:
        name = self._word(machine, arguments, 0)
        source = self.loaded.table.generation.modules.get(name)
        if source is None:
            raise Refused(f"there is no module {name}")
        # A script that leaves its container in a variable of its own hands it over at its end.
        found = self._word(machine, arguments, 1) if len(arguments) > 1 else ""
        seen = f'\n;if (typeof {found} === "object") module.found = {found};' if NAME.fullmatch(found) else ""
        return _evaluated(machine, f"(function ({PARAMETERS}) {{{source.text}{seen}\n}})", name)

    def _script(self, machine: Machine, arguments: Sequence[int]) -> int:
        remote = self._word(machine, arguments, 0)
        text = self._word(machine, arguments, 1, TEXT_MOST)
        base = self.loaded.table.container(remote).base
        # What a script is called decides what it may import: only its own container's names are taken.
        name = self.loaded.table.find_file(remote, self._word(machine, arguments, 2)) or f"{base}script"
        return _evaluated(machine, text, name)

    def _text(self, machine: Machine, arguments: Sequence[int]) -> str:
        name = self._word(machine, arguments, 0)
        return self.loaded.table.generation.modules[name].text

    def _container(self, machine: Machine, arguments: Sequence[int]) -> str:
        container = self.loaded.table.container(self._word(machine, arguments, 0))
        self.use(self.current, container.script)
        table = self.loaded.table
        wanted = required_by_bundle(table, container) if container.bundled else ()
        return json.dumps(
            {
                "script": container.script,
                "globalName": container.global_name,
                "scope": container.share_scope,
                "bundled": container.bundled,
                "name": table.resolve(HOST, container.script),
                "ready": [self._description(name) for name in wanted],
            }
        )

    def _containers(self, _machine: Machine, _arguments: Sequence[int]) -> str:
        containers = self.loaded.table.generation.containers
        return json.dumps(
            [{"remote": remote, "globalName": one.global_name} for remote, one in containers.items()]
        )

    def _shared(self, machine: Machine, arguments: Sequence[int]) -> str:
        scope = self._word(machine, arguments, 0)
        generation = self.loaded.table.generation
        return json.dumps(
            [
                {
                    "package": copy.package,
                    "version": copy.version,
                    "provider": copy.provider,
                    "singleton": copy.singleton,
                    "layer": copy.layer,
                    "name": self.loaded.table.resolve(HOST, copy.module),
                    "kind": generation.modules[copy.module].format,
                    "plain": copy.module,
                }
                for copy in generation.shared
                if copy.share_scope == scope and copy.module in generation.modules
            ]
        )

    def _file(self, machine: Machine, arguments: Sequence[int]) -> str:
        name = self._file_name(machine, arguments)
        if name is None:
            return "null"
        self.use(self.current, name)
        return json.dumps(self.loaded.table.generation.modules[name].text)

    def _exists(self, machine: Machine, arguments: Sequence[int]) -> str:
        return json.dumps(self._file_name(machine, arguments) is not None)

    def _file_name(self, machine: Machine, arguments: Sequence[int]) -> str | None:
        remote, file = self._word(machine, arguments, 0), self._word(machine, arguments, 1)
        return self.loaded.table.find_file(remote, file)

    def _url(self, machine: Machine, arguments: Sequence[int]) -> str:
        what, address, second, third = (self._word(machine, arguments, at) for at in range(4))
        try:
            if what == "set":
                address = second_href(address, second, third)
            elif second:
                address = ada_url.join_url(second, address)
            found = ada_url.parse_url(address, (*PARTS, "origin"))
        except (ValueError, TypeError):
            return ""
        return json.dumps(dict(found))

    def _random(self, machine: Machine, arguments: Sequence[int]) -> str:
        count = self._word(machine, arguments, 0)
        if not re.fullmatch(r"\d{1,5}", count) or int(count) > RANDOM_MOST:
            raise Refused("that much randomness is not to be had")
        return base64.b64encode(os.urandom(int(count))).decode()

    # --- What it gives

    def _log(self, machine: Machine, arguments: Sequence[int]) -> str | None:
        level, text, stack = (self._word(machine, arguments, at) for at in range(3))
        self.log.write(level, text, self._writer(stack))
        return "full" if self.log.full else None

    def _writer(self, stack: str) -> tuple[str, str]:
        """Return the module that wrote a line, and its remote: the first of the generation on the stack."""
        modules = self.loaded.table.generation.modules
        for match in PLACE.finditer(stack.replace(COMMONJS, "")):
            if match["module"] in modules:
                return modules[match["module"]].remote, match["module"]
        return "", ""

    def _shell(self, machine: Machine, arguments: Sequence[int]) -> None:
        status = self._word(machine, arguments, 0)
        head = self._word(machine, arguments, 1, self.limits.output)
        self._count(head)
        self.sink.shell(int(status) if re.fullmatch(r"[1-5]\d\d", status) else 200, head)

    def _text_piece(self, machine: Machine, arguments: Sequence[int]) -> None:
        self._piece(self._word(machine, arguments, 0, self.limits.output))

    def _binary_piece(self, machine: Machine, arguments: Sequence[int]) -> None:
        coded = self._word(machine, arguments, 0, self.limits.output * 2)
        self._piece(self._decoder.decode(base64.b64decode(coded)))

    def _piece(self, text: str) -> None:
        self._count(text)
        if text:
            self.sink.piece(text)

    def _count(self, text: str) -> None:
        self._written += len(text.encode())
        if self._written > self.limits.output:
            raise Ended("output", f"its HTML has more than {self.limits.output} bytes")

    def _value(self, machine: Machine, arguments: Sequence[int]) -> None:
        self.value = self._word(machine, arguments, 0, self.limits.output)

    def _end(self, machine: Machine, arguments: Sequence[int]) -> None:
        taken = self._word(machine, arguments, 0)
        if not self.ended:
            self._piece(self._decoder.decode(b"", final=True))
            self.seconds = float(taken) / 1000 if re.fullmatch(r"\d{1,9}(\.\d+)?", taken) else 0.0
            self.ended = True

    def _fail(self, machine: Machine, arguments: Sequence[int]) -> None:
        words = [self._word(machine, arguments, at, FAULT_MOST) for at in range(len(FAULT))]
        if not self.ended:
            self.fault = dict(zip(FAULT, words, strict=True))
            self.asked_in_vain = machine.import_error(arguments[len(FAULT)])
            self.ended = True


def second_href(address: str, part: str, value: str) -> str:
    """Return an address with one part replaced, as the setters of `URL` do."""
    if part not in PARTS:
        raise ValueError(part)
    changed: str = ada_url.replace_url(address, **{part: value})
    return changed


def _evaluated(machine: Machine, text: str, name: str) -> int:
    result = machine.evaluate(text, name)
    if not machine.failed(result):
        return result
    machine.rethrow()
    return 0


FUNCTIONS: Final[Mapping[str, Callable[[Host, Machine, Sequence[int]], int | str | None]]] = {
    "find": Host._find,
    "require": Host._require,
    "compile": Host._compile,
    "script": Host._script,
    "text": Host._text,
    "container": Host._container,
    "containers": Host._containers,
    "shared": Host._shared,
    "file": Host._file,
    "exists": Host._exists,
    "url": Host._url,
    "random": Host._random,
    "log": Host._log,
    "shell": Host._shell,
    "text_piece": Host._text_piece,
    "binary_piece": Host._binary_piece,
    "value": Host._value,
    "end": Host._end,
    "fail": Host._fail,
}
"""The guest's host functions by name."""
