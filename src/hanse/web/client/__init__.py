"""The browser's part: a loader of at most 3 KB for every page, and what some pages get besides.

The sources beside this file are written to be read; what is sent is squeezed once, when this is imported.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from hanse.web.client.polyfill import BUILTIN, Shims, find_shims
from hanse.web.client.squeezing import squeeze

__all__ = [
    "BUILTIN",
    "CONTAINERS",
    "DEV",
    "HYDRATE",
    "LOADER",
    "Client",
    "Script",
    "Shims",
    "load_client",
    "load_script",
    "place_shims",
]


@dataclass(frozen=True, slots=True)
class Script:
    """A module script as it is sent, inline.

    Attributes:
        text: Its text; it cannot end the script element it stands in.
        digest: `sha384-…` of the text in UTF-8: what a content security policy names where it has no nonce.
    """

    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Client:
    """All there is for browsers.

    Attributes:
        loader: What every page gets.
        dev: What pages get besides while developing.
        containers: What pages with Module Federation's containers get, before the loader.
        hydrate: What pages get where the browser takes over what the server has rendered.
        shims: es-module-shims, where it is at hand.
    """

    loader: Script
    dev: Script
    containers: Script
    hydrate: Script
    shims: Shims | None


def load_script(name: str) -> Script:
    """Read and squeeze one of the sources beside this file.

    Raises:
        FormatError: It is not written as the squeezer needs it.
    """
    text = squeeze(files(__name__).joinpath(name).read_text("utf-8"), subject=name)
    digest = hashlib.sha384(text.encode()).digest()
    return Script(text, f"sha384-{base64.b64encode(digest).decode()}")


@cache
def load_client() -> Client:
    """Return all there is for browsers; files are read once."""
    return Client(
        load_script("hanse.js"),
        load_script("dev.js"),
        load_script("containers.js"),
        load_script("hydrate.js"),
        find_shims(),
    )


def place_shims(choice: str | None, base: str) -> tuple[str | None, str | None]:
    """Return where a page gets es-module-shims, and its digest where that is known.

    Args:
        choice: A URL, `builtin` for the release that comes with Hanse, or None.
        base: The path of Hanse's own app on that page, with a slash at the end.
    """
    shims = load_client().shims
    if choice != BUILTIN or shims is None:
        return (None if choice == BUILTIN else choice), None
    return f"{base}static/{shims.name}", shims.integrity


LOADER: Final = load_client().loader.text
DEV: Final = load_client().dev.text
CONTAINERS: Final = load_client().containers.text
HYDRATE: Final = load_client().hydrate.text
