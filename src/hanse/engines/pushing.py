"""A generation as it is pushed into an engine: one JSON document, the same for every process and machine."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from hanse.engines.base import EngineLimits, Exposed, Generation, SharedCopy, Source, Target
from hanse.engines.rewriting import Rewritten, rewrite_module, rewrite_script

__all__ = ["Encoder"]

# Characters of modules whose rewriting is remembered at least: a federation, and what it was before.
REMEMBERED: Final = 1 << 20
# As many times what the present generation has are remembered, where that is more.
TIMES: Final = 2
NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class PushedModule(msgspec.Struct, frozen=True):
    """A module: its text as it is evaluated, and what it imports statically."""

    name: str
    text: str
    remote: str
    format: Literal["esm", "cjs", "json"]
    imports: tuple[str, ...] = ()
    dynamic: str = ""
    held: str = ""


class PushedContainer(msgspec.Struct, frozen=True):
    """A container, with its remote's name."""

    remote: str
    script: str
    global_name: str
    base: str
    share_scope: str
    bundled: bool


class PushedLimits(msgspec.Struct, frozen=True):
    """What the guest itself keeps to, in bytes."""

    output: int
    log: int


PushedTarget = str | tuple[str, str]
Table = list[tuple[str, PushedTarget]]


class Pushed(msgspec.Struct, frozen=True):
    """A generation; maps are lists of pairs, so that no name means anything to JavaScript's objects."""

    id: str
    modules: list[PushedModule]
    imports: Table
    scopes: list[tuple[str, Table]]
    containers: list[PushedContainer]
    shared: list[dict[str, str | bool | None]]
    warm: tuple[str, ...]
    limits: PushedLimits
    known: list[tuple[str, int]]


class Encoder:
    """Encodes generations, and remembers what became of their modules: a deploy changes few of many.

    One thread at a time may use it.

    Args:
        remembered: Characters of the modules that are remembered, at least; those that were used last stay.
    """

    def __init__(self, *, remembered: int = REMEMBERED) -> None:
        self._least = remembered
        self._size = 0
        self._known: OrderedDict[tuple[str, str], Rewritten] = OrderedDict()

    def encode(
        self, generation: Generation, limits: EngineLimits, known: Mapping[str, int] = NOTHING
    ) -> bytes:
        """Return what a guest is given to open a generation.

        Args:
            generation: The generation.
            limits: What the guest keeps to.
            known: Name -> number of the modules that the guest has evaluated already, which need no text.

        Raises:
            FormatError: A module is too large, or imports too much.
        """
        foreign = container_files(generation)
        modules = [
            self._push(name, source, foreign=name in foreign, known=name in known)
            for name, source in generation.modules.items()
        ]
        self._forget(TIMES * sum(len(source.text) for source in generation.modules.values()))
        pushed = Pushed(
            id=generation.id,
            modules=modules,
            imports=push_table(generation.imports),
            scopes=[(remote, push_table(table)) for remote, table in generation.scopes.items()],
            containers=[
                PushedContainer(
                    remote, item.script, item.global_name, item.base, item.share_scope, item.bundled
                )
                for remote, item in generation.containers.items()
            ],
            shared=[push_shared(copy) for copy in generation.shared],
            warm=generation.warm,
            limits=PushedLimits(limits.output, limits.log),
            known=[*known.items()],
        )
        return msgspec.json.encode(pushed)

    def _push(self, name: str, source: Source, *, foreign: bool, known: bool) -> PushedModule:
        """Return a module as the guest gets it."""
        if source.format == "json" or (foreign and source.format == "cjs"):
            return PushedModule(name, source.text, source.remote, source.format)
        made = self.rewrite(source, name)
        text = "" if known else made.text
        return PushedModule(name, text, source.remote, source.format, made.imports, made.dynamic, made.held)

    def rewrite(self, source: Source, subject: str) -> Rewritten:
        """Return a module rewritten; whose it is changes nothing about that.

        Raises:
            FormatError: It is too large, or imports too much; about the subject.
        """
        key = source.format, source.text
        made = self._known.get(key)
        if made is not None:
            self._known.move_to_end(key)
            return made
        made = (
            rewrite_module(source.text, subject=subject)
            if source.format == "esm"
            else rewrite_script(source.text)
        )
        self._known[key] = made
        self._size += len(source.text)
        return made

    def _forget(self, characters: int) -> None:
        """Forget what was used longest ago, but for so many characters."""
        while self._size > max(characters, self._least):
            (_, text), _ = self._known.popitem(last=False)
            self._size -= len(text)


def container_files(generation: Generation) -> frozenset[str]:
    """Return the scripts and chunks of containers, which have a loader of their own."""
    bundled = [item for item in generation.containers.values() if item.bundled]
    bases = tuple(item.base for item in bundled)
    scripts = {item.script for item in bundled}
    return frozenset(name for name in generation.modules if name in scripts or name.startswith(bases))


def push_table(table: Mapping[str, Target]) -> Table:
    """Return an import table as pairs."""
    return [(specifier, push_target(target)) for specifier, target in table.items()]


def push_target(target: Target) -> PushedTarget:
    """Return a module's name, or a container and a key."""
    return (target.container, target.key) if isinstance(target, Exposed) else target


def push_shared(copy: SharedCopy) -> dict[str, str | bool | None]:
    """Return a shared copy's fields."""
    return {
        "package": copy.package,
        "version": copy.version,
        "module": copy.module,
        "provider": copy.provider,
        "share_scope": copy.share_scope,
        "singleton": copy.singleton,
        "layer": copy.layer,
    }
