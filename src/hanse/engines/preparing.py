"""What a process that waits for its generation evaluates beforehand: modules that most deploys leave alone.

A framework is evaluated in tens of milliseconds, and the functions of its first rendering are compiled in as
many again. A process that waits has the time. Its modules are known by what they are, text and imports alike,
not by their names: so they serve any generation that has the very same ones, and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from hanse.engines.base import Generation, Source
from hanse.engines.lookup import look_up
from hanse.engines.rewriting import Rewritten

__all__ = ["Base", "encode_base", "find_base", "make_base"]

Rewrite: TypeAlias = Callable[[Source, str], Rewritten]
"""Returns a module as an engine gets it, given its source and its name."""


@dataclass(frozen=True, slots=True)
class BaseModule:
    """One module: its text, and specifier -> number of what it imports."""

    text: str
    links: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Base:
    """Modules that import nothing but each other.

    Attributes:
        modules: All of them; their places are their numbers.
        roots: The numbers of those that are evaluated, with what they import.
    """

    modules: tuple[BaseModule, ...]
    roots: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """A base that is being put together: the names of its modules by their numbers, and their links."""

    names: dict[str, int] = field(default_factory=dict)
    links: dict[str, dict[str, int]] = field(default_factory=dict)


def make_base(generation: Generation, rewrite: Rewrite) -> Base | None:
    """Return what of a generation may be evaluated before the next one is known; None where there is nothing.

    That is what `lasting` names, with all it imports, as far as these are ES modules that load nothing later.

    Raises:
        FormatError: A module cannot be read.
    """
    draft = Draft()
    roots = [name for name in generation.lasting if gather(generation, name, rewrite, draft)]
    if not roots:
        return None
    modules = (BaseModule(generation.modules[name].text, draft.links[name]) for name in draft.names)
    return Base(tuple(modules), tuple(draft.names[name] for name in roots))


def gather(generation: Generation, start: str, rewrite: Rewrite, draft: Draft) -> bool:
    """Take a module with all it imports into a draft; tell whether it may be there."""
    found: dict[str, dict[str, str]] = {}
    left = [start]
    while left:
        name = left.pop()
        if name in found or name in draft.names:
            continue
        links = links_of(generation, name, rewrite)
        if links is None:
            return False
        found[name] = links
        left.extend(links.values())
    for name in found:
        draft.names[name] = len(draft.names)
    for name, links in found.items():
        draft.links[name] = {specifier: draft.names[target] for specifier, target in links.items()}
    return True


def links_of(generation: Generation, name: str, rewrite: Rewrite) -> dict[str, str] | None:
    """Return specifier -> the name of what a module imports; None where it may be in no base."""
    source = generation.modules.get(name)
    if source is None or source.format != "esm":
        return None
    made = rewrite(source, name)
    targets = {specifier: look_up(generation, name, specifier) for specifier in made.imports}
    links = {specifier: target for specifier, target in targets.items() if isinstance(target, str)}
    # A module that loads others later would ask a table that is another one by then.
    return None if made.dynamic in made.text or len(links) < len(targets) else links


def find_base(generation: Generation, base: Base) -> dict[str, int] | None:
    """Return name -> number of the modules of a generation that a base has evaluated.

    None where the generation lacks any of them: whoever has evaluated it is no place for this generation.
    """
    found: dict[str, int] = {}
    for root in base.roots:
        tries = (extend(generation, base, found, name, root) for name in generation.lasting)
        extended = next((one for one in tries if one is not None), None)
        if extended is None:
            return None
        found = extended
    return found


def extend(
    generation: Generation, base: Base, found: Mapping[str, int], name: str, number: int
) -> dict[str, int] | None:
    """Return what was found, and that a name is the module of a number, with all it imports; None if not."""
    known = dict(found)
    names = {value: key for key, value in known.items()}
    left = [(name, number)]
    while left:
        name, number = left.pop()
        if known.get(name, number) != number or names.get(number, name) != name:
            return None
        if name in known:
            continue
        module, source = base.modules[number], generation.modules.get(name)
        if source is None or source.format != "esm" or source.text != module.text:
            return None
        known[name], names[number] = number, name
        for specifier, linked in module.links.items():
            target = look_up(generation, name, specifier)
            if not isinstance(target, str):
                return None
            left.append((target, linked))
    return known


class PushedModule(msgspec.Struct, frozen=True):
    """A module as a guest gets it: its text, and pairs of a specifier and a number."""

    text: str
    links: list[tuple[str, int]]


class PushedBase(msgspec.Struct, frozen=True):
    """A base as a guest gets it."""

    modules: list[PushedModule]
    roots: tuple[int, ...]


def encode_base(base: Base) -> bytes:
    """Return what a guest is given to evaluate a base."""
    modules = [PushedModule(one.text, [*one.links.items()]) for one in base.modules]
    return msgspec.json.encode(PushedBase(modules, base.roots))
