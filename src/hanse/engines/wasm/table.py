"""What a name means to a module of a generation, and which modules a rendering has used.

Nothing but the generation's own table is ever asked: a name that it does not have leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from hanse.engines.base import ContainerSource, Exposed, Generation, Target
from hanse.engines.lookup import look_up

__all__ = ["COMMONJS", "EXPOSED", "GUEST", "HOST", "JSON_MODULE", "Table", "Unresolved", "Used", "plain_name"]

HOST: Final = ""
"""Who asks when it is no module: the host, which may name modules directly."""
GUEST: Final = "hanse:"
"""What the names of this engine's own modules begin with; no module of a generation may ask for one."""
COMMONJS: Final = "hanse:commonjs/"
JSON_MODULE: Final = "hanse:json/"
EXPOSED: Final = "hanse:exposed/"
ORIGIN: Final = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
END: Final = re.compile(r"[?#].*", re.DOTALL)


class Unresolved(Exception):  # noqa: N818 -- it is a result that is passed on, not a fault
    """A module asks for something that its table does not name."""

    def __init__(self, importer: str, specifier: str) -> None:
        who = importer or "the host"
        super().__init__(f"{who} imports {specifier!r}, which its generation does not have")
        self.importer = importer
        self.specifier = specifier


class Table:
    """The import table of a generation, as this engine asks it.

    Args:
        generation: What it is of.
    """

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.exposed: dict[str, Exposed] = {}
        self._scripts = {one.script: remote for remote, one in generation.containers.items()}

    def resolve(self, importer: str, specifier: str) -> str:
        """Return the name this engine loads a module under: its own, or that of a module made around it.

        Raises:
            Unresolved: The table does not name it.
        """
        if importer == HOST and specifier in self.exposed:
            return specifier
        target = self.look_up(importer, specifier)
        if isinstance(target, Exposed):
            return self.name_exposed(target)
        match self.generation.modules[target].format:
            case "cjs":
                return COMMONJS + target
            case "json":
                return JSON_MODULE + target
            case _:
                return target

    def look_up(self, importer: str, specifier: str) -> Target:
        """Return what a specifier means to a module.

        Raises:
            Unresolved: The table does not name it.
        """
        target = self._find(importer, specifier)
        if isinstance(target, Exposed) and target.container in self.generation.containers:
            return target
        if isinstance(target, str) and target in self.generation.modules:
            return target
        raise Unresolved(importer, specifier)

    def name_exposed(self, target: Exposed) -> str:
        """Return the name of the module that is made around what a container exposes."""
        name = f"{EXPOSED}{quote(target.container, safe='')}/{target.key}"
        self.exposed[name] = target
        return name

    def find_file(self, container: str, asked: str) -> str | None:
        """Return the module that a container reads by a path or a URL; None for what is not below its base.

        It may be the path of the folder that containers see, or the URL that the remote is deployed at: all
        names that the end of it may mean are tried, the longest first.
        """
        base, modules = self.generation.containers[container].base, self.generation.modules
        parts = _plain_parts(END.sub("", ORIGIN.sub("", asked)))
        whole = "/".join(parts)
        if whole.startswith(base) and whole in modules:
            return whole
        names = (base + "/".join(parts[at:]) for at in range(len(parts)))
        return next((name for name in names if name in modules), None)

    def container_of(self, script: str) -> str | None:
        """Return whose container a script is; None where it is none."""
        return self._scripts.get(script)

    def container(self, remote: str) -> ContainerSource:
        """Return a remote's container."""
        return self.generation.containers[remote]

    def targets(self) -> Iterable[Target]:
        """Return everything that some specifier means."""
        yield from self.generation.imports.values()
        for scope in self.generation.scopes.values():
            yield from scope.values()

    def _find(self, importer: str, specifier: str) -> Target | None:
        found = look_up(self.generation, importer, specifier)
        if found is not None or importer != HOST:
            return found
        return self._asked_of_delegate(specifier) or specifier

    def _asked_of_delegate(self, specifier: str) -> Exposed | None:
        """Return what the host means by a name that a delegate may know, though the table does not."""
        for remote, container in self.generation.containers.items():
            if not container.bundled and specifier.startswith(f"{remote}/./"):
                return Exposed(remote, specifier.removeprefix(f"{remote}/"))
        return None


class Used:
    """Who asked for whom: what a call has used is worked out from it, exactly.

    Edges are what a module imports statically, and what it loaded while it was evaluated before the first
    call; what a call itself loads is added to them.
    """

    def __init__(self) -> None:
        self._edges: dict[str, dict[str, None]] = {}

    def add(self, importer: str, name: str) -> None:
        """Note that evaluating one module evaluates the other."""
        self._edges.setdefault(plain_name(importer), {})[plain_name(name)] = None

    def closure(self, roots: Iterable[str]) -> tuple[str, ...]:
        """Return the modules of the generation that come with the roots, in the order of first asking."""
        seen: dict[str, None] = {}
        left = [plain_name(root) for root in roots][::-1]
        while left:
            name = left.pop()
            if name not in seen:
                seen[name] = None
                left.extend(reversed(self._edges.get(name, {})))
        return tuple(name for name in seen if not name.startswith(GUEST))


def plain_name(name: str) -> str:
    """Return the name of the module that one of this engine's own modules was made around."""
    return name.removeprefix(COMMONJS).removeprefix(JSON_MODULE)


def _plain_parts(path: str) -> list[str]:
    """Return the parts of a path, without `.` and `..`."""
    parts: list[str] = []
    for part in re.split(r"[/\\\\]", path):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return parts
