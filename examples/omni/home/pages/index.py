"""The store's front page: three goods of the season."""

from __future__ import annotations

from collections.abc import Mapping

TEASERS = [
    {"id": "amber", "name": "Baltic amber", "price": 42},
    {"id": "salt", "name": "Lüneburg salt", "price": 9},
    {"id": "stockfish", "name": "Stockfish from Bergen", "price": 17},
]


async def load(request: object, params: Mapping[str, str]) -> dict[str, object]:
    return {"teasers": TEASERS}
