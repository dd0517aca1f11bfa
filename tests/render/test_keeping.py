"""HTML that is kept because a caller asked for it: for how long, for whom, and how much of it."""

from __future__ import annotations

import asyncio

import pytest

from hanse.engines.base import RenderCall, Rendered
from hanse.errors import EngineError
from hanse.limits import Limits
from hanse.render import Fragment
from tests.render.acting import Clock, Play, play

pytestmark = pytest.mark.anyio


def counting(limits: Limits | None = None) -> Play:
    """Set up a card that says how often it was rendered."""
    made = play(limits=limits or Limits())
    made.actor.act = lambda call: f"{len(made.actor.calls)}: {call.props}"
    return made


async def ask(made: Play, props: dict[str, object] | None = None, **wishes: object) -> Fragment:
    return await made.renderer.render("shop", "Card", props or {}, **{"cache": 60.0, **wishes})  # type: ignore[arg-type]


async def test_it_is_kept_as_long_as_was_asked_for() -> None:
    made = counting()
    first = await ask(made, cache=10.0)
    made.clock.now += 9.9
    second = await ask(made, cache=10.0)
    made.clock.now += 0.2
    third = await ask(made, cache=10.0)
    assert (first.html, second.html, third.html) == ("1: {}", "1: {}", "2: {}")
    assert [one.cached for one in (first, second, third)] == [False, True, False]
    assert second.modules == first.modules
    assert second.engine_seconds == 0


async def test_nothing_is_kept_unasked() -> None:
    made = counting()
    assert [(await ask(made, cache=0.0)).html for _ in range(2)] == ["1: {}", "2: {}"]


@pytest.mark.parametrize(
    "changes",
    [{"build": "sha384-two"}, {"generation": "second"}, {"specifier": "shop/./Other"}, {"trusted": False}],
)
async def test_a_redeployed_build_is_rendered_anew(changes: dict[str, object]) -> None:
    made = counting()
    await ask(made)
    made.change(**changes)
    assert not (await ask(made)).cached
    assert len(made.actor.calls) == 2


async def test_what_matters_makes_a_difference() -> None:
    made = counting()
    several: list[dict[str, object]] = [{}, {"a": 1}, {"a": "1"}, {"a": {"b": None}}]
    for props in several:
        assert not (await ask(made, props)).cached
    assert not (await ask(made, export="Small")).cached
    assert not (await ask(made, context={"locale": "de"})).cached
    assert (await ask(made, context={"locale": "de"})).cached
    assert (await ask(made, {"a": 1})).cached


async def test_the_same_twice_on_one_page_has_ids_of_its_own_both_times() -> None:
    made = play(lambda call: str(call.context["identifierPrefix"]))
    pages = []
    for _ in range(2):
        scene = made.renderer.open()
        pages.append([(await scene.render("shop", "Card", cache=60.0)).html for _ in range(2)])
    assert pages[0] == pages[1]
    assert len({*pages[0]}) == 2
    assert len(made.actor.calls) == 2


async def test_nobodys_nonce_and_nobodys_trace_are_in_what_is_kept() -> None:
    made = play(lambda call: repr(sorted(call.context)))
    scene = made.renderer.open(nonce="n" * 24, traceparent="00-1")
    assert (await scene.render("shop", "Card", cache=60.0)).html == "['identifierPrefix']"
    other = await made.renderer.open(nonce="m" * 24).render("shop", "Card", cache=60.0)
    assert other.cached
    assert "n" * 24 not in other.markup


async def test_those_who_come_at_once_share_one_rendering() -> None:
    async def act(_: RenderCall) -> Rendered:
        await asyncio.sleep(0.05)
        return Rendered(html="once")

    made = play(act)
    found = await asyncio.gather(*(ask(made) for _ in range(50)))
    assert {one.html for one in found} == {"once"}
    assert len(made.actor.calls) == 1


async def test_one_who_leaves_does_not_take_the_rendering_along() -> None:
    async def act(_: RenderCall) -> Rendered:
        await asyncio.sleep(0.05)
        return Rendered(html="once")

    made = play(act)
    first, second = asyncio.create_task(ask(made)), asyncio.create_task(ask(made))
    await asyncio.sleep(0.01)
    first.cancel()
    assert (await second).html == "once"
    assert len(made.actor.calls) == 1


async def test_a_failure_is_everybodys_who_waits_and_is_not_kept() -> None:
    async def act(_: RenderCall) -> Rendered:
        await asyncio.sleep(0.01)
        raise EngineError("no", reason="threw")

    made = play(act)
    assert [one.fallback for one in await asyncio.gather(ask(made), ask(made))] == ["threw", "threw"]
    made.actor.act = lambda _: "well"
    assert (await ask(made)).html == "well"
    await made.renderer.aclose()


async def test_what_is_kept_is_bounded_in_number_and_characters() -> None:
    made = counting(Limits(fragments_kept=3))
    for number in range(5):
        await ask(made, {"n": number})
    assert (await ask(made, {"n": 4})).cached
    assert not (await ask(made, {"n": 0})).cached
    heavy = play(lambda _: "x" * 1000, limits=Limits(fragments_characters=3500), clock=Clock())
    for number in range(50):
        await ask(heavy, {"n": number})
    kept = heavy.renderer._house.kept
    assert len(kept) <= 3
    assert 0 < kept.characters <= 3500
    large = play(lambda _: "x" * 5000, limits=Limits(fragments_characters=3500))
    assert not (await ask(large)).cached
    assert not (await ask(large)).cached
