"""What a browser did inside, as its own tracing tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

__all__ = ["compiled", "traced"]

CATEGORIES = ["v8", "disabled-by-default-v8.compile"]
PATIENCE = 10.0


@contextmanager
def traced(browser: Browser, page: Page) -> Iterator[list[dict[str, Any]]]:
    """Trace how scripts are compiled while the block runs; the events are there after it."""
    session: CDPSession = browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    over: list[object] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.once("Tracing.tracingComplete", lambda end: over.append(end))
    config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    try:
        yield events
    finally:
        session.send("Tracing.end")
        until = monotonic() + PATIENCE
        while not over and monotonic() < until:
            page.wait_for_timeout(20)
        session.detach()
    assert over, "the browser did not end its tracing"


def compiled(events: list[dict[str, Any]]) -> dict[str, bool]:
    """Return the URL of each module that was compiled, and whether its text had to be parsed for that."""
    parses = [one for one in events if one["name"] == "V8.ParseProgram"]
    return {
        one["args"]["fileName"]: any(is_inside(parse, one) for parse in parses)
        for one in events
        if one["name"] == "v8.compileModule"
    }


def is_inside(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Tell whether one span lies within another one on the same thread."""
    same = (inner["pid"], inner["tid"]) == (outer["pid"], outer["tid"])
    return same and outer["ts"] <= inner["ts"] <= outer["ts"] + outer.get("dur", 0)
