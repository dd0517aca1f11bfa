"""Framework adapters: modules of Hanse's own that render components with their remote's own framework.

An adapter is placed among the modules of each remote that needs it, so that its imports mean what they mean
to the remote. React's has to get the very React that the components get: with any other, hooks fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from hanse.engines.base import Exposed, Generation, Source, Target, module_name
from hanse.formats.server_entry import ServerEntry

__all__ = [
    "REACT",
    "Choice",
    "adapter_name",
    "choose_adapter",
    "place_adapters",
    "read_adapter",
    "write_adapters",
]

REACT: Final = "react"
DOM: Final = "react-dom"
SERVER: Final = "react-dom/server"
# Builds for browsers cannot have the first where it means Node's; the others are the same for any runtime.
SERVERS: Final = (SERVER, "react-dom/server.edge", "react-dom/server.browser")
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
# A build that has such a file itself gets ours in its place.
FOLDER: Final = "~hanse"
# What gives the adapter the remote's `react-dom`: where it has none, its components have none either.
WITH_DOM: Final = f"import * as dom from '{DOM}';\nexport {{ dom }};\n"
WITHOUT_DOM: Final = "export const dom = undefined;\n"
# What the adapter imports besides, to be quick.
QUICK: Final = ("quick", "writing")


@dataclass(frozen=True, slots=True)
class Choice:
    """The adapter of a remote's modules.

    Attributes:
        adapter: The name of its module in the generation; None where they need a `render` of their own.
        reason: Why there is none; empty where there is.
        imports: What the adapter's imports mean, where the remote's scope does not say so already.
    """

    adapter: str | None
    reason: str = ""
    imports: Mapping[str, Target] | None = None


def adapter_name(remote: str) -> str:
    """Return what the React adapter of a remote is called in its generation: `shop/~hanse/react.js`."""
    return module_name(remote, f"{FOLDER}/{REACT}.js")


def read_adapter() -> str:
    """Return the text of the React adapter."""
    return read_script(REACT)


@cache
def read_script(name: str) -> str:
    """Return the text of one of the modules that run beside a remote's own."""
    return files("hanse.render").joinpath("js", f"{name}.js").read_text(encoding="utf-8")


def choose_adapter(generation: Generation, remote: str, entry: ServerEntry) -> Choice:
    """Tell which adapter a remote's modules get.

    React's, where the build shares or imports React and the generation has `react-dom/server` for the same
    copy of it.

    Args:
        generation: What the remote's modules run in, with its table complete.
        remote: The remote's name in the federation.
        entry: Its server entry.
    """
    if not uses_react(entry):
        return Choice(None, "its build neither shares nor imports react")
    react = find_target(generation, remote, REACT)
    server = next((found for name in SERVERS if (found := find_target(generation, remote, name))), None)
    if react is None or server is None:
        lacking = REACT if react is None else SERVER
        return Choice(None, f"its build uses react, but nobody gives it {lacking} on the server")
    used = react_of(generation, server)
    if used is not None and used != react:
        return Choice(None, f"its react is {react}, but that of its {SERVER} is {used}")
    scope = generation.scopes.get(remote, {})
    known = {**generation.imports, **scope}
    dom = find_target(generation, remote, DOM)
    wanted = {REACT: react, SERVER: server, **({} if dom is None else {DOM: dom})}
    added = {name: target for name, target in wanted.items() if name not in known}
    return Choice(adapter_name(remote), imports=added)


def place_adapters(
    generation: Generation, entries: Mapping[str, ServerEntry], *, torn: Mapping[str, str] = NOTHING
) -> tuple[Generation, dict[str, Choice]]:
    """Put the adapters that remotes need into their generation, to be warm before the first call.

    The generation's id stays as it is: one that names the adapters, too, is made of `read_adapter()` besides.

    Args:
        generation: All modules, with a complete table.
        entries: The server entries of its remotes, by the remotes' names in the federation.
        torn: The remotes whose `react-dom/server` is of another version than their React, with the reason.
    """
    choices = {
        remote: Choice(None, torn[remote]) if remote in torn else choose_adapter(generation, remote, entry)
        for remote, entry in entries.items()
    }
    placed = {remote: choice for remote, choice in choices.items() if choice.adapter is not None}
    if not placed:
        return generation, choices
    adapters = tuple(map(adapter_name, placed))
    scopes = {
        remote: {**generation.scopes.get(remote, {}), **choice.imports}
        for remote, choice in placed.items()
        if choice.imports
    }
    made = replace(
        generation,
        modules={**generation.modules, **write_adapters(generation, placed)},
        scopes={**generation.scopes, **scopes},
        warm=(*generation.warm, *adapters),
        lasting=(*generation.lasting, *adapters),
    )
    return made, choices


def write_adapters(generation: Generation, remotes: Iterable[str]) -> dict[str, Source]:
    """Return the modules that render what these remotes have, by their names in the generation."""
    made: dict[str, Source] = {}
    for remote in remotes:
        dom = WITHOUT_DOM if find_target(generation, remote, DOM) is None else WITH_DOM
        texts = {REACT: read_adapter(), "dom": dom} | {name: read_script(name) for name in QUICK}
        for name, text in texts.items():
            made[module_name(remote, f"{FOLDER}/{name}.js")] = Source(text=text, remote=remote)
    return made


def uses_react(entry: ServerEntry) -> bool:
    """Tell whether a build shares React, or imports it from outside."""
    return REACT in {name.split("/")[0] for name in packages_of(entry)}


def packages_of(entry: ServerEntry) -> Iterator[str]:
    """Yield what a build shares and what it imports from outside."""
    for item in entry.shared:
        yield item.package_name
    for module in entry.modules.values():
        yield from module.externals


def find_target(generation: Generation, remote: str, specifier: str) -> Target | None:
    """Return what a specifier means to a remote's modules, those of a container included.

    A container has no scope: it takes what stands in its share scope, where that is one copy only.
    """
    for table in (generation.scopes.get(remote, {}), generation.imports):
        if specifier in table:
            return table[specifier]
    container = generation.containers.get(remote)
    share_scope = "default" if container is None else container.share_scope
    found = {
        copy.module
        for copy in generation.shared
        if copy.package == specifier and copy.share_scope == share_scope
    }
    return found.pop() if len(found) == 1 else None


def react_of(generation: Generation, server: Target) -> Target | None:
    """Return the React that a copy of `react-dom/server` imports; None where that cannot be told."""
    if isinstance(server, Exposed):
        return find_target(generation, server.container, REACT)
    source = generation.modules.get(server)
    return None if source is None else find_target(generation, source.remote, REACT)
