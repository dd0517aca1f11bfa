"""Module Federation's ranges, spelled out as comparators.

The runtime of Module Federation has a reader of ranges of its own. It works on the text, in steps, and each
step sees only the first place it fits; so `>= 1 < 2` is not what npm makes of it. Here every step scans its
text once, whatever the text is.
"""

from __future__ import annotations

import re
from typing import Final

from hanse.share.numerals import increase

__all__ = ["BLANK", "BLANKS", "CORE", "TAIL", "spell"]

# What JavaScript calls white space, in `\s` and in `trim`.
BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
BLANK: Final = f"[{BLANKS}]"

# The possessive repetitions never give back what they took: no text makes them try twice.
CORE: Final = r"(?:0|[1-9][0-9]*+)"
_LABEL = r"(?:[0-9]*+[A-Za-z-][0-9A-Za-z-]*+|0|[1-9][0-9]*+)"
_PRERELEASE = rf"(?:-({_LABEL}(?:\.{_LABEL})*+))"
_BUILD = r"(?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)"
TAIL: Final = rf"{_PRERELEASE}?{_BUILD}?"
_PLACE = rf"({CORE}|[xX*])"
_PARTIAL = rf"[v={BLANKS}]*+{_PLACE}(?:\.{_PLACE}(?:\.{_PLACE}{TAIL})?)?"

_HYPHEN = re.compile(rf"({_PARTIAL}){BLANK}++-{BLANK}++({_PARTIAL})")
_CARET = re.compile(rf"\^{_PARTIAL}")
_TILDE = re.compile(rf"~>?{_PARTIAL}")
_WILD = re.compile(rf"([<>]?=?){BLANK}*+{_PARTIAL}")
_FIRST_PLACE = re.compile(r"[0-9xX*]")
_SEPARATED_TILDE = re.compile(rf"~>?{BLANK}++")
_SEPARATED_CARET = re.compile(rf"\^{BLANK}++")
_GAP = re.compile(rf"{BLANK}++")
_NOTHING_ABOVE = re.compile(r">=0[^\n\r\u2028\u2029]0[^\n\r\u2028\u2029]0")

Place = str | None


def spell(alternative: str) -> list[str] | None:
    """Spell one alternative of a range, without blanks around it, as comparators that all must hold.

    Returns:
        The comparators (`>=1.2.0`), some of which nothing may satisfy; none where no version satisfies
        the alternative (`>=0.0.0` alone is such); or None where every version does.
    """
    text = _close_gaps(_spell_hyphen(alternative))
    spelled = " ".join([_drop_star(" ".join(_spell_word(word))) for word in text.split(" ")])
    if not spelled.strip(BLANKS):
        return None
    words = [word for word in _GAP.split(spelled) if word]
    return [word for word in words if not _NOTHING_ABOVE.fullmatch(word)]


def _close_gaps(text: str) -> str:
    """Join the first operator, the first tilde and the first caret with what follows it."""
    text = _join_operator(text)
    text = _SEPARATED_TILDE.sub("~", text, count=1)
    text = _SEPARATED_CARET.sub("^", text, count=1)
    return _GAP.sub(" ", text)


def _join_operator(text: str) -> str:
    """Drop the blanks between an operator and the version after it, where it is the first version."""
    place = _FIRST_PLACE.search(text)
    if place is None:
        return text
    start = len(text[: place.start()].rstrip("v=" + BLANKS))
    if text[start - 1 : start] in ("<", ">"):
        end = start + text.startswith("=", start)
    else:
        end = start + _blanks_at(text, start)
        if not text.startswith("=", end):
            return text
        end += 1
    return text[:end] + text[end + _blanks_at(text, end) :]


def _blanks_at(text: str, start: int) -> int:
    found = _GAP.match(text, start)
    return found.end() - start if found else 0


def _drop_star(text: str) -> str:
    """Drop the first star, with the operator before it."""
    before, star, after = text.partition("*")
    if not star:
        return text
    before = before.rstrip(BLANKS)
    before = before.removesuffix("=")
    return (before[:-1] if before.endswith(("<", ">")) else before) + after


def _is_wild(place: Place) -> bool:
    return place is None or place in "xX*"


def _spell_hyphen(text: str) -> str:
    found = _HYPHEN.fullmatch(text)
    if found is None:
        return text
    low, major, minor, patch, _, high, high_major, high_minor, high_patch, prerelease = found.groups()
    start = _spell_low(low, major, minor, patch)
    end = _spell_high(high, high_major, high_minor, high_patch, prerelease)
    return f"{start} {end}".strip(BLANKS)


def _spell_low(text: str, major: Place, minor: Place, patch: Place) -> str:
    if _is_wild(major):
        return ""
    if _is_wild(minor):
        return f">={major}.0.0"
    return f">={major}.{minor}.0" if _is_wild(patch) else f">={text}"


def _spell_high(text: str, major: Place, minor: Place, patch: Place, prerelease: Place) -> str:
    if _is_wild(major):
        return ""
    if _is_wild(minor):
        return f"<{increase(major)}.0.0-0"
    if _is_wild(patch):
        return f"<{major}.{increase(minor)}.0-0"
    return f"<={major}.{minor}.{patch}-{prerelease}" if prerelease else f"<={text}"


def _spell_word(word: str) -> list[str]:
    """Spell one word of a range: a caret, a tilde, or a version with or without an operator."""
    if found := _CARET.fullmatch(word):
        return _spell_caret(*found.groups())
    if found := _TILDE.fullmatch(word):
        return _spell_tilde(*found.groups())
    if found := _WILD.fullmatch(word):
        return _spell_wild(word, *found.groups())
    return [word]


def _spell_caret(major: Place, minor: Place, patch: Place, prerelease: Place) -> list[str]:
    if _is_wild(major):
        return []
    if _is_wild(minor):
        return [f">={major}.0.0", f"<{increase(major)}.0.0-0"]
    low = f">={major}.{minor}.0" if _is_wild(patch) else f">={major}.{minor}.{patch}"
    if prerelease and not _is_wild(patch):
        low += f"-{prerelease}"
    if major != "0":
        return [low, f"<{increase(major)}.0.0-0"]
    if minor != "0" or _is_wild(patch):
        return [low, f"<0.{increase(minor)}.0-0"]
    return [low, f"<0.0.{increase(patch)}-0"]


def _spell_tilde(major: Place, minor: Place, patch: Place, prerelease: Place) -> list[str]:
    if _is_wild(major):
        return []
    if _is_wild(minor):
        return [f">={major}.0.0", f"<{increase(major)}.0.0-0"]
    low = f">={major}.{minor}.0" if _is_wild(patch) else f">={major}.{minor}.{patch}"
    if prerelease and not _is_wild(patch):
        low += f"-{prerelease}"
    return [low, f"<{major}.{increase(minor)}.0-0"]


def _spell_wild(word: str, operator: str, major: Place, minor: Place, patch: Place, _: Place) -> list[str]:
    if _is_wild(major):
        return ["<0.0.0-0"] if operator in ("<", ">") else ["*"]
    if not _is_wild(minor) and not _is_wild(patch):
        return [word]
    if operator in ("", "="):
        return _spell_tilde(major, minor, patch, None)
    if operator in (">", "<="):
        raised = f"{increase(major)}.0.0" if _is_wild(minor) else f"{major}.{increase(minor)}.0"
        return [f">={raised}"] if operator == ">" else [f"<{raised}-0"]
    low = f"{major}.0.0" if _is_wild(minor) else f"{major}.{minor}.0"
    return [f"{operator}{low}-0" if operator == "<" else f"{operator}{low}"]
