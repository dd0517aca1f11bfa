"""The resolved state, for a browser orchestrator that is already in use on the page.

Source of its shape and place: the native federation orchestrator 4.6, whose global storage is an object and
whose other storages have one item for each document, `__NATIVE_FEDERATION__.remotes` and so on.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from hanse.html import Pieces, inline_json, script
from hanse.resolve import Plan
from hanse.web.options import Orchestrator

__all__ = ["write_state"]

NAMESPACE: Final = "__NATIVE_FEDERATION__"
IDENTIFIER: Final = "hanse-state"


def write_state(plan: Plan, store: Orchestrator) -> Pieces:
    """Write the state and the script that puts it into the store; nothing where there is no orchestrator."""
    if store == "none":
        return ()
    state = inline_json({"store": store, "namespace": NAMESPACE, "documents": plan.storage()})
    return (*script("application/json", state, identifier=IDENTIFIER), *script("", read_code()))


@cache
def read_code() -> str:
    """Read the script."""
    return files("hanse.web.head").joinpath("state.js").read_text(encoding="utf-8")
