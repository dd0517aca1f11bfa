"""Server-sent events, read from bytes as they come: a parser and nothing else, without I/O or clock.

The rules are those of the HTML standard ("Interpreting an event stream"): UTF-8, a byte order mark at the
start, lines that end in CR, LF or both, comments, data in several lines, and an event only where an empty
line ends it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from hanse.errors import TooLargeError

__all__ = ["Event", "EventParser"]

# Looking for ends, and not for lines, takes time in proportion to the text also where there is no end in it.
END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type, its data, and the last id the stream has named, empty if none."""

    type: str
    data: str
    id: str = ""


class EventParser:
    """Turns the bytes of one stream into events, however they are cut into parts.

    Args:
        cap: Characters an unfinished event, or an unfinished line, may have.
        last_id: The id that the stream before this one ended with.

    Attributes:
        last_id: The last id the stream has named with a finished event; to be sent when it is opened again.
        retry: The milliseconds the stream asks to wait before it is opened again; None if it does not.
    """

    def __init__(self, *, cap: int, last_id: str = "") -> None:
        self._cap = cap
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest: list[str] = []
        self._started = False
        self._after_cr = False
        self._type = ""
        self._data: list[str] = []
        self._id = last_id
        self._size = 0
        self.last_id = last_id
        self.retry: int | None = None

    def feed(self, part: bytes) -> list[Event]:
        """Take the next bytes, and return the events that they finish.

        Raises:
            TooLargeError: An event or a line has more characters than the cap.
        """
        text = self._decoder.decode(part)
        if text and not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")
        # The line ended at the CR, which may have come alone: a LF right after it belongs to that end.
        if text and self._after_cr:
            self._after_cr = False
            text = text.removeprefix("\n")
        return self._split(text)

    def _split(self, text: str) -> list[Event]:
        """Take the lines that end in this text, and keep the rest."""
        events, start = [], 0
        for end in END.finditer(text):
            piece = text[start : end.start()]
            start = end.end()
            self._after_cr = end[0] == "\r" and start == len(text)
            self._grow(len(piece))
            line = "".join((*self._rest, piece))
            self._rest.clear()
            event = self._take(line)
            if event is not None:
                events.append(event)
        if start < len(text):
            self._rest.append(text[start:])
            self._grow(len(text) - start)
        return events

    def _grow(self, count: int) -> None:
        """Count what is being held.

        Raises:
            TooLargeError: It is too much.
        """
        self._size += count
        if self._size > self._cap:
            raise TooLargeError(
                f"an event of its stream has more than {self._cap} characters",
                hint="see whether this is a stream of build notifications at all",
            )

    def _take(self, line: str) -> Event | None:
        """Take one whole line; an empty one ends an event."""
        if not line:
            return self._finish()
        if line.startswith(":"):
            self._size -= len(line)
            return None
        field, _, value = line.partition(":")
        self._set(field, value.removeprefix(" "))
        return None

    def _set(self, field: str, value: str) -> None:
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._type = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit() and len(value) < 10:
            self.retry = int(value)

    def _finish(self) -> Event | None:
        """End the event; without any line of data it is none, though its id counts."""
        kind, data, some = self._type, "\n".join(self._data), bool(self._data)
        self._type, self._size = "", 0
        self._data.clear()
        self.last_id = self._id
        return Event(kind or "message", data, self._id) if some else None
