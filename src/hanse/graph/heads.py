"""Modules that import at their head alone, as bundlers write them: read without a parser.

What is read here is certain: whatever could be anything else is left to the parser. A keyword is never
written with escapes, so that an import needs one of the words `import` and `export`; at the head they are
statements, and behind it they must not be there, but for exports of a module's own names and `import.meta`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["read_head"]

# Nothing is taken back here that was matched: time is in proportion to length.
STATEMENT: Final = re.compile(
    rb"""\s*+import(?P<clause>[\w$*{},\s]*+)(?P<quote>['"])(?P<specifier>[^'"\\\r\n]*+)(?P=quote)\s*+;"""
)
BEGINNING: Final = frozenset(b" \t\r\n{*")
BEFORE_FROM: Final = frozenset(b" \t\r\n}")
# There is more that counts as a blank than ASCII has: where such a letter follows, the parser is asked.
OWN: Final = re.compile(
    rb"import\.meta(?![\w$])"
    rb"|export\s++(?:const|let|var|function|class|async|default(?!\s*+(?:from|/)))(?![\w$])"
    rb"|export\s*+\{[\w$,\s]*+\}\s*+(?![f/\x80-\xff])"
)


def read_head(
    text: bytes, places: Sequence[int], *, most: int, stop: Callable[[], bool]
) -> tuple[str, ...] | None:
    """Return the specifiers that a module imports at its head.

    Args:
        text: The module, as proper UTF-8.
        places: Where the words `import` and `export` stand, in their order.
        most: How many are read; there is one more where there are too many.
        stop: Asked again and again whether to give up.

    Returns:
        Each once, in their order; None where only a parser can tell, or it gave up.
    """
    found: dict[str, None] = {}
    end = 0
    while (match := STATEMENT.match(text, end)) and is_clause(match["clause"]):
        end = match.end()
        found[match["specifier"].decode()] = None
        if len(found) > most:
            return tuple(found)
        if stop():
            return None
    own = all(OWN.match(text, place) for place in places if place >= end)
    return tuple(found) if own else None


def is_clause(clause: bytes) -> bool:
    """Tell whether this may stand between `import` and a specifier."""
    names = clause.rstrip()
    if not names:
        return True
    return clause[0] in BEGINNING and names.endswith(b"from") and names[-5] in BEFORE_FROM
