"""One of the goods."""

from __future__ import annotations

from collections.abc import Mapping

PRODUCTS = {
    "amber": {"id": "amber", "name": "Baltic amber", "price": 42},
    "salt": {"id": "salt", "name": "Lüneburg salt", "price": 9},
    "stockfish": {"id": "stockfish", "name": "Stockfish from Bergen", "price": 17},
    "furs": {"id": "furs", "name": "Furs from Novgorod", "price": 120},
}


async def load(request: object, params: Mapping[str, str]) -> dict[str, object]:
    return {"product": PRODUCTS[params["id"]]}
