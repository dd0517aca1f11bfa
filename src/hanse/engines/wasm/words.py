"""Texts and numbers as QuickJS and WebAssembly have them."""

from __future__ import annotations

from typing import Final

__all__ = ["WORD", "decode", "unsigned"]

WORD: Final = 0xFFFF_FFFF


def decode(body: bytes) -> str:
    """Read QuickJS's UTF-8, in which halves of surrogate pairs may stand: they become U+FFFD."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        halves = body.decode("utf-8", "surrogatepass" if b"\xed" in body else "replace")
        return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unsigned(value: int) -> int:
    """Return a word of 32 bits, which WebAssembly gives with a sign."""
    return value & WORD if value < 0 else value
