"""What HTML may cost to parse, estimated before it is: never less than it does.

HTML's rules open formatting elements again after each block that was closed over them: 250 of `<b id=…>`,
then `<p>` for the rest of 128 kB, become 150 MB and half a minute. And each start tag looks through all open
elements. So an end tag counts for closing something only where no rule could make a parser ignore it.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["too_costly"]

TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
FORMATTING: Final = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# Inside of these an end tag means nothing to what is outside.
WALLS: Final = frozenset(
    {"table", "td", "th", "caption", "object", "marquee", "applet", "template", "button"}
)
# Elements that end those walls all the same.
TABLE: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"})
# Of these another one ends the one before, so that many in a row are not inside each other.
IMPLIED: Final = frozenset({"p", "li", "dt", "dd", "rp", "rt", "option"}) | (TABLE - {"table"})
# Elements that may be opened again, all in all: ten thousand take some 40 ms.
REOPENED: Final = 40_000


def too_costly(html: str, *, depth: int, known: frozenset[str]) -> bool:
    """Tell whether HTML could be nested too deep, or grow while it is parsed.

    Args:
        html: What somebody wrote.
        depth: How many elements may be inside each other.
        known: The names of elements whose tags are read as such wherever they stand.
    """
    stack: list[str] = []
    left_open = formatting = reopened = 0
    for found in TAG.finditer(html):
        name = found[2].lower()
        if name in VOID:
            continue
        if not found[1]:
            if not (stack and name in IMPLIED and stack[-1] == name):
                stack.append(name)
                formatting += name in FORMATTING
        elif (place := closes(stack, name, known)) is not None:
            gone = sum(one in FORMATTING for one in stack[place:])
            formatting -= gone
            left_open += gone - (name in FORMATTING)
            del stack[place:]
        reopened += formatting + left_open
        if len(stack) > depth or reopened > REOPENED:
            return True
    return False


def closes(stack: list[str], name: str, known: frozenset[str]) -> int | None:
    """Return the place of the element that an end tag surely closes; None where there is none."""
    for place in range(len(stack) - 1, -1, -1):
        one = stack[place]
        if one == name:
            return place
        if (one in WALLS and name not in TABLE) or (name in known) != (one in known):
            return None
    return None
