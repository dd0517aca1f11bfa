"""What a build has in place of other apps' modules, for where they are absent: files, and who needs what.

A component is stood in for by an empty element that names it. What is no component cannot be: whoever imports
such a thing cannot do without it. Components are told by their names, as JSX does it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hanse.apps.build.driver import Import, Output, SideResult
from hanse.formats.entry_structs import Absence
from hanse.graph.names import ALL, imported_names
from hanse.names import export_name_fault

__all__ = ["StandIns", "add_stand_ins", "plan_stand_ins"]

DYNAMIC: Final = "dynamic-import"
REACT: Final = "react"


@dataclass(frozen=True, slots=True)
class StandIns:
    """What both builds of an app have in place of others' modules.

    Attributes:
        texts: The files.
        absence: What their documents say.
    """

    texts: Mapping[str, str]
    absence: Absence


@dataclass(frozen=True, slots=True)
class Uses:
    """What one build uses of others: by file, the names of each specifier; by key, the files that it runs."""

    names: Mapping[str, Mapping[str, frozenset[str]]]
    runs: Mapping[str, frozenset[str]]


def plan_stand_ins(
    remotes: Iterable[str], sides: Iterable[tuple[Path, SideResult, Mapping[str, str]]]
) -> StandIns:
    """Find out what stands in for what.

    Args:
        remotes: The other remotes, whose modules are meant.
        sides: Of each build its folder, what is in it, and the file of each exposed module. Both builds get
            the same stand-ins: what one renders the other one takes over.
    """
    prefixes = tuple(sorted((f"{name}/" for name in remotes), key=len, reverse=True))
    uses = [uses_of(folder, side, exposed, prefixes) for folder, side, exposed in sides]
    wanted: dict[str, set[str]] = {}
    for names in (names for use in uses for names in use.names.values()):
        for specifier, asked in names.items():
            wanted.setdefault(specifier, {"default"}).update(asked - {ALL})
    texts, files = dict[str, str](), dict[str, str]()
    for specifier, names_asked in sorted(wanted.items()):
        remote = next(one for one in prefixes if specifier.startswith(one)).removesuffix("/")
        text = write_stand_in(specifier, remote, sorted(names_asked))
        files[specifier] = f"absent-{hashlib.sha256(text.encode()).hexdigest()[:8].upper()}.js"
        texts[files[specifier]] = text
    return StandIns(texts, Absence(files, essential_in(uses)))


def uses_of(folder: Path, side: SideResult, exposed: Mapping[str, str], prefixes: tuple[str, ...]) -> Uses:
    """Return what a build uses of other remotes."""
    names: dict[str, Mapping[str, frozenset[str]]] = {}
    for file, output in side.outputs.items():
        outside = {one.path: one.kind for one in output.imports if one.external}
        others = [one for one in outside if one.startswith(prefixes)]
        if others:
            asked = imported_names((folder / file).read_bytes())
            names[file] = {one: asked.get(one, frozenset()) for one in others}
    return Uses(names, {key: frozenset(run_with(file, side)) for key, file in exposed.items()})


def run_with(file: str, side: SideResult) -> Iterator[str]:
    """Yield a file and all of its build that it cannot be evaluated without."""
    waiting, seen = [file], {file}
    while waiting:
        current = waiting.pop()
        yield current
        imports = side.outputs[current].imports if current in side.outputs else ()
        fresh = {one.path for one in imports if not one.external and one.kind != DYNAMIC} - seen
        seen |= fresh
        waiting.extend(fresh)


def essential_in(uses: Iterable[Uses]) -> dict[str, tuple[str, ...]]:
    """Return key -> the specifiers that it takes more of than components, in any build."""
    found: dict[str, set[str]] = {}
    for one in uses:
        for key, files in one.runs.items():
            for names in (one.names[file] for file in files if file in one.names):
                for specifier, asked in names.items():
                    if not all(map(is_component, asked)):
                        found.setdefault(key, set()).add(specifier)
    return {key: tuple(sorted(specifiers)) for key, specifiers in sorted(found.items())}


def is_component(name: str) -> bool:
    """Tell whether an export is a component, by its name: the default one is taken for one."""
    return name in (ALL, "default") or (name[:1].isupper() and not (len(name) > 1 and name.isupper()))


def write_stand_in(specifier: str, remote: str, names: Iterable[str]) -> str:
    """Write the module that stands in for a remote's."""
    told = json.dumps({"data-hanse-fallback": f"remote={remote};reason=absent"}).replace("<", "\\u003c")
    lines = [
        f'import {{ createElement }} from "{REACT}";',
        f"const Part = () => createElement('div', {told});",
    ]
    listed = [f"{'Part' if is_component(name) else 'none'} as {name}" for name in names if is_name(name)]
    if any(one.startswith("none ") for one in listed):
        lines.append(f"const none = () => {{ throw new Error({json.dumps(f'{specifier} is absent')}); }};")
    return "\n".join((*lines, f"export {{ {', '.join(listed)} }};", ""))


def is_name(name: str) -> bool:
    """Tell whether a module can export a name as it stands."""
    return name == "default" or export_name_fault(name) is None


def add_stand_ins(folder: Path, side: SideResult, made: StandIns) -> SideResult:
    """Write the stand-ins into a build's folder, and return the build with them."""
    for file, text in made.texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    needs_react = Output((Import(REACT, "import-statement", external=True),))
    return msgspec.structs.replace(side, outputs={**side.outputs, **dict.fromkeys(made.texts, needs_react)})
