"""What a site decides about its pages once and for all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from hanse.errors import UsageError
from hanse.web.client import BUILTIN, load_client
from hanse.web.overrides import Overrides

__all__ = ["LinkHeaders", "Loader", "Orchestrator", "PageOptions"]

Loader = Literal["inline", "none"]
"""`inline` writes the loader into the head; `none` leaves it to the page."""

LinkHeaders = Literal["auto", "always", "never"]
"""Who gets `Link` headers: browsers known to take a map after a preload, everybody, nobody."""

Orchestrator = Literal["none", "global", "session", "local"]
"""Where an orchestrator in the page keeps its state: nowhere, a global object, one of the two storages."""

BASE: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How pages are written.

    Attributes:
        base: The path under which Hanse's own app is mounted, without a slash at the end.
        development: Whether a module that does not exist is an error in the template, and pages get the
            overlay and reload when a remote is built anew.
        loader: Whether the head has the loader in it.
        scoped: Whether a page's map has only the entries that its modules can reach.
        link_headers: Who gets `Link` headers.
        orchestrator: Where the page writes the resolved state, for an orchestrator that is already in use.
        csp: Whether responses without a content security policy get the default one.
        shims: Where browsers without import maps get es-module-shims: a URL, or `builtin` for the release
            that comes with Hanse; None for no such browsers.
        shims_integrity: The digest of a file of your own, as `sha384-…`; None where it is not checked.
        overrides: Which remotes developers may replace on their own pages; None for nobody and nothing.

    Raises:
        UsageError: `base` is not a path, or there are no shims to serve.
    """

    base: str = "/_hanse"
    development: bool = False
    loader: Loader = "inline"
    scoped: bool = False
    link_headers: LinkHeaders = "auto"
    orchestrator: Orchestrator = "none"
    csp: bool = True
    shims: str | None = None
    shims_integrity: str | None = None
    overrides: Overrides | None = None

    def __post_init__(self) -> None:
        if BASE.fullmatch(self.base) is None:
            raise UsageError(
                "this is no path to mount at",
                subject=self.base,
                hint="write it as `/_hanse`, without a last slash",
            )
        if self.shims == BUILTIN and load_client().shims is None:
            raise UsageError(
                "es-module-shims is not at hand",
                subject="shims",
                hint="install a wheel of Hanse, or run `make shims` in a checkout of it",
            )
