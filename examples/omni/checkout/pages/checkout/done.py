"""That something was ordered."""

from __future__ import annotations

from collections.abc import Mapping

from towns import TOWNS

from hanse.apps import PageRequest, Redirect


async def load(request: PageRequest, params: Mapping[str, str]) -> dict[str, object]:
    order = request.cookies.get("order", "")
    if not order.isdigit() or int(order) >= len(TOWNS):
        raise Redirect("/checkout")
    return {"town": TOWNS[int(order)]}
