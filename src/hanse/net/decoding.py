"""Content codings, undone a bounded piece at a time.

A decoder that may not be stopped is a bomb's fuse: ten megabytes of zeros are 8 kB of gzip and 13 bytes of
brotli. Only codings whose decoder takes a limit for its output are announced to origins, and accepted:
gzip and deflate everywhere, zstd where the standard library or `backports.zstd` has it, brotli from
release 1.2 on.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final, Protocol

__all__ = ["CodingError", "Decoder", "codings", "open_decoder"]

# The most a decoder hands out at once, in bytes.
PIECE: Final = 1 << 18
# RFC 9659: content coding with zstd needs no larger window than 8 MiB, which is 2 to the 23rd.
ZSTD_WINDOW_LOG: Final = 23


class CodingError(ValueError):
    """A body is not what its content coding says, or is cut off."""


class Decoder(Protocol):
    """Undoes one content coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes from the wire decode to, in bounded pieces."""
        ...

    def finish(self) -> None:
        """Raise CodingError if the body is not complete."""
        ...


@cache
def codings() -> tuple[str, ...]:
    """Return the names of the codings that can be undone here, as `Accept-Encoding` lists them."""
    optional = [("zstd", zstd_module()), ("br", brotli_module())]
    return ("gzip", "deflate", *(name for name, module in optional if module is not None))


def open_decoder(coding: str) -> Decoder:
    """Make the decoder of a coding.

    Args:
        coding: One of `codings()`, `x-gzip`, or `identity`.

    Raises:
        CodingError: It cannot be undone here.
    """
    if coding in {"", "identity"}:
        return Identity()
    if coding in {"gzip", "x-gzip"}:
        return Zlib(zlib.MAX_WBITS | 16)
    if coding == "deflate":
        return Zlib(None)
    zstd, brotli = zstd_module(), brotli_module()
    if coding == "zstd" and zstd is not None:
        return Zstd(zstd)
    if coding == "br" and brotli is not None:
        return Brotli(brotli)
    raise CodingError(f"the content coding {coding[:40]!r} was not asked for")


class Identity:
    """No coding at all."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the bytes as they are."""
        yield data

    def finish(self) -> None:
        """Accept every end: HTTP's own framing has checked it."""


class Zlib:
    """Gzip and deflate. One stream, complete, and nothing but zeros after it."""

    def __init__(self, window: int | None) -> None:
        # Deflate should have a zlib header, and some servers leave it out: the first bytes tell.
        self._machine = None if window is None else zlib.decompressobj(window)
        self._start = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield decoded pieces.

        Raises:
            CodingError: The bytes are not of this coding, or go on after its end.
        """
        if self._machine is None:
            self._start += data
            if len(self._start) < 2:
                return
            data, self._machine = self._start, zlib.decompressobj(deflate_window(self._start))
        if self._machine.eof:
            require_padding(data)
            return
        try:
            yield from inflate(self._machine, data)
        except zlib.error as error:
            raise CodingError(f"it is not what its content coding says ({error})") from error
        require_padding(self._machine.unused_data)

    def finish(self) -> None:
        """Raise CodingError if the stream was cut off."""
        require_end(self._machine is not None and self._machine.eof)


class Zstd:
    """Zstandard, with a window no larger than content coding needs."""

    def __init__(self, module: ModuleType) -> None:
        window = {module.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        self._machine = module.ZstdDecompressor(options=window)
        self._error: type[Exception] = module.ZstdError

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield decoded pieces.

        Raises:
            CodingError: The bytes are not of this coding, or go on after its end.
        """
        if self._machine.eof:
            require_padding(data)
            return
        try:
            piece = self._machine.decompress(data, PIECE)
            while piece:
                yield piece
                drained = self._machine.eof or self._machine.needs_input
                piece = b"" if drained else self._machine.decompress(b"", PIECE)
        except self._error as error:
            raise CodingError(f"it is not what its content coding says ({error})") from error
        require_padding(self._machine.unused_data)

    def finish(self) -> None:
        """Raise CodingError if the frame was cut off."""
        require_end(self._machine.eof)


class Brotli:
    """Brotli, by the releases of its library that can be stopped."""

    def __init__(self, module: ModuleType) -> None:
        self._machine = module.Decompressor()
        self._error: type[Exception] = module.error

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield decoded pieces.

        Raises:
            CodingError: The bytes are not of this coding, or go on after its end.
        """
        try:
            piece = self._machine.process(data, output_buffer_limit=PIECE)
            while piece:
                yield piece
                piece = self._machine.process(b"", output_buffer_limit=PIECE)
        except self._error as error:
            raise CodingError(f"it is not what its content coding says ({error})") from error

    def finish(self) -> None:
        """Raise CodingError if the stream was cut off."""
        require_end(self._machine.is_finished())


def inflate(machine: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Run a zlib decoder over the data; it may hold back output after it has taken all of the input."""
    while True:
        piece = machine.decompress(data, PIECE)
        if piece:
            yield piece
        data = machine.unconsumed_tail
        if machine.eof or (not data and len(piece) < PIECE):
            return


def deflate_window(start: bytes) -> int:
    """Tell zlib's header (RFC 1950) from bare deflate data (RFC 1951)."""
    has_header = start[0] & 0x0F == 8 and int.from_bytes(start[:2]) % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS


def require_padding(rest: bytes) -> None:
    """Refuse what follows a finished stream: dropping it would lose data unseen."""
    if rest.strip(b"\0"):
        raise CodingError("it goes on after the end of its content coding")


def require_end(ended: bool, /) -> None:  # noqa: FBT001 - a condition, and nothing else
    """Refuse a stream that has not ended."""
    if not ended:
        raise CodingError("it is cut off before the end of its content coding")


def zstd_module() -> ModuleType | None:
    """Find zstandard in the standard library (from Python 3.14 on) or its backport."""
    return load("compression.zstd") or load("backports.zstd")


def brotli_module() -> ModuleType | None:
    """Find brotli, of a release whose decoder takes a limit."""
    module = load("brotli")
    return module if module is not None and hasattr(module.Decompressor, "can_accept_more_data") else None


def load(name: str) -> ModuleType | None:
    """Import a module that need not be there."""
    try:
        return import_module(name)
    except ImportError:
        return None
