"""A remote that nobody trusts: a fresh machine for each fragment, beside a warm one in the same engine."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.ssr.builds import read_files
from benchmarks.ssr.streams import REACT
from hanse.engines import EngineLimits, Generation, Realm, RenderCall, Source
from hanse.federation.server.engines import make_engine
from hanse.limits import LIMITS
from hanse.render.adapters import adapter_name, write_adapters
from hanse.render.sanitising import sanitise

__all__ = ["MOST", "PROPS", "Untrusted", "make_generation", "run_untrusted"]

# How many times a warm rendering one in a fresh machine may take.
MOST = 1.5
TIMES = 8
PROPS = {"visitor": "Tuva"}
ADAPTER = adapter_name("shop")
# Renders the same page several times in one machine, by React as in a fresh one.
REPEAT = """
import Page from './Page.js';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
export const repeat = (times, props) => {
  let length = 0;
  for (let turn = 0; turn < times; turn += 1) length += renderToString(createElement(Page, props)).length;
  return length;
};
"""


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Seconds, a list entry a round.

    Attributes:
        fresh: A fragment in a machine of its own, from the call to its HTML.
        warm: A rendering in a machine that has rendered the page before.
        cleaning: Writing its HTML anew, which pages need besides.
    """

    fresh: list[float]
    warm: list[float]
    cleaning: list[float]

    @property
    def ratio(self) -> float:
        """Return fresh as a multiple of warm, the median of the rounds' ratios."""
        return statistics.median(fresh / warm for fresh, warm in zip(self.fresh, self.warm, strict=True))

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON, times in seconds."""
        return {
            "rounds": len(self.fresh),
            "fresh": statistics.median(self.fresh),
            "warm": statistics.median(self.warm),
            "cleaning": statistics.median(self.cleaning),
            "ratio": self.ratio,
            "target": MOST,
        }


def run_untrusted(*, rounds: int, progress: Callable[[str], object]) -> Untrusted:
    """Measure in this process.

    Raises:
        EngineError: The engine is not installed.
    """
    return asyncio.run(measure(rounds, progress))


async def measure(rounds: int, progress: Callable[[str], object]) -> Untrusted:
    """Render in turns: in a fresh machine, and several times in one."""
    engine = make_engine("wasm", 1)
    result = Untrusted([], [], [])
    try:
        realm = await engine.open(make_generation("repeat", REPEAT), EngineLimits(call=60.0, open=60.0))
        # The first calls find memory and code that nobody has used yet.
        await time_fresh(realm)
        for turn in range(rounds):
            progress(f"untrusted: round {turn + 1} of {rounds}")
            seconds, html = await time_fresh(realm)
            result.fresh.append(seconds)
            result.warm.append(await time_warm(realm))
            began = time.perf_counter()
            sanitise(html, remote="shop", prefix="h1-", limits=LIMITS)
            result.cleaning.append(time.perf_counter() - began)
    finally:
        await engine.close()
    return result


async def time_fresh(realm: Realm) -> tuple[float, str]:
    """Return the seconds of one rendering, and its HTML."""
    began = time.perf_counter()
    rendered = await realm.render(RenderCall(module="shop/./Page", props=PROPS, adapter=ADAPTER))
    return time.perf_counter() - began, rendered.html


async def time_warm(realm: Realm) -> float:
    """Return the seconds of one rendering in a machine that goes on: several, less one in a fresh machine."""
    seconds = []
    for times in (1, 1 + TIMES):
        began = time.perf_counter()
        await realm.call("shop/repeat.js", "repeat", [times, PROPS])
        seconds.append(time.perf_counter() - began)
    return (seconds[1] - seconds[0]) / TIMES


def make_generation(name: str, text: str) -> Generation:
    """Put the page, its React and the adapter together, as the live federation does, and one module more."""
    files = {**read_files("hanse", "shop"), **read_files("hanse", "react")}
    modules = {f"shop/{file}": Source(text=text.decode(), remote="shop") for file, text in files.items()}
    modules[f"shop/{name}.js"] = Source(text=text, remote="shop")
    react = {name: f"shop/{file}" for entries in REACT.values() for name, file in entries.items()}
    generation = Generation(
        id=name,
        modules=modules,
        imports={**react, "shop/./Page": "shop/Page.js", f"shop/{name}.js": f"shop/{name}.js"},
        warm=(ADAPTER, "shop/./Page", f"shop/{name}.js"),
    )
    return replace(generation, modules={**modules, **write_adapters(generation, ["shop"])})
