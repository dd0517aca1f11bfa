"""es-module-shims: what browsers without import maps need.

It is somebody else's code, so it is not kept here: `npm ci` installs the pinned release, with its hash, below
`scripts/client` in a checkout, and the build puts it into the wheel.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["BUILTIN", "Shims", "find_shims"]

BUILTIN: Final = "builtin"

HERE: Final = Path(__file__).resolve().parent
FILE: Final = "es-module-shims.js"
# In a wheel, or else in a checkout that `make shims` was run in.
PLACES: Final = (
    HERE / "shims" / FILE,
    HERE.parents[3] / "scripts" / "client" / "node_modules" / "es-module-shims" / "dist" / FILE,
)


@dataclass(frozen=True, slots=True)
class Shims:
    """The script, ready to be served.

    Attributes:
        name: A file name with a part of the digest in it: what is served under it never changes.
        body: The script.
        integrity: Its digest, as `sha384-…`.
    """

    name: str
    body: bytes
    integrity: str


def find_shims() -> Shims | None:
    """Read the script; None where it was neither packed nor installed."""
    for place in PLACES:
        if place.is_file():
            body = place.read_bytes()
            digest = hashlib.sha384(body)
            name = f"es-module-shims.{digest.hexdigest()[:16]}.js"
            return Shims(name, body, f"sha384-{base64.b64encode(digest.digest()).decode()}")
    return None
