"""What commands write: JSON and text to standard output, notices and progress to standard error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "console",
    "progress",
    "unicode",
    "visible",
    "warn",
    "write_address",
    "write_bytes",
    "write_error",
    "write_json",
    "write_text",
]

# Below a second nobody needs to be told that something is under way.
PATIENCE: Final = 1.0
# Where nobody looks at a terminal, tables are as wide as it takes.
WIDE: Final = 160
WARNINGS: Final = 100


def visible(text: str) -> str:
    """Write control characters as escapes: a name from outside must not drive the terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def unicode(text: str) -> str:
    """Write as escapes what no JSON can hold: the undecodable bytes of arguments and file names."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output, and a line end after them."""
    line = data.removesuffix(b"\n") + b"\n"
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(line.decode("utf-8", "replace"))
        return
    sys.stdout.flush()
    buffer.write(line)
    buffer.flush()


def write_text(text: str) -> None:
    """Write text to standard output, as UTF-8 whatever the terminal's encoding is: it may be a file."""
    write_bytes(unicode(text).encode())


def write_address(url: str) -> None:
    """Write where something is served, as JSON on a line."""
    write_bytes(msgspec.json.encode({"url": url}))


def write_json(value: object) -> None:
    """Write a value as JSON, indented."""
    write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2))


def warn(lines: Iterable[str]) -> None:
    """Write warnings to standard error, the first hundred of them."""
    every = list(lines)
    for line in every[:WARNINGS]:
        write_error(f"warning: {visible(' '.join(line.split()))}")
    if len(every) > WARNINGS:
        write_error(f"warning: and {len(every) - WARNINGS} more")


def write_error(line: str) -> None:
    """Write a line to standard error, whatever its encoding can hold."""
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def console() -> Console:
    """Return a console on standard output; colours only on a terminal."""
    from rich.console import Console

    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show on standard error, if that is a terminal, what takes longer than a second."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True, markup=False).status(visible(text))
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
