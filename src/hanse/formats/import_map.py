"""Import maps: written by Hanse, and read, merged and followed as a browser does it."""

from __future__ import annotations

from hanse.formats.map_document import ImportMap, ParsedImportMap, parse_import_map, serialise
from hanse.formats.map_rules import Conflict, Resolved, Rule, find_rule, merge, resolve_specifier

__all__ = [
    "Conflict",
    "ImportMap",
    "ParsedImportMap",
    "Resolved",
    "Rule",
    "find_rule",
    "merge",
    "parse_import_map",
    "resolve_specifier",
    "serialise",
]
