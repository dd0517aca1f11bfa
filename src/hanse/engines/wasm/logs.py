"""What modules write to their console: records of the logger `hanse.console`, each with its remote's name."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["LOGGER", "Log"]

LOGGER: Final = logging.getLogger("hanse.console")
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class Log:
    """Takes what one call writes.

    Args:
        remote: Whose module is called.
        most: Bytes that are taken; the rest is dropped, and said so.
    """

    def __init__(self, remote: str, most: int) -> None:
        self._remote, self._left = remote, most

    @property
    def full(self) -> bool:
        """Whether everything from now on is dropped."""
        return self._left <= 0

    def write(self, level: str, text: str, writer: tuple[str, str] = ("", "")) -> None:
        """Log one line; what could move a terminal's cursor is written as an escape.

        Args:
            level: Its level, as the guest names it.
            text: What it says.
            writer: The remote and the module that wrote it; empty where that cannot be seen.
        """
        if self._left <= 0:
            return
        size = len(text.encode("utf-8", "replace"))
        if size > self._left:
            self._left = 0
            self._say(logging.WARNING, "it wrote too much: the rest is dropped")
            return
        self._left -= size + 1
        self._say(LEVELS.get(level, logging.INFO), readable(text), *writer)

    def _say(self, level: int, text: str, remote: str = "", module: str = "") -> None:
        remote = remote or self._remote
        said = {"remote": remote, "module_name": module}
        LOGGER.log(level, "%s: %s", remote or "engine", text, extra=said)


def readable(text: str) -> str:
    """Return a text with control characters written as escapes."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)
