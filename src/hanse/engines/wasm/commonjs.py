"""The modules that this engine makes around others, so that ES modules can import all of them.

An ES module must say which names it exports before anything is evaluated. For a CommonJS module they are read
off its text, as Node does, with those added that some importer names; for what a container exposes, they are
what importers name and what it gave when it was tried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from hanse.engines.base import ContainerSource, Exposed
from hanse.engines.wasm.table import COMMONJS, EXPOSED, Table, Unresolved

__all__ = ["exported_names", "make_facade", "required", "required_by_bundle", "wanted_names"]

NAME: Final = r"[A-Za-z_$][\w$]*"
REQUIRE: Final = re.compile(r"""\brequire\s*\(\s*(["'])([^"'\\\n]{1,1024})\1\s*\)""")
ASSIGNED: Final = re.compile(rf"\bexports\s*\.\s*({NAME})\s*=(?!=)")
DEFINED: Final = re.compile(rf"""\bdefineProperty\s*\(\s*(?:module\s*\.\s*)?exports\s*,\s*["']({NAME})["']""")
GETTERS: Final = re.compile(r"\b__export\s*\(\s*\w+\s*,\s*\{([^}]{0,65536})")
LITERAL: Final = re.compile(r"\bmodule\s*\.\s*exports\s*=\s*\{([^{}]{0,65536})\}")
KEY: Final = re.compile(rf"(?:^|,)\s*(?:\.\.\.require\s*\([^)]*\)|({NAME})|[\"']({NAME})[\"'])\s*(?=[:,(]|$)")
AGAIN: Final = re.compile(
    r"""\b(?:module\s*\.\s*exports\s*=\s*|__exportStar\s*\(\s*|__reExport\s*\([^,()]*,\s*|\.\.\.)"""
    r"""require\s*\(\s*(["'])([^"'\\\n]{1,1024})\1\s*\)"""
)
NAMED: Final = re.compile(
    rf"""\b(?:import|export)\s*(?:{NAME}\s*,\s*)?\{{([^{{}}]{{0,65536}})\}}\s*from\s*["']([^"'\\\n]{{1,1024}})["']"""
)
ONLY_NAME: Final = re.compile(NAME)
# Names of one module's exports; an icon library has some thousands.
MOST: Final = 20_000


def required(text: str) -> tuple[str, ...]:
    """Return the specifiers that a CommonJS module's text requires by a literal name."""
    return tuple(dict.fromkeys(match[2] for match in REQUIRE.finditer(text)))


def required_by_bundle(table: Table, container: ContainerSource) -> tuple[str, ...]:
    """Return what a container's script and its chunks may require of the generation."""
    found: dict[str, None] = {}
    for name, source in table.generation.modules.items():
        if name.startswith(container.base):
            for specifier in required(source.text):
                with suppress(Unresolved):
                    found[table.resolve(container.script, specifier)] = None
    return tuple(found)


def exported_names(table: Table, name: str) -> tuple[str, ...]:
    """Return the names that a CommonJS module's text says it exports, and those of what it passes on."""
    found: dict[str, None] = {}
    seen = {name}
    left = [name]
    while left:
        importer = left.pop()
        text = table.generation.modules[importer].text
        found.update(dict.fromkeys(_own_names(text)))
        for match in AGAIN.finditer(text):
            target = _commonjs_target(table, importer, match[2])
            if target is not None and target not in seen:
                seen.add(target)
                left.append(target)
    return tuple(found)[:MOST]


def wanted_names(table: Table) -> Mapping[str, tuple[str, ...]]:
    """Return the names that ES modules import from each module that is made around another."""
    wanted: dict[str, dict[str, None]] = {}
    for importer, source in table.generation.modules.items():
        if source.format != "esm":
            continue
        for match in NAMED.finditer(source.text):
            try:
                target = table.resolve(importer, match[2])
            except Unresolved:
                continue
            if target.startswith((COMMONJS, EXPOSED)):
                wanted.setdefault(target, {}).update(dict.fromkeys(_clause_names(match[1])))
    return {target: tuple(names) for target, names in wanted.items()}


def make_facade(table: Table, name: str, names: Iterable[str]) -> str:
    """Write the ES module around a CommonJS module, a JSON document or what a container exposes.

    Args:
        table: The generation's.
        name: The name of the module to write.
        names: What it exports, besides `default`.
    """
    target = table.exposed.get(name)
    if target is not None:
        return _exposed(name, target, names)
    if not name.startswith(COMMONJS):
        asked = json.dumps(name.partition("/")[2])
        return f'import {{ document }} from "hanse:quickjs-commonjs.js";\nexport default document({asked});\n'
    plain = name.removeprefix(COMMONJS)
    lines = ['import { defaultOf, evaluate, remember } from "hanse:quickjs-commonjs.js";']
    for number, needed in enumerate(_needed_modules(table, plain)):
        lines.append(f"import * as n{number} from {json.dumps(needed)};")
        lines.append(f"remember({json.dumps(needed)}, n{number});")
    lines += [f"const value = evaluate({json.dumps(plain)});", "export default defaultOf(value);"]
    return "\n".join([*lines, *_exports(names)]) + "\n"


def _exposed(name: str, target: Exposed, names: Iterable[str]) -> str:
    asked = ", ".join(json.dumps(part) for part in (name, target.container, target.key))
    return "\n".join(
        [
            'import { defaultOf, exposed } from "hanse:quickjs-commonjs.js";',
            f"const value = await exposed({asked});",
            "export default defaultOf(value);",
            *_exports(names),
            "",
        ]
    )


def _exports(names: Iterable[str]) -> Iterator[str]:
    for number, name in enumerate(name for name in dict.fromkeys(names) if name != "default"):
        if ONLY_NAME.fullmatch(name):
            yield f"const e{number} = value?.[{json.dumps(name)}]; export {{ e{number} as {name} }};"


def _needed_modules(table: Table, name: str) -> tuple[str, ...]:
    """Return what must be evaluated before a CommonJS module: the ES modules and exposed ones it requires."""
    needed: dict[str, None] = {}
    seen = {name}
    left = [name]
    while left:
        importer = left.pop()
        for specifier in required(table.generation.modules[importer].text):
            try:
                target = table.resolve(importer, specifier)
            except Unresolved:
                # It may never come to that `require`; if it does, the error comes then.
                continue
            plain = target.removeprefix(COMMONJS)
            if target == plain:
                needed[target] = None
            elif plain not in seen:
                seen.add(plain)
                left.append(plain)
    return tuple(needed)


def _commonjs_target(table: Table, importer: str, specifier: str) -> str | None:
    try:
        target = table.resolve(importer, specifier)
    except Unresolved:
        return None
    return target.removeprefix(COMMONJS) if target.startswith(COMMONJS) else None


def _own_names(text: str) -> Iterator[str]:
    for pattern in (ASSIGNED, DEFINED):
        for match in pattern.finditer(text):
            yield match[1]
    for pattern in (LITERAL, GETTERS):
        for match in pattern.finditer(text):
            yield from (key[1] or key[2] for key in KEY.finditer(match[1]) if key[1] or key[2])


def _clause_names(clause: str) -> Iterator[str]:
    for part in clause.split(","):
        name = part.strip().partition(" ")[0].strip("\"'")
        if name and name != "default":
            yield name
