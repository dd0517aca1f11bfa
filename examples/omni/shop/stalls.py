"""The shop's own Python: it lends a stall to a stranger, who puts his files there."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

BULLETIN = Path(__file__).resolve().parent / "bulletin"

app = Starlette(routes=[Mount("/bulletin", StaticFiles(directory=BULLETIN))])
