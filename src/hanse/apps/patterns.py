"""Paths of pages with holes in them: `/shop/[id]`, `/docs/[...rest]`; and what of a URL fills the holes.

The grammar is that of file routes as Next.js has them: a segment is a word, `[name]` for one segment, or
`[...name]`, at the end, for one or more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from hanse.errors import FormatError

__all__ = ["Params", "Pattern", "parse_pattern", "split_path"]

Params = Mapping[str, str | tuple[str, ...]]
"""What filled the holes: the text of a segment, or those of several."""

HOLE: Final = re.compile(r"\[(\.\.\.)?([A-Za-z_][A-Za-z0-9_]*)\]")
# What RFC 3986 lets stand in a segment as it is.
PLAIN: Final = "-._~!$&'()*+,;=:@"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its word, or the name of its hole."""

    word: str = ""
    name: str = ""
    rest: bool = False

    @property
    def rank(self) -> int:
        """How early it is tried: words before holes, holes before those that take all that is left."""
        return 2 if self.rest else 1 if self.name else 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """A page's path.

    Attributes:
        text: As it is written.
        segments: Its segments.
    """

    text: str
    segments: tuple[Segment, ...]

    @property
    def shape(self) -> tuple[str, ...]:
        """What patterns that the same paths fit have in common: the names of holes do not count."""
        return tuple("[...]" if one.rest else "[]" if one.name else one.word for one in self.segments)

    @property
    def order(self) -> tuple[tuple[int, str], ...]:
        """Sorts patterns by who is asked first."""
        # One that ends earlier goes before one that would have to take something more.
        return (*((one.rank, one.word) for one in self.segments), (-1, ""))

    def match(self, segments: tuple[str, ...]) -> Params | None:
        """Return what fills the holes for the segments of a path; None if it does not fit."""
        params: dict[str, str | tuple[str, ...]] = {}
        for place, one in enumerate(self.segments):
            if place >= len(segments):
                return None
            if one.rest:
                params[one.name] = segments[place:]
                return params
            if one.name:
                params[one.name] = segments[place]
            elif one.word != segments[place]:
                return None
        return params if len(segments) == len(self.segments) else None

    def fill(self, params: Params) -> str:
        """Return the path with its holes filled.

        Raises:
            FormatError: A hole has nothing to fill it.
        """
        return "/" + "/".join(self._filled(one, params) for one in self.segments)

    def _filled(self, segment: Segment, params: Params) -> str:
        if not segment.name:
            return quote(segment.word, safe=PLAIN)
        value = params.get(segment.name)
        if value is None or value in ("", ()):
            raise FormatError(
                "a hole of this path is left open",
                subject=self.text,
                path=segment.name,
                found=repr(value),
                expected="some text" if not segment.rest else "at least one segment",
            )
        several = (value,) if isinstance(value, str) else value
        return "/".join(quote(one, safe=PLAIN) for one in several)


def parse_pattern(text: str, *, subject: str = "") -> Pattern:
    """Read a page's path.

    Args:
        text: The path: `/`, `/shop/[id]`.
        subject: The document it is from, for messages.

    Raises:
        FormatError: It does not begin with a slash, has an empty segment, or a hole that is none.
    """
    if not text.startswith("/"):
        raise pattern_error(text, subject, "it does not begin with a slash")
    words = text[1:].split("/") if text != "/" else []
    segments = tuple(parse_segment(word, text, subject) for word in words)
    if any(one.rest for one in segments[:-1]):
        raise pattern_error(text, subject, "`[...name]` takes all that is left, and is not the last")
    names = [one.name for one in segments if one.name]
    if len({*names}) < len(names):
        raise pattern_error(text, subject, "two holes have the same name")
    return Pattern(text, segments)


def parse_segment(word: str, text: str, subject: str) -> Segment:
    """Read one segment of a pattern."""
    hole = HOLE.fullmatch(word)
    if hole is not None:
        return Segment(name=hole[2], rest=bool(hole[1]))
    if word in ("", ".", "..") or any(one in word for one in "[]?#\\%"):
        raise pattern_error(text, subject, f"{word!r} is neither a word nor `[name]` nor `[...name]`")
    return Segment(word=word)


def pattern_error(text: str, subject: str, fault: str) -> FormatError:
    """Return the error for a path that cannot be a page's."""
    return FormatError(
        f"this cannot be a page's path: {fault}",
        subject=subject,
        path=text,
        found=repr(text),
        expected="a path like `/shop/products/[id]`",
    )


def split_path(path: str) -> tuple[str, ...] | None:
    """Return the segments of a URL's path as text; None for what no page can have.

    A slash at the end is of no account: `/shop/` is `/shop`. Empty segments, dots, and what is not UTF-8 are
    no page's.
    """
    words = path.removesuffix("/").split("/")[1:] if path.startswith("/") else [""]
    segments = []
    for word in words:
        try:
            segment = unquote_to_bytes(word).decode()
        except UnicodeDecodeError:
            return None
        if segment in ("", ".", "..") or "\x00" in segment:
            return None
        segments.append(segment)
    return tuple(segments)
