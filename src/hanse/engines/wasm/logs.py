"""What modules write to their console: records of the logger `hanse.console`, each with its remote's name."""

from __future__ import annotations

from hanse.engines.console import log_line

__all__ = ["Log"]


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
        """Log one line, as far as there is room for it.

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
            self._say("warning", "wrote too much: the rest is dropped", *writer)
            return
        self._left -= size + 1
        self._say(level, text, *writer)

    def _say(self, level: str, text: str, remote: str, module: str) -> None:
        log_line(level, text, remote=remote or self._remote, module=module)
