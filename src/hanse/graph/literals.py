"""JavaScript's string literals, from their source text to the text they stand for.

Source: ECMA-262, "String Literals" and "Template Literal Lexical Components".
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["read_literal"]

ESCAPE: Final = re.compile(
    r"\\(?:(?P<hex>x[0-9A-Fa-f]{2})|(?P<unit>u[0-9A-Fa-f]{4})|u\{(?P<point>[0-9A-Fa-f]+)\}"
    r"|(?P<line>\r\n|[\n\r\u2028\u2029])|(?P<octal>[0-3][0-7]{0,2}|[4-7][0-7]?)|(?P<one>.))",
    re.DOTALL,
)
SINGLE: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
LAST_POINT: Final = 0x10FFFF


def read_literal(source: str) -> str:
    """Return the text that a literal stands for, given what is between its quotes.

    Halves of surrogate pairs are put together, and what is left alone becomes U+FFFD, as in every URL.
    """
    if "\\" not in source:
        return source
    text = ESCAPE.sub(undo, source)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def undo(match: re.Match[str]) -> str:
    """Return what one escape stands for."""
    if match["hex"] or match["unit"]:
        return chr(int((match["hex"] or match["unit"])[1:], 16))
    if match["point"]:
        point = int(match["point"], 16)
        return chr(point) if point <= LAST_POINT else "\ufffd"
    if match["line"]:
        return ""
    if match["octal"]:
        return chr(int(match["octal"], 8))
    return SINGLE.get(match["one"], match["one"])
