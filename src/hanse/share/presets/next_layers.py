"""The layered share table of Next.js 15: one entry for each layer that has a copy of its own.

The plugin's code has these entries prepared and switched off. Two variants are here by name. `corrected`, the
default, gives `react-dom` keys of its own. `upstream` is as the code has them: `react-dom` is filed under the
keys of `react`, overwrites its entries, and no layer has React itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from hanse.share.layers import Layer
from hanse.share.presets.next_tables import Table, Target, check_known, for_browser
from hanse.share.presets.options import SharedOption

__all__ = ["Layered", "layered_entries", "layered_table"]

Layered: TypeAlias = Literal["corrected", "upstream", "documented"]

REACT_LAYERS: Final = (Layer.RSC, Layer.SSR, None)
NAVIGATION_LAYERS: Final = (Layer.RSC, Layer.SSR)


def layered_entries(name: str, request: str, layers: Iterable[Layer | None]) -> Table:
    """Make the entries of one package: key `name-layer` for each layer, the bare name without one.

    A layer's entry bundles a fallback; the one without a layer has none. All have `shareKey` and `request`,
    for a key that is no package's name matches nothing by itself.
    """
    return {
        f"{name}-{layer}" if layer else name: SharedOption(
            singleton=True,
            required_version=False,
            import_=None if layer else False,
            share_key=request,
            request=request,
            layer=layer.value if layer else None,
            issuer_layer=layer.value if layer else None,
        )
        for layer in layers
    }


def layered_table(target: Target, variant: Layered = "corrected") -> Table:
    """Make the layered entries alone, in the order in which the plugin's code lists them.

    Args:
        target: In the browser every `import` is `undefined`, as in the plain table.
        variant: `corrected`, `upstream`, or `documented`: the description's example, three entries of `react`
            without `shareKey` and `request`, two of which match no import.

    Raises:
        UsageError: There is no such target or variant.
    """
    check_known(target, Target, "target")
    check_known(variant, Layered, "layered variant")
    if variant == "documented":
        table = documented_entries()
    else:
        table = {
            **layered_entries("react", "react", REACT_LAYERS),
            **layered_entries("react-dom" if variant == "corrected" else "react", "react-dom", REACT_LAYERS),
            **layered_entries("next-navigation", "next/navigation", NAVIGATION_LAYERS),
            **layered_entries("react/", "react/", NAVIGATION_LAYERS),
        }
    return table if target == "server" else for_browser(table)


def documented_entries() -> Table:
    """Make the three entries that the plugin's description shows."""
    return {
        f"react-{layer}" if layer else "react": SharedOption(
            singleton=True,
            required_version=False,
            import_=None if layer else False,
            layer=layer.value if layer else None,
            issuer_layer=layer.value if layer else None,
        )
        for layer in REACT_LAYERS
    }
