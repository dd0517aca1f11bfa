"""Puts es-module-shims, which is not kept in this repository, into what is built of it.

Hatchling runs this. `python -m scripts.node scripts/client` installs the script before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["ShimsHook"]

PACKAGE = Path("scripts/client/node_modules/es-module-shims")
# What is taken, and what it is called beside the client: in a wheel, and in the sources a wheel is made from.
FILES = {PACKAGE / "dist" / "es-module-shims.js": "es-module-shims.js", PACKAGE / "LICENSE": "LICENSE"}
FOLDERS = {"wheel": "hanse/web/client/shims", "sdist": "src/hanse/web/client/shims"}


class ShimsHook(BuildHookInterface[BuilderConfig]):
    """Adds the script and its licence to wheels and source distributions."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to add; an editable install finds them where they are.

        A checkout without them is built without them: it must be possible to install Hanse without Node.
        """
        folder = FOLDERS.get(self.target_name)
        if version == "editable" or folder is None:
            return
        root = Path(self.root)
        if (root / FOLDERS["sdist"] / "es-module-shims.js").is_file():
            # A source distribution has them in place already.
            return
        missing = [file for file in FILES if not (root / file).is_file()]
        if missing:
            self.app.display_warning(f"built without es-module-shims: {missing[0]} is missing (make shims)")
            return
        for file, name in FILES.items():
            build_data["force_include"][str(root / file)] = f"{folder}/{name}"
