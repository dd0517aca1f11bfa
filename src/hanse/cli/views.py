"""One side of a comparison, from what the user gave."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from hanse.cli.options import OriginOptions, PolicyOptions
from hanse.cli.sources import find_document, is_toml, load, read_document
from hanse.formats.decoding import decode_json
from hanse.formats.import_map import ImportMap
from hanse.formats.lint import guess_kind
from hanse.limits import LIMITS
from hanse.resolve.compare import View

__all__ = ["read_view"]

MAP: Final = msgspec.json.Decoder(ImportMap)
MAP_NAMES: Final = ("import-map.json", "importmap.json")


def read_view(source: str, origin: OriginOptions, options: PolicyOptions) -> tuple[View, list[str]]:
    """Read an import map, or load and resolve a federation; return what troubled it, too.

    Raises:
        HanseError: It cannot be had, or resolved.
    """
    found = find_map(source)
    if found is not None:
        data = read_document(found, cap=LIMITS.import_map_bytes)
        if guess_kind(data, found) == "import-map":
            return View(decode_json(MAP, data, subject=found, cap=LIMITS.import_map_bytes)), []
    loaded = load(source, origin, options)
    return View.of(loaded.plan()), [*loaded.troubles()]


def find_map(source: str) -> str | None:
    """Return the document that may be an import map; None where it is surely none."""
    document = find_document(source)
    if document is not None:
        return None if is_toml(document) else document
    files = (Path(source) / name for name in MAP_NAMES)
    return next((str(file) for file in files if file.is_file()), None)
