"""The dearest of the goods, as many as are asked for."""

from __future__ import annotations

from collections.abc import Mapping

from goods import PRODUCTS


async def load(request: object, params: Mapping[str, object]) -> dict[str, object]:
    dearest = sorted(PRODUCTS.values(), key=lambda one: -int(str(one["price"])))
    count = params.get("count")
    return {"products": dearest[: count if isinstance(count, int) else 1]}
