"""The same page rendered by React and by what Hanse has beside it, in turn, in one Deno process."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.ssr.children import ChildError
from benchmarks.ssr.untrusted import PROPS, make_generation
from hanse.engines import EngineLimits
from hanse.engines.deno import DenoEngine

__all__ = ["SHARE", "Quick", "run_quick"]

# The part of React's time that it may take.
SHARE = 0.6
TIMES = 400
# Renders the page so many times by each, and gives the seconds of both.
RACE = """
import Page from './Page.js';
import * as React from 'react';
import * as server from 'react-dom/server';
import * as dom from 'react-dom';
import { makeQuick } from './~hanse/quick.js';
const of = (module) => (name) => module[name] ?? module.default?.[name];
const renderToString = of(server)('renderToString');
const quick = makeQuick({ react: of(React), dom: of(dom), renderToString });
const encoder = new TextEncoder();
const place = new Uint8Array(1 << 18);
const time = (times, render) => {
  const began = performance.now();
  for (let turn = 0; turn < times; turn += 1) render();
  return (performance.now() - began) / 1000 / times;
};
export const race = (times, props) => {
  const element = () => of(React)('createElement')(Page, props);
  const slow = () => encoder.encodeInto(renderToString(element()), place);
  const fast = () => quick.release(quick.render(element()));
  const page = quick.render(element());
  const same = renderToString(element()) === new TextDecoder().decode(page);
  quick.release(page);
  return { react: time(times, slow), quick: time(times, fast), same };
};
"""


@dataclass(frozen=True, slots=True)
class Quick:
    """Seconds of a rendering with its encoding, a list entry a round."""

    react: list[float]
    quick: list[float]

    @property
    def ratio(self) -> float:
        """Return the quick way's time as a part of React's, the median of the rounds' ratios."""
        return statistics.median(quick / react for quick, react in zip(self.quick, self.react, strict=True))

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON, times in seconds."""
        return {
            "rounds": len(self.quick),
            "react": statistics.median(self.react),
            "quick": statistics.median(self.quick),
            "ratio": self.ratio,
            "target": SHARE,
        }


def run_quick(*, rounds: int, progress: Callable[[str], object], times: int = TIMES) -> Quick:
    """Measure in a process of its own.

    Raises:
        EngineError: The engine is not installed.
        ChildError: The two give different HTML.
    """
    return asyncio.run(measure(rounds, times, progress))


async def measure(rounds: int, times: int, progress: Callable[[str], object]) -> Quick:
    """Render by both, round after round; the first one warms them up."""
    engine = DenoEngine()
    result = Quick([], [])
    try:
        realm = await engine.open(make_generation("race", RACE), EngineLimits(call=60.0, open=60.0))
        for turn in range(rounds + 1):
            progress(f"quick: round {turn} of {rounds}")
            seen = await realm.call("shop/race.js", "race", [times, PROPS])
            if not isinstance(seen, dict) or not seen["same"]:
                raise ChildError("what is quick is not what React writes")
            if turn:
                result.react.append(float(str(seen["react"])))
                result.quick.append(float(str(seen["quick"])))
    finally:
        await engine.close()
    return result
