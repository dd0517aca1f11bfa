"""Where the goods go."""

from __future__ import annotations

from collections.abc import Mapping

from towns import TOWNS

from hanse.apps import Answer, PageRequest, Redirect


async def load(request: PageRequest, params: Mapping[str, str]) -> dict[str, object]:
    return {}


async def action(request: PageRequest, params: Mapping[str, str]) -> Answer:
    town = request.form.get("town", "").strip()
    if town not in TOWNS:
        fault = f"No ship goes there. Ships go to {', '.join(TOWNS)}."
        return Answer({"fault": fault, "town": town}, status=422)
    raise Redirect("/checkout/done", cookies={"order": str(TOWNS.index(town))})
