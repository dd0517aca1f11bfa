"""Where ships go."""

from __future__ import annotations

TOWNS = ("Bergen", "Danzig", "London", "Lübeck", "Novgorod", "Visby")
