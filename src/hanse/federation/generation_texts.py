"""Sources that are changed on their way into a generation: ES modules that call `require`.

An ES module has no `require`. Where the names it is called with are known, they are imported instead, on the
module's first line, so that the lines of its errors stay what they are.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from hanse.engines.base import ContainerSource, Source, Target
from hanse.federation.generation_checks import GenerationFinding
from hanse.federation.generation_tables import Tables, lookup
from hanse.stream.import_script import find_remotes, required_by
from hanse.stream.import_stubs import stubbed_requires

__all__ = ["lead_by_script", "mend", "with_require"]

DECLARED: Final = re.compile(r"(?<![\w$.])(?:const|let|var|function|class)\s+require(?![\w$])")
UNKNOWN: Final = "?"
# What makes a URL that of a manifest, to the runtime of Module Federation.
MANIFEST: Final = ".json"


def mend(
    modules: Mapping[str, Source], tables: Tables, *, requiring: Collection[str] = ()
) -> tuple[dict[str, Source], tuple[GenerationFinding, ...]]:
    """Give ES modules the `require` that esbuild's output looks for, and say where that was not possible.

    Args:
        modules: The generation's.
        tables: What bare specifiers mean in it.
        requiring: Names of ES modules that may call `require` themselves, as delegates do.
    """
    found: list[GenerationFinding] = []
    mended: dict[str, Source] = {}
    for name, source in modules.items():
        text = source.text.encode("utf-8", "replace")
        names = stubbed_requires(text) if source.format == "esm" else ()
        if name in requiring and source.format == "esm":
            mended[name] = allow(name, source, required_by(text), modules, tables)
        elif names:
            mended[name] = mend_one(name, source, names, modules, tables, found)
        else:
            mended[name] = source
    return mended, tuple(found)


def lead_by_script(
    modules: Mapping[str, Source], containers: Mapping[str, ContainerSource]
) -> dict[str, Source]:
    """Let containers that know others by their manifests know them by their scripts.

    Of a script their runtime asks the global object first, where the others are; a manifest it would ask the
    network for, which there is not.

    Args:
        modules: The generation's.
        containers: Its containers.
    """
    here = {one.global_name for one in containers.values()} | containers.keys()
    found = dict(modules)
    for container in containers.values():
        source = modules.get(container.script)
        if source is None or not container.bundled:
            continue
        text = source.text
        for name, entry in find_remotes(text.encode("utf-8", "replace")).items():
            if name in here and MANIFEST in entry:
                text = text.replace(entry, script_beside(entry))
        found[container.script] = replace(source, text=text)
    return found


def script_beside(manifest: str) -> str:
    """Return the URL of a script that might lie beside a manifest; nobody asks for it."""
    folder = manifest.rpartition("/")[0]
    return f"{folder if MANIFEST not in folder else 'https://remote.invalid'}/remoteEntry.js"


def allow(
    name: str, source: Source, names: Collection[str], modules: Mapping[str, Source], tables: Tables
) -> Source:
    """Give an ES module a `require` for what it calls that with."""
    targets = {one: target_of(name, source, one, tables) for one in names}
    known = {one: target for one, target in targets.items() if target is not None}
    if not known or DECLARED.search(source.text):
        return source
    return replace(source, text=with_require(source.text, commonjs_of(known, modules)))


def target_of(name: str, source: Source, specifier: str, tables: Tables) -> Target | None:
    """Return what a specifier means to a module, relative ones included."""
    if specifier.startswith(("./", "../")):
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), specifier))
    return lookup(tables, source.remote, specifier)


def commonjs_of(targets: Mapping[str, Target], modules: Mapping[str, Source]) -> dict[str, bool]:
    """Return which targets are CommonJS modules."""
    return {
        one: isinstance(target, str) and target in modules and modules[target].format == "cjs"
        for one, target in targets.items()
    }


def mend_one(
    name: str,
    source: Source,
    names: Collection[str],
    modules: Mapping[str, Source],
    tables: Tables,
    found: list[GenerationFinding],
) -> Source:
    """Mend one module; what was found is added to `found`."""
    targets = {one: lookup(tables, source.remote, one) for one in names}
    known = {one: target for one, target in targets.items() if target is not None}
    lost = [one for one in names if one not in known]
    if lost or DECLARED.search(source.text):
        what = ", ".join(repr(one) for one in (lost or names) if one != UNKNOWN) or "what is not known"
        text = f"it requires {what} by a function that only throws in ES modules: it fails where it does so"
        found.append(GenerationFinding("require-stub", source.remote, name, (lost or [*names])[0], text))
        return source
    shown = ", ".join(repr(one) for one in names)
    text = f"it requires {shown} by a function that only throws in ES modules: imports were put in its place"
    found.append(GenerationFinding("require-mended", source.remote, name, next(iter(names)), text))
    return replace(source, text=with_require(source.text, commonjs_of(known, modules)))


def with_require(text: str, names: Mapping[str, bool]) -> str:
    """Give an ES module a `require` for some names.

    Args:
        text: The module.
        names: What it requires, and whether that is a CommonJS module, of which it gets the exports.
    """
    return "".join(pieces(names)) + text


def pieces(names: Mapping[str, bool]) -> Iterator[str]:
    """Yield the parts of the line that goes before a module."""
    for index, name in enumerate(names):
        yield f"import * as hanse$require{index} from {json.dumps(name)};"
    table = ",".join(
        f"[{json.dumps(name)},hanse$require{index}{'.default' if commonjs else ''}]"
        for index, (name, commonjs) in enumerate(names.items())
    )
    yield f"const hanse$required=new Map([{table}]);"
    yield "const require=(name)=>{if(hanse$required.has(name))return hanse$required.get(name);"
    yield "throw new Error(`require of ${name}: no such module`)};"
