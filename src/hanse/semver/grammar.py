"""The alphabet of versions and ranges: white space, identifiers, and how long a text may be.

npm's grammar is written in JavaScript's regular expressions, whose white space and digits are not
Python's: U+FEFF is blank and U+001C is not, and only `0` to `9` are digits. Every pattern here uses
possessive quantifiers, so no input makes the matcher go back over what it has read.
"""

from __future__ import annotations

import re
from typing import Final

from hanse.limits import LIMITS

__all__ = [
    "BLANKS",
    "BUILD",
    "LONGEST",
    "LOOSE",
    "LOOSE_PRERELEASE",
    "MAX_NUMBER",
    "NUMBER",
    "PRERELEASE",
    "collapse",
    "strip_builds",
]

MAX_NUMBER: Final = 2**53 - 1
"""The largest number a version may hold: what JavaScript counts exactly."""

LONGEST: Final = LIMITS.semver_length
"""Characters a version may have, and a range without its blanks and build metadata."""

BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript's `trim` removes and its `\\s` matches."""

NUMBER: Final = r"(?:0|[1-9][0-9]*+)"
"""A number without leading zeros."""

_IDENTIFIER = r"(?:0(?![0-9A-Za-z-])|[1-9][0-9]*+(?![A-Za-z-])|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+)"

PRERELEASE: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*+"
"""The identifiers after the hyphen; one that is all digits has no leading zero."""

_LOOSE_IDENTIFIER = r"(?:[0-9]*+[A-Za-z-][0-9A-Za-z-]*+|[0-9]++)"

LOOSE_PRERELEASE: Final = rf"{_LOOSE_IDENTIFIER}(?:\.{_LOOSE_IDENTIFIER})*+"
"""Prerelease identifiers as npm's loose mode reads them, leading zeros and all."""

LOOSE: Final = rf"[0-9]++\.[0-9]++\.[0-9]++(?:-?{LOOSE_PRERELEASE})?"
"""A version as npm's loose mode finds it within a text."""

BUILD: Final = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
"""The identifiers after the plus sign."""

# Python counts these as blanks, JavaScript does not; no version or range may contain them.
_FALSE_BLANKS = "\x1c\x1d\x1e\x1f\x85"

_BUILD_TAG = re.compile(rf"\+{BUILD}")


def collapse(text: str) -> str | None:
    """Trim a text and turn each run of JavaScript white space into one space, in linear time.

    Args:
        text: Any text, of any length.

    Returns:
        The collapsed text, or None where nothing npm accepts can come of it: it holds a control
        character, or is still longer than `LIMITS.text_length`.
    """
    for blank in _FALSE_BLANKS:
        if blank in text:
            return None
    # One space follows each word but the last, so more words than half the cap are too long.
    most = LIMITS.text_length // 2
    words = text.replace("\ufeff", " ").split(None, most)
    if len(words) > most or sum(map(len, words)) > LIMITS.text_length:
        return None
    return " ".join(words)


def strip_builds(text: str) -> str:
    """Remove build metadata (`+build.5`), which no comparison looks at."""
    return _BUILD_TAG.sub("", text) if "+" in text else text
