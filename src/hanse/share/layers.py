"""The layers that Next.js builds code in, and what an import from a layer looks for.

A layer separates copies of one module inside a build. `client` is none of the nine: a build's code for the
client is the code without a layer, and no share table has entries for `client`. The word is used in two
places, and means something else in each:

* In documents and settings (`layer_named`) it says that there is no layer.
* At a module, it is the layer that the Next.js plugin gives imports with the query `?client`. There it is a
  key like any other (`lookup_keys`): such a module takes a copy that somebody has provided in `client`, else
  one without a layer, and never one of another layer. A module without a layer takes no copy in `client`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from hanse.errors import UsageError

__all__ = ["CLIENT", "LAYER_QUERIES", "Layer", "layer_named", "lookup_keys", "serves_layer"]

CLIENT: Final = "client"
"""How the lack of a layer is written; at a module, the layer of imports with `?client`."""

LAYER_QUERIES: Final = {"?rsc": "rsc", "?client": CLIENT, "?ssr": "ssr"}
"""The resource queries that the Next.js plugin gives a layer, and which."""


class Layer(StrEnum):
    """The nine layers of Next.js; the value is the layer's name in the build."""

    SHARED = "shared"
    RSC = "rsc"
    SSR = "ssr"
    ACTION_BROWSER = "action-browser"
    API = "api"
    MIDDLEWARE = "middleware"
    INSTRUMENT = "instrument"
    EDGE_ASSET = "edge-asset"
    APP_PAGES_BROWSER = "app-pages-browser"

    @property
    def label(self) -> str:
        """What people call it."""
        return TEXTS[self][0]

    @property
    def description(self) -> str:
        """What code it holds, half a sentence."""
        return TEXTS[self][1]

    @property
    def usage(self) -> str:
        """Where one meets it."""
        return TEXTS[self][2]


TEXTS: Final = {
    Layer.SHARED: ("Shared", "code that client and server bundles have in common", "common utilities"),
    Layer.RSC: (
        "React Server Components",
        "the server-only runtime of React Server Components",
        "RSC pages of the App Router",
    ),
    Layer.SSR: (
        "Server Side Rendering",
        "what the app directory renders on the server",
        "server-rendered pages",
    ),
    Layer.ACTION_BROWSER: (
        "Action Browser",
        "the browser's bundle for server actions",
        "clients of server actions",
    ),
    Layer.API: ("API", "API routes", "API endpoints"),
    Layer.MIDDLEWARE: ("Middleware", "middleware", "middleware at the edge"),
    Layer.INSTRUMENT: ("Instrumentation", "instrumentation hooks", "monitoring, telemetry"),
    Layer.EDGE_ASSET: ("Edge Asset", "assets at the edge", "assets made for the edge"),
    Layer.APP_PAGES_BROWSER: (
        "App Pages Browser",
        "the browser's bundle for the app directory",
        "app pages in the browser",
    ),
}


def layer_named(name: str | None) -> Layer | None:
    """Return the layer of this name; `client`, an empty text and None mean no layer.

    Raises:
        UsageError: There is no such layer.
    """
    if not name or name == CLIENT:
        return None
    try:
        return Layer(name)
    except ValueError:
        known = ", ".join([*Layer, CLIENT])
        raise UsageError("there is no such layer", subject=name, hint=f"the layers are {known}") from None


def lookup_keys(request: str, issuer_layer: str | None) -> tuple[str, ...]:
    """Return the keys under which a bundler looks a request up, the first that is there wins.

    Module Federation's rule: `(layer)request` for the importing module's layer, then the bare request. It
    holds for any layer's name, `client` included.
    """
    return (f"({issuer_layer}){request}", request) if issuer_layer else (request,)


def serves_layer(option_layer: str | None, issuer_layer: str | None) -> bool:
    """Tell whether an entry for a prefix serves an import from a layer.

    An entry with a layer wants that very layer; one without serves every import.
    """
    return not option_layer or option_layer == issuer_layer
