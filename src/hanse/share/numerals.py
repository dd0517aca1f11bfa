"""Numbers as JavaScript reads and writes them, where versions and ranges depend on it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["increase", "read_number"]

_DECIMAL = re.compile(
    r"[+-]?(?:Infinity|[0-9]++\.?[0-9]*+(?:[eE][+-]?[0-9]++)?|\.[0-9]++(?:[eE][+-]?[0-9]++)?)"
)
_BASES = {
    "x": (16, re.compile(r"[0-9A-Fa-f]+")),
    "o": (8, re.compile(r"[0-7]+")),
    "b": (2, re.compile(r"[01]+")),
}
# From here on JavaScript writes an exponent.
_EXPONENT: Final = 1e21


def read_number(text: str) -> float | None:
    """Return what `Number(text)` is in JavaScript, for a text without blanks around it; None for NaN."""
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    base, digits = _BASES.get(text[1:2].lower(), (0, None)) if text.startswith("0") else (0, None)
    if digits is None or not digits.fullmatch(text, 2):
        return None
    try:
        return float(int(text[2:], base))
    except OverflowError:
        return float("inf")


def increase(numeral: str | None) -> str:
    """Return the next whole number, rounded and written as JavaScript does it.

    From 1e21 on that is no version's number any more, and the comparator made of it holds for nothing.
    """
    number = float(numeral or 0) + 1
    if number >= _EXPONENT:
        return "Infinity"
    # The shortest digits that read as this number, and zeros.
    digits, _, exponent = f"{number!r}".partition("e+")
    whole, _, fraction = digits.partition(".")
    return whole + fraction.ljust(int(exponent), "0") if exponent else whole
