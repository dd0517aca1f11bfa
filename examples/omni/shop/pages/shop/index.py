"""All goods."""

from __future__ import annotations

from collections.abc import Mapping

PRODUCTS = [
    {"id": "amber", "name": "Baltic amber", "price": 42},
    {"id": "salt", "name": "Lüneburg salt", "price": 9},
    {"id": "stockfish", "name": "Stockfish from Bergen", "price": 17},
    {"id": "furs", "name": "Furs from Novgorod", "price": 120},
]


async def load(request: object, params: Mapping[str, str]) -> dict[str, object]:
    return {"products": PRODUCTS}
