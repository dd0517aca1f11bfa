"""Puts what is not ours, and so not kept in this repository, into what is built of it.

Hatchling runs this. `python -m scripts.node scripts/client scripts/engine` installs it before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["PACKED", "Packed", "PackedHook"]


class Packed(NamedTuple):
    """A package of npm, or the part of it that is taken along with its licence.

    No dataclass: Hatchling runs this file without making it a module that one could be looked up in.

    Attributes:
        name: What it is called in messages.
        target: The make target that installs it.
        folder: Where it goes, in the package `hanse`.
        files: Where each file is installed, and what it is called in that folder.
    """

    name: str
    target: str
    folder: str
    files: dict[Path, str]


SHIMS = Path("scripts/client/node_modules/es-module-shims")
QUICKJS = Path("scripts/engine/node_modules/quickjs-wasi")
PACKED = (
    Packed(
        "es-module-shims",
        "shims",
        "hanse/web/client/shims",
        {SHIMS / "dist" / "es-module-shims.js": "es-module-shims.js", SHIMS / "LICENSE": "LICENSE"},
    ),
    Packed(
        "QuickJS",
        "engine",
        "hanse/engines/wasm/quickjs",
        {QUICKJS / "quickjs.wasm": "quickjs.wasm", QUICKJS / "LICENSE": "LICENSE"},
    ),
)
# Where the package `hanse` is: in a wheel, and in the sources a wheel is made from.
PLACES = {"wheel": "", "sdist": "src/"}


class PackedHook(BuildHookInterface[BuilderConfig]):
    """Adds the files and their licences to wheels and source distributions."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to add; an editable install finds them where they are.

        A checkout without them is built without them: it must be possible to install Hanse without Node.
        """
        place = PLACES.get(self.target_name)
        if version == "editable" or place is None:
            return
        for packed in PACKED:
            self._add(packed, place, build_data)

    def _add(self, packed: Packed, place: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if all((root / "src" / packed.folder / name).is_file() for name in packed.files.values()):
            # A source distribution has them in place already.
            return
        missing = [file for file in packed.files if not (root / file).is_file()]
        if missing:
            self.app.display_warning(
                f"built without {packed.name}: {missing[0]} is missing (make {packed.target})"
            )
            return
        for file, name in packed.files.items():
            build_data["force_include"][str(root / file)] = f"{place}{packed.folder}/{name}"
