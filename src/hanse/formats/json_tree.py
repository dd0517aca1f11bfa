"""JSON as it is written, for those who look for faults: a key that comes twice is there twice.

The structs are decoded by msgspec, which is quick and stops at the first fault; this is neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal, NoReturn

import msgspec

from hanse.formats.decoding import BOM, json_type, key_path, shorten

__all__ = ["Fault", "Pairs", "Severity", "Tree", "parse_tree", "tree_faults", "type_name"]

Severity = Literal["error", "warning"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault of a document.

    `path` leads to it (`$.shared[3].version`, or the key of a TOML file); `line`, from 1, is there where it
    is known. An `error` makes the document or a part of it unusable, or dangerous; a `warning` is something
    that is ignored, or surely not meant.
    """

    path: str
    message: str
    found: str = ""
    expected: str = ""
    severity: Severity = "error"
    hint: str = ""
    line: int | None = None


class Pairs(tuple[tuple[str, "Tree"], ...]):
    """A JSON object: its keys and values in their order, repetitions included."""

    __slots__ = ()

    def last(self) -> dict[str, Tree]:
        """Return what every parser makes of the object: of a repeated key, the last value."""
        return dict(self)


Tree = Pairs | list["Tree"] | str | int | float | bool | None
"""A JSON value."""


def parse_tree(data: bytes) -> Tree:
    """Parse JSON, strictly: neither NaN nor Infinity.

    Raises:
        ValueError: It is not UTF-8, or not JSON (`json.JSONDecodeError` then knows the line).
        RecursionError: It is nested too deeply.
    """
    text = data.removeprefix(BOM).decode()
    tree: Tree = json.loads(text, object_pairs_hook=Pairs, parse_constant=refuse_constant)
    return tree


def refuse_constant(constant: str) -> NoReturn:
    """Refuse what only Python reads as JSON."""
    raise ValueError(f"{constant} is not JSON")


def type_name(tree: Tree) -> str:
    """Name a value's JSON type as messages do."""
    return "object" if isinstance(tree, Pairs) else json_type(tree)


def tree_faults(tree: Tree, depth: int) -> Iterator[Fault]:
    """Yield what is wrong with JSON of any kind: repeated keys, broken Unicode, too many levels."""
    waiting: list[tuple[str, Tree, int]] = [("$", tree, 0)]
    while waiting:
        path, node, level = waiting.pop()
        if level > depth:
            yield Fault(path=path, message="the document is nested too deeply", expected=f"{depth} levels")
        elif isinstance(node, Pairs):
            yield from pairs_faults(node, path)
            waiting += [(key_path(path, key), value, level + 1) for key, value in reversed(node)]
        elif isinstance(node, list):
            waiting += [(f"{path}[{index}]", node[index], level + 1) for index in reversed(range(len(node)))]
        elif isinstance(node, str) and is_broken(node):
            yield Fault(
                path=path,
                message="this text is not Unicode",
                found=shorten(node),
                expected="whole characters",
            )


def pairs_faults(node: Pairs, path: str) -> Iterator[Fault]:
    """Yield the faults of an object's keys."""
    seen: set[str] = set()
    for key, _ in node:
        if is_broken(key):
            yield Fault(
                path=path, message="this key is not Unicode", found=shorten(key), expected="whole characters"
            )
        if key in seen:
            yield Fault(
                path=key_path(path, key),
                message="this key comes more than once; parsers take the last one, without a word",
                found=repr(shorten(key)),
                expected="every key once",
            )
        seen.add(key)


def is_broken(text: str) -> bool:
    """Tell half a character: a lone surrogate, which JSON can write and Unicode cannot."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
