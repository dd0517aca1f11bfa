"""All goods."""

from __future__ import annotations

from collections.abc import Mapping

from goods import PRODUCTS


async def load(request: object, params: Mapping[str, str]) -> dict[str, object]:
    return {"products": list(PRODUCTS.values())}
