"""A preset's outcome as JSON, and as JavaScript that a webpack or rspack configuration imports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hanse.share.presets.externals import RULES, bundled_by
from hanse.share.presets.options import Own, SharedTable, Value, given, plain_table

__all__ = ["Config", "ModuleFormat", "javascript", "plain_config"]

ModuleFormat: TypeAlias = Literal["esm", "commonjs"]

WORD: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")

# What `decide_external` does, for the build to run. An `externals` function that takes one argument answers
# with a promise, in webpack and rspack alike.
DECIDING: Final = """
const inside = (keys, name) => keys.exact.includes(name) || keys.containing.some((key) => name.includes(key));

// Decides about one import as the Next.js plugin does; `answer` is what another externals function said.
const decide = (request, answer, layer) => {
  if (typeof answer !== "string") return answer;
  const named = answer.split(" ")[1];
  if (!named || inside(rules.bundle, named)) return undefined;
  const { layers } = rules.bundle;
  if (Object.hasOwn(layers, layer) && inside(layers[layer], named)) return undefined;
  if (request.includes(rules.bundle.requestContaining)) return undefined;
  const { exact, prefixes } = rules.external;
  return exact.includes(named) || prefixes.some((key) => named.startsWith(key)) ? answer : undefined;
};

const externals = [
  async ({ request, contextInfo }) =>
    request ? decide(request, `commonjs ${request}`, contextInfo?.issuerLayer) : undefined,
];
"""

NO_EXTERNALS: Final = """
const externals = [];
"""


@dataclass(frozen=True, slots=True)
class Config:
    """What a build takes from a preset.

    `external` says whether the rules about what is external on the server belong to it. `origin` is a line
    that says where it is from.
    """

    shared: SharedTable
    external: bool = False
    origin: str = ""


def plain_config(config: Config) -> dict[str, object]:
    """Return `shared` and `externals` as JSON has them.

    What is `undefined` is left out. `externals` is None where a build has no such rules; else it says which
    imports are bundled, which stay external, and that all others are bundled.
    """
    return {"shared": plain_table(config.shared), "externals": plain_rules(config)}


def plain_rules(config: Config) -> dict[str, object] | None:
    """Return the rules about what is external, as JSON."""
    if not config.external:
        return None
    bundled = bundled_by(config.shared)
    layers = {layer: plain_keys(keys) for layer, keys in bundled.items() if layer}
    return {
        "bundle": {**plain_keys(bundled[None]), "requestContaining": RULES.bundled_inside, "layers": layers},
        "external": {"exact": [*RULES.exact], "prefixes": [*RULES.prefixes]},
        "otherwise": "bundle",
    }


def plain_keys(keys: Iterable[str]) -> dict[str, list[str]]:
    """Tell whole requests from texts that match anywhere in one."""
    every = [*keys]
    return {
        "exact": [key for key in every if not key.endswith("/")],
        "containing": [key for key in every if key.endswith("/")],
    }


def javascript(config: Config, *, module: ModuleFormat = "esm") -> str:
    """Write a module that gives `shared`, `externals` and, where there are rules, `decide`.

    What is `undefined` is written so.

    Args:
        config: What to write.
        module: `esm` for a file that ends with `.mjs`, `commonjs` for one that ends with `.cjs`.
    """
    names = "shared, externals, decide" if config.external else "shared, externals"
    head = f"// {one_line(config.origin)}\n" if config.origin else ""
    body = f"{head}const shared = {write_table(config.shared)};\n"
    rules = plain_rules(config)
    if rules is None:
        body += NO_EXTERNALS
    else:
        body += f"\nconst rules = {json.dumps(rules, indent=2)};\n{DECIDING}"
    if module == "commonjs":
        return f"{body}\nmodule.exports = {{ {names} }};\n"
    return f"{body}\nexport {{ {names} }};\nexport default {{ {names} }};\n"


def one_line(text: str) -> str:
    """Write a text so that it cannot leave a line comment."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def write_table(table: SharedTable) -> str:
    """Write a table as a JavaScript object."""
    lines = [f"  {write_key(key)}: {write_entry(entry)},\n" for key, entry in table.items()]
    return "{\n" + "".join(lines) + "}" if lines else "{}"


def write_entry(entry: Own) -> str:
    """Write an entry as a JavaScript value."""
    if isinstance(entry, str):
        return json.dumps(entry)
    inside = ", ".join(f"{write_key(name)}: {write_value(value)}" for name, value in given(entry))
    return f"{{ {inside} }}" if inside else "{}"


def write_key(key: str) -> str:
    """Write a property's name; `__proto__` so that it is one."""
    if key == "__proto__":
        return '["__proto__"]'
    return key if WORD.fullmatch(key) else json.dumps(key)


def write_value(value: Value) -> str:
    """Write a value; `None` is `undefined`."""
    if value is None:
        return "undefined"
    return json.dumps([*value] if isinstance(value, tuple) else value)
