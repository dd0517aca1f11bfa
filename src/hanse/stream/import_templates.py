"""How a bundler's script names its chunks: the function from ids to files, read and never run.

Webpack and rspack write `id => (names[id] || id) + "." + hashes[id] + ".js"` in many spellings, as
conditions, tables or texts put together. What it gives is worked out from the syntax tree for each id that
its tables know; a function that does anything else is not understood, and says so by being None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tree_sitter import Node

from hanse.graph.literals import read_literal

__all__ = ["Template", "apply_template", "known_ids", "read_template"]

# Deeper than any function that a bundler writes; chains of sums and conditions are not nested here.
DEEPEST: Final = 40
FUNCTIONS: Final = frozenset({"arrow_function", "function_expression"})


@dataclass(frozen=True, slots=True)
class Within:
    """Where a node stands: nodes have places in a text, and not the text itself."""

    source: bytes
    parameter: str = ""

    def text(self, node: Node) -> str:
        """Return a node's text."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Given:
    """The id itself."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after another."""

    parts: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Picked:
    """What a table has for the id; else `otherwise`, None where that is undefined in JavaScript."""

    table: Mapping[str, Template]
    otherwise: Template | None


Template: TypeAlias = "str | Given | Joined | Picked"
"""What a text is made of; a plain text is itself."""


def read_template(source: bytes, function: Node) -> Template | None:
    """Read a function of one parameter that gives a text; None where it is not understood.

    Args:
        source: What was parsed, as it was parsed.
        function: The function in it.
    """
    if function.type not in FUNCTIONS:
        return None
    parameter = parameter_of(function, Within(source))
    body = function.child_by_field_name("body")
    if parameter is None or body is None:
        return None
    within = Within(source, parameter)
    try:
        if body.type == "statement_block":
            return read_statements(named(body), within, 0)
        return read_expression(body, within, 0)
    except NotUnderstoodError:
        return None


def apply_template(template: Template, given: str) -> str | None:
    """Return what the function gives for an id; None where that is undefined, or has it in it."""
    if isinstance(template, str):
        return template
    if isinstance(template, Given):
        return given
    if isinstance(template, Picked):
        found = template.table.get(given, template.otherwise)
        return None if found is None else apply_template(found, given)
    parts = [apply_template(part, given) for part in template.parts]
    return None if None in parts else "".join(part for part in parts if part is not None)


def known_ids(template: Template) -> dict[str, None]:
    """Return the ids that the tables of a function know, in their order."""
    found: dict[str, None] = {}
    waiting: list[Template] = [template]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Joined):
            waiting.extend(part.parts)
        elif isinstance(part, Picked):
            found.update(dict.fromkeys(part.table))
            waiting.extend(one for one in (part.otherwise, *part.table.values()) if one is not None)
    return found


class NotUnderstoodError(Exception):
    """No text is put together from an id here."""


def parameter_of(function: Node, within: Within) -> str | None:
    """Return the name of a function's only parameter."""
    single = function.child_by_field_name("parameter")
    if single is None:
        parameters = function.child_by_field_name("parameters")
        listed = [] if parameters is None else named(parameters)
        single = listed[0] if len(listed) == 1 else None
    return within.text(single) if single is not None and single.type == "identifier" else None


def named(node: Node) -> list[Node]:
    """Return the children that are not punctuation or comments."""
    return [child for child in node.named_children if child.type != "comment"]


def read_statements(statements: list[Node], within: Within, depth: int) -> Template:
    """Read `if (id === 1) return "a"; return …`."""
    table: dict[str, Template] = {}
    for statement in statements:
        if statement.type == "return_statement":
            given = named(statement)
            if len(given) != 1:
                raise NotUnderstoodError
            last = read_expression(given[0], within, depth + 1)
            return Picked(table, last) if table else last
        if statement.type != "if_statement" or statement.child_by_field_name("alternative") is not None:
            raise NotUnderstoodError
        condition, then = child(statement, "condition"), child(statement, "consequence")
        branch = named(then) if then.type == "statement_block" else [then]
        table.setdefault(read_condition(condition, within), read_statements(branch, within, depth + 1))
    raise NotUnderstoodError


def read_expression(node: Node, within: Within, depth: int) -> Template:
    """Read one expression."""
    node = without_brackets(node)
    if depth > DEEPEST:
        raise NotUnderstoodError
    if node.type == "string":
        return literal_of(node, within)
    if node.type == "number":
        return within.text(node)
    if node.type == "identifier" and within.text(node) == within.parameter:
        return Given()
    reader = READERS.get(node.type)
    if reader is None:
        raise NotUnderstoodError
    return reader(node, within, depth + 1)


