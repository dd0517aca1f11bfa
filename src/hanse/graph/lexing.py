"""What a module imports, by its text alone: parsed with tree-sitter, whatever is wrong with it.

Garbage of megabytes and brackets of any depth cost time in proportion to their length, and a caller can end
it: the parser asks now and then whether to go on, and so does the search. Nothing here recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Point, Tree, TreeCursor

from hanse.errors import FormatError
from hanse.graph.files import Lexed
from hanse.graph.heads import read_head
from hanse.graph.literals import read_literal
from hanse.limits import LIMITS, Limits

__all__ = ["Stop", "lex"]

Stop = Callable[[], bool]
"""Tells whether to give up; asked every few microseconds."""

LANGUAGE: Final = Language(tree_sitter_javascript.language())
# Only where one of these words stands, there can be an import. Keywords are never written with escapes.
# Expressions that begin with a literal are searched for fast; what stands before the word is looked at then.
WORDS: Final = (re.compile(rb"import(?![\w$])"), re.compile(rb"export(?![\w$])"))
PARTS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$@#")
# No module begins like this, and every page does that a server shows in place of a file.
MARKUP: Final = re.compile(rb"\s*<")
KIND: Final = re.compile(rb"""\btype["']?\s*:\s*["']([a-z-]+)["']""")
LITERALS: Final = frozenset({"string", "template_string"})
# The parser is fed like this, so that other threads have their turn in between.
PIECE: Final = 64 << 10
# The end of a module is filled up to a multiple of this many bytes.
STEP: Final = 256
# Arguments of a call that are looked at, comments among them.
NEAR: Final = 8
STATEMENTS: Final = frozenset({"import_statement", "export_statement"})
# A statement that the parser made nothing of, such as one in a syntax it does not know yet.
TORN: Final = re.compile(
    rb"""(?:import\s*|(?:import|export)\b[^'"`;()]{0,300}?\bfrom\s*)"""
    rb"""(?P<quote>['"])(?P<specifier>(?:[^'"\\\r\n]|\\.){0,4096})(?P=quote)"""
)

Span = tuple[int, int]
"""Where a part of the text begins and ends, in bytes."""


@dataclass(frozen=True, slots=True)
class ParsedModule:
    """A module that was parsed.

    Attributes:
        subject: Its URL, for messages.
        text: It, as proper UTF-8.
        places: Where the words stand that an import begins with, in their order.
        tree: None where there are none, or it is no JavaScript, or all is known without.
        head: What it imports at its head, where that is all.
    """

    subject: str
    text: bytes
    places: list[int] = field(default_factory=list)
    tree: Tree | None = None
    head: tuple[str, ...] = ()


def lex(source: bytes, *, subject: str, stop: Stop | None = None, limits: Limits = LIMITS) -> Lexed:
    """Find out what a module imports.

    Syntax errors are tolerated: what can be read around them counts. A text that is no JavaScript, such as
    HTML, imports nothing.

    Args:
        source: The file; bytes that are not UTF-8 are read as browsers do.
        subject: Its URL, for messages.
        stop: Asked again and again whether to give up; None for never.
        limits: The caps on its size and on its imports.

    Raises:
        FormatError: It is too large, imports too much, or `stop` said so.
    """
    module = parse_module(source, subject=subject, stop=stop, limits=limits)
    return imports_of(module, stop=stop, limits=limits)


def parse_module(
    source: bytes, *, subject: str, stop: Stop | None = None, limits: Limits = LIMITS
) -> ParsedModule:
    """Parse a module, for whoever wants more of it than what it imports; arguments are those of `lex`.

    Raises:
        FormatError: It is too large, or `stop` said so.
    """
    if len(source) > limits.module_bytes:
        raise FormatError(
            "this module is too large",
            subject=subject,
            found=f"{len(source)} bytes",
            expected=f"at most {limits.module_bytes} bytes",
        )
    text = make_unicode(source.removeprefix(b"\xef\xbb\xbf"))
    places = places_in(text)
    if not places or MARKUP.match(text):
        return ParsedModule(subject, text)
    head = read_head(text, places, most=limits.imports_per_module, stop=stop or go_on)
    if head is not None:
        return ParsedModule(subject, text, places, head=head)
    tree = parse(text, stop or go_on)
    if tree is None:
        raise too_long(subject, len(text))
    return ParsedModule(subject, text, places, tree)


def imports_of(module: ParsedModule, *, stop: Stop | None = None, limits: Limits = LIMITS) -> Lexed:
    """Find out what a parsed module imports; arguments are those of `lex`.

    Raises:
        FormatError: It imports too much, or `stop` said so.
    """
    found = (
        Lexed(module.head)
        if module.tree is None
        else collect(module.text, module.tree, module.places, stop or go_on, limits)
    )
    subject = module.subject
    if found is None:
        raise too_long(subject, len(module.text))
    if len(found.imports) + len(found.dynamic) > limits.imports_per_module:
        raise FormatError(
            "this module imports too much",
            subject=subject,
            found=f"more than {limits.imports_per_module} imports",
            expected=f"at most {limits.imports_per_module}",
        )
    return found


def too_long(subject: str, size: int) -> FormatError:
    """Return the error of a module for which there was no time."""
    return FormatError(
        "it takes too long to find out what this module imports",
        subject=subject,
        found=f"{size} bytes",
        expected="JavaScript",
    )


def places_in(text: bytes) -> list[int]:
    """Return where the words stand that an import begins with, in their order."""
    found = [match.start() for word in WORDS for match in word.finditer(text)]
    return sorted(place for place in found if not place or text[place - 1] not in PARTS)


def go_on() -> bool:
    """Never give up."""
    return False


def make_unicode(source: bytes) -> bytes:
    """Return the source as proper UTF-8: what is not becomes U+FFFD."""
    try:
        source.decode()
    except UnicodeDecodeError:
        return source.decode("utf-8", "replace").encode()
    return source


class Feeder:
    """Feeds the parser with modules, one at a time.

    The parser never gives up what it was fed with (tree-sitter 0.26): each module would leave a copy behind.
    It is done with a piece when it asks for the next one, so that all pieces of one size are one object, and
    there are few sizes: the end of a module is filled up with newlines, which mean nothing there.
    """

    def __init__(self) -> None:
        self._bytes = bytearray(PIECE)
        self._views: dict[int, memoryview] = {}

    def give(self, text: bytes, offset: int) -> memoryview:
        """Return what comes at an offset of a module, and nothing behind its end."""
        piece = text[offset : offset + PIECE]
        size = -(-len(piece) // STEP) * STEP
        self._bytes[:size] = piece.ljust(size, b"\n")
        view = self._views.get(size)
        if view is None:
            view = self._views[size] = memoryview(self._bytes)[:size]
        return view


# As many as modules were ever read at a time; a thread takes one and puts it back.
FEEDERS: Final[list[Feeder]] = []


def parse(text: bytes, stop: Stop) -> Tree | None:
    """Parse a module; None where it took too long."""
    try:
        feeder = FEEDERS.pop()
    except IndexError:
        feeder = Feeder()

    def give(offset: int, _: Point) -> memoryview:
        return feeder.give(text, offset)

    def end(_: int, __: bool) -> bool:  # noqa: FBT001 - the parser calls it
        return stop()

    try:
        return Parser(LANGUAGE).parse(give, progress_callback=end)
    except ValueError:
        return None
    finally:
        FEEDERS.append(feeder)


def collect(text: bytes, tree: Tree, places: list[int], stop: Stop, limits: Limits) -> Lexed | None:
    """Put together what is imported; None where it took too long."""
    imports: dict[str, None] = {}
    dynamic: dict[str, None] = {}
    others: dict[str, None] = {}
    opaque = False
    for node in visit(tree.walk(), places, stop):
        if node is None:
            return None
        called = node.type == "call_expression"
        span, kind = argument_of(text, node) if called else source_of(text, node)
        if span is None:
            opaque = opaque or called
            continue
        specifier = read_literal(text[slice(*span)].decode("utf-8", "replace"))
        (dynamic if called else imports)[specifier] = None
        if kind is not None:
            others[specifier] = None
        if len(imports) + len(dynamic) > limits.imports_per_module:
            break
    return Lexed(tuple(imports), tuple(dynamic), opaque, tuple(others))


def visit(cursor: TreeCursor, places: list[int], stop: Stop) -> Iterator[Node | None]:
    """Yield the nodes that may import something, in their order; None once it has taken too long.

    Goes through the tree once, and past everything that has no place in it. Yielded are calls of `import`,
    statements with a specifier, and the bare words where the parser made nothing of what follows. A node is
    never asked for its parent or sibling: it would look for them from the root.
    """
    upcoming, torn = iter(places), [False]
    place = next(upcoming, None)
    while place is not None:
        node = cursor.node
        if node is None or stop():
            yield None
            return
        if node.start_byte <= place < node.end_byte:
            if is_import(node, torn=torn[-1]):
                yield node
            if cursor.goto_first_child_for_byte(place) is not None:
                torn.append(node.is_error)
            else:
                place = next(upcoming, None)
        elif node.start_byte > place:
            place = next(upcoming, None)
        elif not go_behind(cursor, torn):
            return


def go_behind(cursor: TreeCursor, torn: list[bool]) -> bool:
    """Move to the node behind all of this one; False where there is none."""
    while not cursor.goto_next_sibling():
        if not cursor.goto_parent():
            return False
        torn.pop()
    return True


def is_import(node: Node, *, torn: bool) -> bool:
    """Tell whether a node may import something; `torn` says that its parent is a place of errors."""
    kind = node.type
    if kind in STATEMENTS:
        return node.child_by_field_name("source") is not None
    if kind == "call_expression":
        called = node.child_by_field_name("function")
        return called is not None and called.type == "import"
    return torn and kind in {"import", "export"}


def source_of(text: bytes, node: Node) -> tuple[Span | None, str | None]:
    """Return where a statement's specifier stands, and its `type` attribute."""
    if node.type not in STATEMENTS:
        found = TORN.match(text, node.start_byte)
        return (None if found is None else found.span("specifier")), None
    literal, count = node.child_by_field_name("source"), node.named_child_count
    if literal is None:
        return None, None
    last = None if count < 2 else node.named_child(count - 1)
    attributes = None if last is None or last.type != "import_attribute" else last
    return inside(literal), type_in(text, attributes)


def argument_of(text: bytes, call: Node) -> tuple[Span | None, str | None]:
    """Return where the literal argument of an `import()` stands, and the `type` in its options.

    It has no such place where it is computed.
    """
    arguments = call.child_by_field_name("arguments")
    count = 0 if arguments is None else min(arguments.named_child_count, NEAR)
    children = [] if arguments is None else [arguments.named_child(index) for index in range(count)]
    given = [child for child in children if child.type != "comment"]
    if not given or given[0].type not in LITERALS:
        return None, None
    if any(child.type == "template_substitution" for child in given[0].named_children):
        return None, None
    return inside(given[0]), type_in(text, given[1] if len(given) > 1 else None)


def inside(literal: Node) -> Span:
    """Return what is between a literal's quotes."""
    return literal.start_byte + 1, literal.end_byte - 1


def type_in(text: bytes, attributes: Node | None) -> str | None:
    """Return the `type` that attributes give, None where they give none."""
    if attributes is None:
        return None
    found = KIND.search(text, attributes.start_byte, min(attributes.end_byte, attributes.start_byte + 1000))
    return None if found is None else found[1].decode()
