"""An order: one fragment on its way, from what a page asks for to what is written into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hanse.errors import EngineError
from hanse.render.faults import Fault, RenderError, fault_of
from hanse.render.markup import rendered_tag
from hanse.render.payload import Payload
from hanse.render.stage import Part
from hanse.render.wishes import Wish

__all__ = ["Order", "listed", "opening_of", "too_late"]


@dataclass(frozen=True, slots=True)
class Order:
    """One fragment on its way.

    Attributes:
        part: What is rendered.
        payload: Its properties.
        prefix: Its identifier prefix.
        wish: How it is rendered.
        started: When it was asked for, on the monotonic clock.
    """

    part: Part
    payload: Payload
    prefix: str
    wish: Wish
    started: float

    @property
    def hydrates(self) -> bool:
        """Whether the browser takes over."""
        return self.wish.hydrate and self.part.trusted and self.part.browser is not None


def opening_of(order: Order) -> str:
    """Write the opening tag around what an order gives."""
    return rendered_tag(
        order.part,
        order.payload,
        prefix=order.prefix,
        hydrate=order.hydrates,
        export=order.wish.export,
    )


def too_late(error: TimeoutError | EngineError, late: str) -> Exception:
    """Return the error of a failed call: where the page had too little time, its remote is not to blame."""
    if late == "deadline" and fault_of(error).reason == "timeout":
        return RenderError(Fault("deadline", "the page had too little time left for it"))
    return error


def listed(table: Mapping[str, tuple[str, ...]], modules: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a table has for some modules, each once, in their order."""
    if not table:
        return ()
    return tuple(dict.fromkeys(url for module in modules for url in table.get(module, ())))
