"""What is changed in a module before it is given to an engine; lines and columns stay where they are.

`import(` becomes a call of a function with a name as long, so that a realm knows who loads what; attributes
such as `with { type: "json" }` become spaces, since a module's format is known already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from tree_sitter import Node, Tree

from hanse.graph.lexing import PARTS, go_on, imports_of, make_unicode, parse, parse_module, places_in, visit

__all__ = ["Rewritten", "rewrite_module", "rewrite_script"]

# Nothing else is looked for where none of these stands; most modules have none.
CALL: Final = re.compile(rb"import\s*(?:/\*.*?\*/\s*|//[^\n]*\n\s*)*\(", re.DOTALL)
ATTRIBUTES: Final = re.compile(rb"['\"]\s*(?:with|assert)\s*\{")
NO_CALL: Final = PARTS | frozenset(b".")
REQUIRE: Final = re.compile(
    r"""(?<![\w$.])require\s*\(\s*(?P<quote>['"])(?P<name>[^'"\\\n]{1,4096})(?P=quote)\s*\)"""
)
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A module as an engine gets it.

    Attributes:
        text: What is evaluated.
        imports: The specifiers it imports statically, or requires by literals.
        dynamic: The name of the function that stands for `import`, six letters long.
        held: Another name that is free in the module.
    """

    text: str
    imports: tuple[str, ...]
    dynamic: str
    held: str


def rewrite_module(text: str, *, subject: str) -> Rewritten:
    """Prepare an ES module.

    Raises:
        FormatError: It is too large, or imports too much.
    """
    parsed = parse_module(text.encode("utf-8", "replace"), subject=subject)
    dynamic, held = free_names(text)
    made = replace(parsed.text, dynamic, parsed.tree)
    return Rewritten(kept(made, text), imports_of(parsed).imports, dynamic, held)


def rewrite_script(text: str) -> Rewritten:
    """Prepare a CommonJS module."""
    dynamic, held = free_names(text)
    required = dict.fromkeys(match["name"] for match in REQUIRE.finditer(text))
    source = make_unicode(text.encode("utf-8", "replace"))
    return Rewritten(kept(replace(source, dynamic), text), tuple(required), dynamic, held)


def kept(made: str, text: str) -> str:
    """Return what a text was made, as the same object where nothing has changed: one copy is enough."""
    return text if made == text else made


def free_names(text: str) -> tuple[str, str]:
    """Return two names as long as `import` that do not occur in a text."""
    names = (f"$h{''.join(end)}$" for end in product(LETTERS, repeat=3))
    free = (name for name in names if name not in text)
    return next(free), next(free)


def replace(source: bytes, dynamic: str, tree: Tree | None = None) -> str:
    """Return the text with calls of `import` and attributes of imports replaced; `tree` is it, parsed."""
    if not has_calls(source) and ATTRIBUTES.search(source) is None:
        return source.decode()
    tree = parse(source, go_on) if tree is None else tree
    changed = bytearray(source)
    for node in () if tree is None else found_by(visit(tree.walk(), places_in(source), go_on)):
        span = slice(node.start_byte, node.end_byte)
        changed[span] = dynamic.encode() if node.type == "import" else blank(source[span])
    return changed.decode()


def has_calls(source: bytes) -> bool:
    """Tell whether `import(` may stand somewhere."""
    places = (match.start() for match in CALL.finditer(source))
    return any(not place or source[place - 1] not in NO_CALL for place in places)


def blank(text: bytes) -> bytes:
    """Return spaces as long as a text, with its line ends."""
    return bytes(byte if byte in b"\r\n" else 32 for byte in text)


def found_by(nodes: Iterator[Node | None]) -> Iterator[Node]:
    """Yield what is to be replaced: the word `import` of calls, and attributes of statements."""
    for node in nodes:
        if node is None:
            return
        if node.type == "call_expression":
            called = node.child_by_field_name("function")
            if called is not None:
                yield called
        elif node.named_child_count > 1:
            yield from (child for child in node.named_children[1:] if child.type == "import_attribute")
