"""Which entry of a table an import finds, by its request and the layer it is made from."""

from __future__ import annotations

from hanse.share.layers import lookup_keys, serves_layer
from hanse.share.presets.options import Own, SharedTable

__all__ = ["match_shared", "matched_by"]


def match_shared(shared: SharedTable, request: str, *, issuer_layer: str | None = None) -> str | None:
    """Return the key of the entry that an import finds, or None where it is not shared.

    The bundler's rules (@module-federation/enhanced): the whole request in the importing module's layer, then
    the whole request without a layer, then the prefixes in the table's order, those with a layer only for
    that very layer. Of entries with the same request and layer the last counts. An entry matches by its
    `request`, or by its key where it has none.

    Args:
        shared: The table.
        request: What is imported: `react/jsx-runtime`.
        issuer_layer: The layer of the module that imports; None for code without one.
    """
    exact, prefixes = split(shared)
    for key in lookup_keys(request, issuer_layer):
        if key in exact:
            return exact[key]
    for key, (prefix, layer) in prefixes.items():
        if request.startswith(prefix) and serves_layer(layer, issuer_layer):
            return key
    return None


def split(shared: SharedTable) -> tuple[dict[str, str], dict[str, tuple[str, str | None]]]:
    """Return lookup keys to table keys, and the table keys of prefixes with their prefix and layer."""
    exact: dict[str, str] = {}
    prefixes: dict[str, tuple[str, str | None]] = {}
    for key, entry in shared.items():
        request, layer = matched_by(key, entry)
        if request.endswith("/"):
            prefixes[key] = (request, layer)
        else:
            exact[lookup_keys(request, layer)[0]] = key
    return exact, prefixes


def matched_by(key: str, entry: Own) -> tuple[str, str | None]:
    """Return the request and the layer of imports that an entry is for."""
    if isinstance(entry, str):
        return key, None
    return entry.request or key, entry.issuer_layer or None
