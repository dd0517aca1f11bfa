"""What rendering needs to know of the live federation: which modules there are, and the realm that has them.

A stage is one immutable view of all generations. A page takes one at its beginning and keeps it, so that two
builds of a remote are never mixed in it; which stage is the current one is the federation's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from hanse.engines.base import Realm

__all__ = ["Choose", "Part", "Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An exposed module as one stage has it.

    Attributes:
        remote: The remote's name.
        key: The module's key, as its remote writes it: `./ProductCard`.
        specifier: What it is called inside its generation, for `RenderCall.module`: `shop/./ProductCard`.
        build: The digest of the remote's build; empty where it has none for the server.
        generation: The id of its generation; empty likewise.
        adapter: The framework adapter, for `RenderCall.adapter`: the name of one of the generation's modules.
            None where the module has to have its own `render`.
        adapter_missing: Why there is no adapter, for the error of a module that has no `render` either.
        trusted: Whether its HTML goes into pages as it is, and its JavaScript may run there.
        engine: The kind of engine its realm is of.
        layer: The layer it was built for.
        browser_only: Why it must not be rendered here: it has no server build, or React has another version
            there; None where it may be.
        fault: The word for that: `browser-only`, `torn` (browsers have another build), or `delegate` (it gave
            none for this request).
        deadline: Seconds that one of its calls may take; None for the renderer's own.
        browser: Its specifier in the page's import map, or what the loader knows it by; None where pages
            cannot run it.
        hydration: What `react` and `react-dom/client` mean to this very module in the browser: specifier ->
            URL (`hydration_urls` finds them). Empty where its HTML cannot be hydrated by an adapter.
        styles: Name of a module of the generation -> URLs of the style sheets it needs in a page.
        scripts: Name of a module of the generation -> URLs of what the browser loads in its stead.
    """

    remote: str
    key: str
    specifier: str
    build: str = ""
    generation: str = ""
    adapter: str | None = None
    adapter_missing: str = ""
    trusted: bool = True
    engine: Literal["deno", "wasm"] = "deno"
    layer: str | None = None
    browser_only: str | None = None
    fault: str = "browser-only"
    deadline: float | None = None
    browser: str | None = None
    hydration: Mapping[str, str] = field(default_factory=dict)
    styles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Stage(Protocol):
    """One view of the federation's server side, never changed."""

    def find(self, remote: str, key: str) -> Part:
        """Find an exposed module; its key may be given with or without `./`.

        A module that only browsers can run is found, too: its part says so in `browser_only`.

        Raises:
            NotFoundError: There is no such remote, or it has no such module.
        """
        ...

    def enter(self, part: Part) -> AbstractAsyncContextManager[Realm]:
        """Lend the realm that has a part's generation, until the block is left.

        A generation that another has followed is drained: its realm is closed when nobody is inside it any
        more, and no page that has this stage is under way. A page holds its stage only as long as it lasts,
        so whoever makes stages may tell its end by that, within a bound of time.

        Raises:
            EngineError: On entering, with the reason `ended` where the generation is gone, or `start` where
                no engine could be started for it.
        """
        ...


Choose: TypeAlias = "Callable[[Stage], Awaitable[Stage]]"
"""Finds the stage of one request, given that of the moment its page was begun."""
