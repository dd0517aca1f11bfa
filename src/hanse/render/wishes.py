"""What a caller may ask for, beside a module and its properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, TypedDict

from hanse.engines.base import JSON
from hanse.errors import UsageError

__all__ = ["Wish", "Wishes", "read_wishes"]


class Wishes(TypedDict, total=False):
    """The same as keyword arguments; `Wish` says what each means."""

    export: str
    fallback: object
    context: Mapping[str, JSON]
    deadline: float
    cache: float
    hydrate: bool
    browser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a module is rendered.

    Attributes:
        export: The name of the component among the module's exports.
        fallback: What is shown where there is no HTML; text, or HTML that is marked as safe.
        context: What the module's `render` is told besides its properties.
        deadline: Seconds it may take, at most its remote's own.
        cache: Seconds for which its HTML may be kept, for everybody: it must depend on nothing but
            properties, context and build. 0 for not at all.
        hydrate: Whether the browser takes over where it can.
        browser: Whether the browser may render it instead, where the server cannot.
    """

    export: str = "default"
    fallback: object = ""
    context: Mapping[str, JSON] = field(default_factory=dict)
    deadline: float | None = None
    cache: float = 0.0
    hydrate: bool = True
    browser: bool = True


PREFIX: Final = "hanse_"
NAMES: Final = frozenset(one.name for one in fields(Wish)) - {"fallback"}


def read_wishes(arguments: Mapping[str, object]) -> tuple[dict[str, object], Wishes]:
    """Split a template's keyword arguments into properties and, by their prefix `hanse_`, wishes.

    Raises:
        UsageError: There is no such wish.
    """
    props: dict[str, object] = {}
    wishes: Wishes = {}
    for name, value in arguments.items():
        if not name.startswith(PREFIX):
            props[name] = value
        elif name.removeprefix(PREFIX) in NAMES:
            wishes[name.removeprefix(PREFIX)] = value  # type: ignore[literal-required]
        else:
            known = ", ".join(sorted(f"{PREFIX}{one}" for one in NAMES))
            raise UsageError("there is no such option", subject=name, hint=f"there are {known}")
    return props, wishes
