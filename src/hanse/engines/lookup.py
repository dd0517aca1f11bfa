"""What a module's specifier means in a generation, by the generation's own table alone."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from hanse.engines.base import Generation, Target

__all__ = ["look_up"]

RELATIVE: Final = re.compile(r"\.{1,2}(/|$)")


def look_up(generation: Generation, importer: str, specifier: str) -> Target | None:
    """Return what a specifier means; None where the table does not say.

    Args:
        generation: Whose table is asked.
        importer: The module that asks; the host where there is no such module, which has neither a place nor
            a scope.
        specifier: What it asks for.
    """
    source = generation.modules.get(importer)
    if source is not None and RELATIVE.match(specifier):
        return join(importer, specifier)
    scope = {} if source is None else generation.scopes.get(source.remote, {})
    return scope[specifier] if specifier in scope else generation.imports.get(specifier)


def join(importer: str, specifier: str) -> str | None:
    """Resolve a relative specifier against a module's name; None where it leaves the names."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))
    return None if joined.startswith((".", "/")) else joined
