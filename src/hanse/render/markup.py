"""The elements that fragments stand in; `web/client/hydrate.js` and the loader read what is written here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from hanse.engines.base import JSON
from hanse.html import attribute, inline_json, tag, text, write_attributes
from hanse.render.faults import Fault
from hanse.render.payload import Payload
from hanse.render.stage import Part

__all__ = [
    "CLOSE",
    "broken_marker",
    "fallback_element",
    "fallback_html",
    "mounting_tag",
    "rendered_tag",
    "why",
]

CLOSE: Final = "</div>"
# What the browser needs of React, in the order in which its URLs are written.
REACT: Final = ("react", "react-dom/client")
# Modules whose opening tags are remembered: those of a busy site.
REMEMBERED: Final = 1024


def why(remote: str, reason: str) -> str:
    """Write what is the matter with a remote, as `data-hanse-fallback` has it."""
    return f"remote={remote};reason={reason}"


def rendered_tag(part: Part, payload: Payload, *, prefix: str, hydrate: bool, export: str) -> str:
    """Write the opening tag around a module's HTML.

    Args:
        part: The module.
        payload: Its properties; they are written where the browser needs them.
        prefix: Its identifier prefix.
        hydrate: Whether the browser takes over.
        export: The name of the component among the module's exports.
    """
    if not hydrate or part.browser is None:
        return tag("div", {"data-hanse-remote": part.remote, "data-hanse-rendered": part.specifier})
    urls = tuple(part.hydration[name] for name in REACT) if part.hydration else ()
    before, between, after = hydrated_tag(part.browser, part.remote, urls, export)
    return f"{before}{attribute(prefix)}{between}{attribute(payload.text)}{after}"


@lru_cache(REMEMBERED)
def hydrated_tag(browser: str, remote: str, urls: tuple[str, ...], export: str) -> tuple[str, str, str]:
    """Write the opening tag around what the browser takes over, in pieces: prefix and properties are between.

    Args:
        browser: The module's specifier in the page's import map.
        remote: The remote.
        urls: Of what the browser needs of React, if anything.
        export: The name of the component among the module's exports.
    """
    react = {"data-hanse-react": inline_json(urls)} if urls else {}
    named = {"data-hanse-export": export} if export != "default" else {}
    # Not `data-hanse-module`: that is what the loader mounts.
    known = {"data-hanse-hydrate": browser, "data-hanse-remote": remote}
    return (
        f'<div{write_attributes(known)} data-hanse-prefix="',
        '" data-hanse-props="',
        f'"{write_attributes(react | named)}>',
    )


def mounting_tag(part: Part, payload: Payload) -> str:
    """Write the opening tag of an element that the page's loader mounts the module into."""
    attributes = {"data-hanse-module": part.browser or part.specifier, "data-hanse-remote": part.remote}
    if payload.values:
        attributes["data-hanse-props"] = payload.text
    return tag("div", attributes)


def fallback_html(fallback: object) -> str:
    """Return the HTML of what a caller gave to be shown instead: text, or HTML that is marked as safe."""
    if hasattr(fallback, "__html__"):
        return str(fallback.__html__())
    return text(str(fallback))


def fallback_element(remote: str, fault: Fault, inside: str, *, development: bool) -> str:
    """Write the element of a fragment that there is not, with what its caller gave inside.

    Args:
        remote: The remote.
        fault: What went wrong.
        inside: HTML.
        development: Whether whoever looks at the page is told.
    """
    told = explanation(remote, fault) if development else ""
    return f"{tag('div', {'data-hanse-fallback': why(remote, fault.reason)})}{inside}{told}{CLOSE}"


def explanation(remote: str, fault: Fault) -> str:
    """Write what went wrong, for whoever develops."""
    said = "\n".join(line for line in (f"{remote}: {fault.reason}: {fault.message}", fault.stack) if line)
    return f"{tag('pre', {'data-hanse-fault': fault.reason})}{text(said)}</pre>"


def broken_marker(remote: str, fault: Fault, *, development: bool) -> str:
    """Write what stands after a stream that broke off: nothing to see, but for those who look."""
    told = explanation(remote, fault) if development else ""
    return f"{tag('template', {'data-hanse-fallback': why(remote, fault.reason)})}</template>{told}"


def context_for(
    given: Mapping[str, JSON], *, prefix: str, nonce: str | None, traceparent: str | None
) -> dict[str, JSON]:
    """Return what a rendering is told besides its properties.

    Args:
        given: What the caller gives.
        prefix: The identifier prefix.
        nonce: The response's nonce; None for HTML that is kept, or may be.
        traceparent: The trace that the page is a part of.
    """
    own = {"identifierPrefix": prefix, "nonce": nonce, "traceparent": traceparent}
    return {**given, **{name: value for name, value in own.items() if value is not None}}
