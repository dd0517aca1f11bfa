"""What the shop sells."""

from __future__ import annotations

PRODUCTS = {
    "amber": {"id": "amber", "name": "Baltic amber", "price": 42},
    "salt": {"id": "salt", "name": "Lüneburg salt", "price": 9},
    "stockfish": {"id": "stockfish", "name": "Stockfish from Bergen", "price": 17},
    "herring": {"id": "herring", "name": "Herring from Scania", "price": 6},
    "furs": {"id": "furs", "name": "Furs from Novgorod", "price": 120},
}
