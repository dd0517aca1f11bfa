"""The data block: what the loader has to know about the page it is on."""

from __future__ import annotations

import msgspec

__all__ = ["CONTAINERS_IDENTIFIER", "IDENTIFIER", "PageData"]

IDENTIFIER = "hanse-page"
CONTAINERS_IDENTIFIER = "hanse-containers"


class PageData(msgspec.Struct, frozen=True, rename="camel"):
    """What stands in `<script type="application/json" id="hanse-page">`.

    Attributes:
        base: The path of Hanse's own app, with a slash at the end.
        snapshot: The digest of the snapshot the page was made from.
        development: Whether errors are shown to whoever looks at the page.
        modules: The specifiers of the modules the page will run.
        scoped: Whether the map has only the entries these modules can reach.
        shims: The URL of es-module-shims; null for none.
        shims_integrity: Its digest; null where it is not checked.
    """

    base: str
    snapshot: str
    development: bool
    modules: tuple[str, ...]
    scoped: bool
    shims: str | None
    shims_integrity: str | None
