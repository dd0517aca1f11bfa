"""Module graphs: which module imports what, from bytes that are handed in, and what a page loads for it."""

from __future__ import annotations

from hanse.graph.addresses import SOME_PAGE, place_on_page, write_for_page
from hanse.graph.files import Graph, Lexed, ModuleFile
from hanse.graph.lexing import lex
from hanse.graph.walking import Closure, Step, Targets, follow, walk

__all__ = [
    "SOME_PAGE",
    "Closure",
    "Graph",
    "Lexed",
    "ModuleFile",
    "Step",
    "Targets",
    "follow",
    "lex",
    "place_on_page",
    "walk",
    "write_for_page",
]
