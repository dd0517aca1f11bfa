"""One of the goods."""

from __future__ import annotations

from collections.abc import Mapping

from goods import PRODUCTS

from hanse.apps import Missing


async def load(request: object, params: Mapping[str, str]) -> dict[str, object]:
    if params["id"] not in PRODUCTS:
        raise Missing
    return {"product": PRODUCTS[params["id"]]}
