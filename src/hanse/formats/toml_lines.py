"""On which line of a TOML document each key stands.

The standard library's parser says that only for faults of syntax, and a wrong value deserves a line too. The
text given here has passed that parser, so this only has to follow it, not to judge it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["KeyLines", "key_lines"]

KeyLines = dict[tuple[str, ...], int]
"""Path of a key -> its line, from 1."""

Token = tuple[str, int]
"""A token and the line it begins on."""

# Strings of several lines first: all that is inside them is one token.
TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\n\[\]{}=,.]"
    r"|[^\s\[\]{}=,.\"'#]+",
    re.DOTALL,
)

OPENING: Final = frozenset("[{")
CLOSING: Final = frozenset("]}")


def key_lines(text: str) -> KeyLines:
    """Return where each key stands, those of inline tables too; of several tables in an array the first."""
    lines: KeyLines = {}
    table: tuple[str, ...] = ()
    for statement in split(tokens(text), "\n"):
        if statement[0][0] == "[":
            table = tuple(key_name(word) for word, _ in statement if word not in ("[", "]", "."))
            mark(lines, table, statement[0][1])
        else:
            record(lines, table, statement)
    return lines


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens that matter; white space and comments do not."""
    line = 1
    for match in TOKEN.finditer(text):
        token = match.group()
        if not token.startswith("#"):
            yield token, line
        line += token.count("\n")


def split(stream: Iterable[Token], separator: str) -> Iterator[list[Token]]:
    """Split tokens where a separator stands outside all brackets; empty parts and line ends are dropped."""
    part: list[Token] = []
    depth = 0
    for token in stream:
        depth += (token[0] in OPENING) - (token[0] in CLOSING)
        if token[0] == separator and not depth:
            if part:
                yield part
            part = []
        elif token[0] != "\n":
            part.append(token)
    if part:
        yield part


def record(lines: KeyLines, table: tuple[str, ...], statement: list[Token]) -> None:
    """Record the key of `key = value`, and the keys inside the value where it is an inline table."""
    equals = next((index for index, token in enumerate(statement) if token[0] == "="), len(statement))
    path = table + tuple(key_name(word) for word, _ in statement[:equals] if word != ".")
    mark(lines, path, statement[0][1])
    value = statement[equals + 1 :]
    if value and value[0][0] == "{":
        for item in split(value[1:-1], ","):
            record(lines, path, item)


def mark(lines: KeyLines, path: tuple[str, ...], line: int) -> None:
    """Record a path and the tables it runs through, each where it came up first."""
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], line)


def key_name(word: str) -> str:
    """Return the key that a word writes, quoted or not."""
    if word[0] in "\"'":
        return str(tomllib.loads(f"key = {word}")["key"])
    return word