def read_binary(node: Node, within: Within, depth: int) -> Template:
    """Read `a + b + …`, and `table[id] || id`."""
    operator = within.text(child(node, "operator"))
    if operator in ("||", "??"):
        first = read_expression(child(node, "left"), within, depth)
        if not isinstance(first, Picked) or first.otherwise is not None:
            raise NotUnderstoodError
        return Picked(first.table, read_expression(child(node, "right"), within, depth))
    parts: list[Node] = []
    while node.type == "binary_expression" and within.text(child(node, "operator")) == "+":
        parts.append(child(node, "right"))
        node = without_brackets(child(node, "left"))
    if not parts:
        raise NotUnderstoodError
    return Joined(tuple(read_expression(part, within, depth) for part in (node, *reversed(parts))))


def read_ternary(node: Node, within: Within, depth: int) -> Template:
    """Read `id === 1 ? "a" : id === 2 ? "b" : …`, however long."""
    table: dict[str, Template] = {}
    while node.type == "ternary_expression":
        then = read_expression(child(node, "consequence"), within, depth)
        table.setdefault(read_condition(child(node, "condition"), within), then)
        node = without_brackets(child(node, "alternative"))
    return Picked(table, read_expression(node, within, depth))


def read_lookup(node: Node, within: Within, depth: int) -> Template:
    """Read `{1: "a", 2: "b"}[id]`."""
    table, index = without_brackets(child(node, "object")), without_brackets(child(node, "index"))
    if table.type != "object" or within.text(index) != within.parameter:
        raise NotUnderstoodError
    found = {key: read_expression(value, within, depth) for key, value in pairs_of(table, within)}
    return Picked(found, None)


def read_call(node: Node, within: Within, depth: int) -> Template:
    """Read `"a".concat(id, ".js")`, which is what older targets are given."""
    called, arguments = child(node, "function"), child(node, "arguments")
    if called.type != "member_expression" or within.text(child(called, "property")) != "concat":
        raise NotUnderstoodError
    parts = (child(called, "object"), *named(arguments))
    return Joined(tuple(read_expression(part, within, depth) for part in parts))


def read_template_string(node: Node, within: Within, depth: int) -> Template:
    """Read `${id}.js` between backquotes."""
    parts: list[Template] = []
    for part in node.named_children:
        if part.type == "template_substitution":
            parts.extend(read_expression(one, within, depth) for one in named(part))
        else:
            parts.append(read_literal(within.text(part)))
    return Joined(tuple(parts))


READERS: Final = {
    "binary_expression": read_binary,
    "call_expression": read_call,
    "subscript_expression": read_lookup,
    "template_string": read_template_string,
    "ternary_expression": read_ternary,
}


def read_condition(node: Node, within: Within) -> str:
    """Read `id === 1`, either way round, and return the id."""
    node = without_brackets(node)
    if node.type != "binary_expression" or within.text(child(node, "operator")) not in ("===", "=="):
        raise NotUnderstoodError
    sides = [without_brackets(child(node, "left")), without_brackets(child(node, "right"))]
    values = [side for side in sides if within.text(side) != within.parameter]
    if len(values) != 1 or values[0].type not in ("string", "number"):
        raise NotUnderstoodError
    return literal_of(values[0], within)


def pairs_of(table: Node, within: Within) -> Iterator[tuple[str, Node]]:
    """Yield key and value of an object literal that has nothing but such pairs."""
    for pair in named(table):
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type != "pair" or key is None or value is None or key.type == "computed_property_name":
            raise NotUnderstoodError
        yield literal_of(key, within), value


def literal_of(node: Node, within: Within) -> str:
    """Return the text of a string, a number or a name."""
    return read_literal(within.text(node)[1:-1]) if node.type == "string" else within.text(node)


def without_brackets(node: Node) -> Node:
    """Return what stands inside brackets."""
    while node.type == "parenthesized_expression":
        inside = named(node)
        if len(inside) != 1:
            raise NotUnderstoodError
        node = inside[0]
    return node


def child(node: Node, field: str) -> Node:
    """Return a part of a node.

    Raises:
        NotUnderstoodError: It has no such part.
    """
    found = node.child_by_field_name(field)
    if found is None:
        raise NotUnderstoodError
    return found
