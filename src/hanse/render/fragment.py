"""A fragment: the HTML of one exposed module, what its page needs besides, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Fragment", "Mode"]

Mode = Literal["server", "browser", "fallback"]
"""`server`: it has its HTML; `browser`: the page's loader mounts it; `fallback`: what its caller gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What a rendering gave; written into a template it is its markup.

    Attributes:
        remote: The remote's name.
        key: The module's key.
        mode: What the visitor gets.
        html: The module's HTML; the fallback where it gave none.
        markup: The element with all of it: wrapper, properties, and what hydration needs.
        head: HTML for the head of the page, where the module gave some.
        status: The HTTP status the module asked for; it is the caller's to follow.
        modules: The server modules that this very call used, by their names in the generation.
        styles: The URLs of the style sheets that these need.
        preloads: The URLs of what the browser loads to hydrate them, or to mount the module.
        hydrates: Whether the browser takes over: then the page needs the hydrating client.
        fallback: Why it was not rendered here, in one word; None where it was.
        message: The same in a sentence, for whoever develops.
        seconds: What the caller waited for it.
        engine_seconds: What it took in the engine; 0 where it was kept.
        cached: Whether it was kept from an earlier call.
        build: The digest of the remote's build.
        browser: The module's specifier in the page's import map; None where it is not for browsers.
    """

    remote: str
    key: str
    mode: Mode
    html: str
    markup: str
    head: str = ""
    status: int = 200
    modules: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    preloads: tuple[str, ...] = ()
    hydrates: bool = False
    fallback: str | None = None
    message: str = ""
    seconds: float = 0.0
    engine_seconds: float = 0.0
    cached: bool = False
    build: str = ""
    browser: str | None = None

    def __html__(self) -> str:
        """Return the markup: template engines take it for HTML."""
        return self.markup

    def __str__(self) -> str:
        return self.markup
