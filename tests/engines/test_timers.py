"""Timers do what they do in browsers, and what has to wait for nothing does not wait."""

from __future__ import annotations

import pytest

from hanse.engines import EngineLimits
from tests.engines.conftest import Open
from tests.engines.single import single

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(call=10.0, open=30.0)
TEXT = """
const soon = (delay) => new Promise((done) => setTimeout(done, delay, 'told'));
export const given = () => Promise.all([undefined, 0, -1, 1, "2"].map(soon));
export const ordered = () => new Promise((done) => {
  const seen = [];
  setTimeout(() => { seen.push('late'); done(seen); }, 30);
  setTimeout(() => seen.push('first'), 0);
  setTimeout(() => seen.push('second'));
  queueMicrotask(() => seen.push('before'));
});
export const cleared = async () => {
  const seen = [];
  for (const delay of [0, 1, 5]) clearTimeout(setTimeout(() => seen.push(delay), delay));
  clearTimeout(undefined);
  clearTimeout(12345);
  await soon(20);
  return seen;
};
export const many = async () => {
  for (let at = 0; at < 1000; at += 1) await soon(0);
  return 'done';
};
"""


async def test_values_are_handed_on_whatever_the_delay(open_realm: Open) -> None:
    realm = await open_realm(single(TEXT), LIMITS)
    assert await realm.call("isle/main.js", "given", []) == ["told"] * 5


async def test_what_waits_for_nothing_runs_in_the_order_it_was_asked_for(open_realm: Open) -> None:
    realm = await open_realm(single(TEXT), LIMITS)
    assert await realm.call("isle/main.js", "ordered", []) == ["before", "first", "second", "late"]


async def test_a_timeout_that_is_cleared_does_not_run(open_realm: Open) -> None:
    realm = await open_realm(single(TEXT), LIMITS)
    assert await realm.call("isle/main.js", "cleared", []) == []


async def test_a_thousand_timeouts_of_nothing_take_no_time(open_realm: Open) -> None:
    realm = await open_realm(single(TEXT), LIMITS)
    # With two milliseconds for each it would not be in time.
    assert await realm.call("isle/main.js", "many", [], deadline=1.2) == "done"
