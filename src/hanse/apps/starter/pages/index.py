"""The data of the first page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from hanse.apps import PageRequest

VISITS = count(1)


async def load(request: PageRequest, params: Mapping[str, str]) -> dict[str, object]:
    return {"visits": next(VISITS)}
