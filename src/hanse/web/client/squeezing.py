"""JavaScript as it is sent: without comments, indentation, and the spaces that only people need.

This is no parser, and relies on how the files are written that it is for: a comment has lines of its own
and begins with `//`, a string or template ends on its line, no template stands inside another, a regular
expression has neither spaces nor quotes in it, no statement is empty, and no list ends with a hole.
"""

from __future__ import annotations

import re
from typing import Final

from hanse.errors import FormatError

__all__ = ["squeeze"]

LITERAL: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`""")
# A literal, which stays as it is; a declaration; or punctuation with the spaces around it. Not `/`; and `+`
# and `-` only between two names or numbers: `a + +b` is not `a++b`.
PARTS: Final = re.compile(
    rf"({LITERAL.pattern})|\b(const)\b|(?<=\w) ([+-]) (?=\w)| *([=(){{}}\[\],:;?&|<>!*]+) *"
)
# After these a line break means nothing; after all else it may end a statement.
JOINED: Final = re.compile(r"(?<=[{(\[,;=>|&?:])\n")
# The last semicolon of a block, where it ends a line as all statements do here; and the last comma of a list.
LAST: Final = re.compile(r"[;,]?\n(?=[})\]])")
# What would end the script element that this goes into, or open a comment in it.
ENDS: Final = re.compile(r"</script|<!--", re.IGNORECASE)


def squeeze(source: str, *, subject: str) -> str:
    """Return a module's source, shorter, with the same meaning.

    Args:
        source: The source, written as the head of this module says.
        subject: Its name, for errors.

    Raises:
        FormatError: A line has an open literal or a block comment, or the source could not stand in HTML.
    """
    if (found := ENDS.search(source)) is not None:
        raise FormatError("this cannot stand inside a script element", subject=subject, found=found[0])
    lines = enumerate((line.strip() for line in source.splitlines()), 1)
    kept = [check(line, number, subject) for number, line in lines if line and not line.startswith("//")]
    return JOINED.sub("", LAST.sub("", "\n".join(PARTS.sub(shorten, line) for line in kept)))


def check(line: str, number: int, subject: str) -> str:
    """Return a line of which every literal ends where it begins.

    Raises:
        FormatError: One does not, or there is a comment beside code.
    """
    code = LITERAL.sub("", line)
    if any(quote in code for quote in "'\"`") or "/*" in code or " // " in code:
        raise FormatError(
            "this line has an open literal, or a comment beside code",
            subject=subject,
            path=f"line {number}",
            found=repr(line[:60]),
        )
    return line


def shorten(found: re.Match[str]) -> str:
    """Return a literal as it is, and punctuation without spaces; what is constant need not be called so."""
    literal, constant, sign, punctuation = found.groups()
    return literal or ("let" if constant else sign or punctuation)
