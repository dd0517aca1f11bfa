"""`require` in ES modules: what esbuild leaves of a CommonJS package that requires an external.

Its output has a function that calls `require` where there is one and throws `Dynamic require of "react" is
not supported` where there is none, as in every ES module.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["stubbed_requires"]

MARK: Final = b"Dynamic require of "
WORD: Final = b"__require"
# Unminified output calls the function so, also in modules that import it from another chunk.
USUAL: Final = re.compile(rb"""(?<![\w$.])__require\d{0,4}\(\s{0,9}["']([^"'\\\r\n]{1,400})["']""")
# `var p=(e=>typeof require<"u"?require:…`
HELPER: Final = re.compile(
    rb"""([\w$]{1,60})\s{0,9}=\s{0,9}(?:/\*.{0,40}?\*/\s{0,9})?"""
    rb"""\(\(?[\w$]{1,60}\)?\s{0,9}=>\s{0,9}typeof\s{1,9}require\b"""
)
ARGUMENT: Final = rb"""\(\s{0,9}["']([^"'\\\r\n]{1,400})["']\s{0,9}\)"""


def stubbed_requires(source: bytes) -> tuple[str, ...]:
    """Return what a module requires by esbuild's function, each once; `?` where that is not known.

    Nothing where the module has no such function, or never calls it with a literal.
    """
    # Most modules have neither word, and are searched for it faster than for the pattern.
    names = [match[1] for match in USUAL.finditer(source)] if WORD in source else []
    if MARK in source:
        helper = HELPER.search(source)
        if helper is not None:
            call = re.compile(rb"(?<![\w$.])" + re.escape(helper[1]) + ARGUMENT)
            names += [match[1] for match in call.finditer(source)]
        elif not names:
            return ("?",)
    return tuple(dict.fromkeys(name.decode("utf-8", "replace") for name in names))
