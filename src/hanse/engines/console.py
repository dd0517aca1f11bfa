"""What modules write to their console, as records of `hanse.console` with its remote's name."""

from __future__ import annotations

import logging
from typing import Final

from hanse.engines.frames import Frame

__all__ = ["LOGGER", "log_frame", "log_line"]

LOGGER: Final = logging.getLogger("hanse.console")
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LONGEST: Final = 16 << 10


def log_frame(frame: Frame) -> None:
    """Log what a guest said that a module wrote."""
    head = frame.head
    text = frame.body.decode("utf-8", "replace")
    log_line(head.level, text, remote=head.remote, module=head.module)
    if head.dropped:
        log_line("warning", "wrote too much: the rest is dropped", remote=head.remote, module=head.module)


def log_line(level: str, text: str, *, remote: str, module: str) -> None:
    """Log one line; what could move a terminal's cursor is written as an escape."""
    readable = "".join(
        char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text[:LONGEST]
    )
    LOGGER.log(
        LEVELS.get(level, logging.INFO),
        "%s: %s",
        remote or "engine",
        readable,
        extra={"remote": remote, "module_name": module},
    )
