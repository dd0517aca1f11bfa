"""Fragments of one page: what stands in their markup, and what each way of failing costs."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace

import pytest

from hanse.engines.base import RenderCall, Rendered
from hanse.errors import EngineError, FormatError, NotFoundError
from hanse.limits import Limits
from hanse.render import Fragment, Scene
from tests.render.acting import Clock, Play, card, play
from tests.web.heads import Element, read_elements

pytestmark = pytest.mark.anyio


def element(fragment: Fragment | str) -> Element:
    """Return the first element of a fragment's markup."""
    return next(one for one in read_elements(str(fragment)) if one.name == "div")


async def show(made: Play, **wishes: object) -> Fragment:
    return await made.renderer.render("shop", "./Card", {"name": "cup"}, **wishes)  # type: ignore[arg-type]


async def hang(_: RenderCall) -> Rendered:
    await asyncio.sleep(30)
    return Rendered(html="late")


def fail(reason: str) -> EngineError:
    return EngineError("it went wrong <b>", reason=reason, subject="shop", stack="at shop/card.js:3:1")


async def test_a_fragment_has_its_html_its_properties_and_what_hydrates_it() -> None:
    made = play()
    fragment = await show(made)
    found = element(fragment)
    (call,) = made.actor.calls
    assert fragment.html == "<p>card</p>"
    assert fragment.mode == "server"
    assert fragment.fallback is None
    assert json.loads(found.attributes.pop("data-hanse-props")) == {"name": "cup"}
    assert json.loads(found.attributes.pop("data-hanse-react")) == [
        "https://cdn.example/react.js",
        "https://cdn.example/dom.js",
    ]
    prefix = found.attributes.pop("data-hanse-prefix")
    assert found.attributes == {
        "data-hanse-hydrate": "shop/./Card",
        "data-hanse-remote": "shop",
    }
    assert call.context == {"identifierPrefix": prefix}
    assert call.props == {"name": "cup"}
    assert (call.module, call.adapter, call.export) == ("shop/./Card", "shop/~hanse/react.js", "default")


async def test_it_names_what_this_very_call_used() -> None:
    made = play(lambda _: Rendered(html="x", modules=("shop/card.js", "shop/lazy.js")))
    made.change(
        styles={"shop/card.js": ("/a.css", "/b.css"), "shop/lazy.js": ("/b.css", "/c.css"), "x": ("/x.css",)},
        scripts={"shop/lazy.js": ("/lazy.js",)},
    )
    fragment = await show(made)
    assert fragment.modules == ("shop/card.js", "shop/lazy.js")
    assert fragment.styles == ("/a.css", "/b.css", "/c.css")
    assert fragment.preloads == ("/lazy.js",)


async def test_what_is_not_hydrated_carries_no_properties() -> None:
    made = play()
    for fragment in (await show(made, hydrate=False), await show(play(browser=None))):
        assert element(fragment).attributes == {
            "data-hanse-remote": "shop",
            "data-hanse-rendered": "shop/./Card",
        }
        assert not fragment.hydrates
        assert fragment.preloads == ()
        assert fragment.styles == ("https://shop.example/card.css",)


async def test_every_fragment_of_a_page_has_its_own_prefix_and_the_same_on_every_page() -> None:
    made = play()
    pages: list[list[object]] = []
    for _ in range(2):
        scene = made.renderer.open()
        await asyncio.gather(*(scene.render("shop", "Card", {"n": n % 3}) for n in range(9)))
        pages.append([call.context["identifierPrefix"] for call in made.actor.calls[-9:]])
    assert len({*pages[0]}) == 9
    assert pages[0] == pages[1]


async def test_a_page_keeps_the_stage_it_began_with() -> None:
    made = play()
    views = [made, made]
    made.renderer._stage = lambda: views.pop(0)
    scene = made.renderer.open()
    await scene.render("shop", "Card")
    await scene.render("shop", "Card")
    assert len(views) == 1


async def test_a_scene_tells_nonce_and_trace() -> None:
    made = play()
    scene = made.renderer.open(nonce="n" * 24, traceparent="00-abc")
    await scene.render("shop", "Card", context={"locale": "de"})
    context = dict(made.actor.calls[0].context)
    del context["identifierPrefix"]
    assert context == {"nonce": "n" * 24, "traceparent": "00-abc", "locale": "de"}


@pytest.mark.parametrize(
    "reason", ["threw", "import", "syntax", "missing", "timeout", "memory", "ended", "start"]
)
async def test_what_fails_here_is_mounted_by_the_browser(
    reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def act(_: RenderCall) -> str:
        raise fail(reason)

    made = play(act)
    fragment = await show(made, fallback="<wait>")
    found = element(fragment)
    assert (fragment.mode, fragment.fallback) == ("browser", reason)
    assert found.attributes == {
        "data-hanse-module": "shop/./Card",
        "data-hanse-remote": "shop",
        "data-hanse-props": '{"name":"cup"}',
    }
    assert found.text == "<wait>"
    assert made.told == [fragment]
    (record,) = caplog.records
    assert "shop/./Card is not rendered" in record.getMessage()
    assert "at shop/card.js:3:1" in record.getMessage()


@pytest.mark.parametrize("changes", [{"browser": None}, {"trusted": False}])
@pytest.mark.parametrize("reason", ["threw", "timeout"])
async def test_what_no_browser_can_run_shows_its_fallback(reason: str, changes: dict[str, object]) -> None:
    def act(_: RenderCall) -> str:
        raise fail(reason)

    fragment = await show(play(act, **changes), fallback="no card")  # type: ignore[arg-type]
    found = element(fragment)
    assert fragment.mode == "fallback"
    assert found.attributes == {"data-hanse-fallback": f"remote=shop;reason={reason}"}
    assert found.text == "no card"


async def test_a_caller_may_forbid_the_browser() -> None:
    def act(_: RenderCall) -> str:
        raise fail("threw")

    fragment = await show(play(act), browser=False)
    assert element(fragment).attributes == {"data-hanse-fallback": "remote=shop;reason=threw"}


async def test_a_developer_sees_what_went_wrong_and_nobody_else() -> None:
    def act(_: RenderCall) -> str:
        raise fail("threw")

    told = await show(play(act, development=True, browser=None))
    silent = await show(play(act, browser=None))
    (explained,) = [one for one in read_elements(str(told)) if one.name == "pre"]
    assert "it went wrong <b>" in explained.text
    assert "at shop/card.js:3:1" in explained.text
    assert "wrong" not in str(silent)


async def test_a_fault_of_this_process_costs_one_fragment_too(caplog: pytest.LogCaptureFixture) -> None:
    def act(_: RenderCall) -> str:
        raise ZeroDivisionError("oops")

    fragment = await show(play(act))
    assert (fragment.fallback, fragment.message) == ("internal", "ZeroDivisionError: oops")
    assert caplog.records[0].exc_info is not None


async def test_a_module_that_there_is_not() -> None:
    made = play()
    fragment = await made.renderer.render("shop", "./Cart", fallback="no cart")
    assert element(fragment).attributes == {"data-hanse-fallback": "remote=shop;reason=unknown"}
    with pytest.raises(NotFoundError):
        await play(development=True).renderer.render("shop", "./Cart")


async def test_properties_that_are_no_json_are_the_callers_mistake() -> None:
    with pytest.raises(FormatError):
        await play().renderer.render("shop", "./Card", {"x": object()})
    with pytest.raises(FormatError):
        await play().renderer.render("shop", "./Card", {"x": "\ud800"})


async def test_a_module_for_browsers_only_is_mounted_there_and_nothing_is_called() -> None:
    made = play(browser_only="react has another version there")
    fragment = await show(made)
    assert (fragment.mode, fragment.fallback) == ("browser", "browser-only")
    assert fragment.message == "react has another version there"
    assert made.actor.calls == []
    withheld = await play().renderer.open(withheld={"shop": "it is overridden"}).render("shop", "Card")
    assert (withheld.mode, withheld.message) == ("browser", "it is overridden")


async def test_an_engine_that_does_not_keep_the_time_is_not_waited_for() -> None:
    made = play(hang, limits=Limits(fragment_deadline=0.05, engine_grace=0.05), clock=None)
    started = asyncio.get_running_loop().time()
    fragment = await show(made)
    assert fragment.fallback == "timeout"
    assert asyncio.get_running_loop().time() - started < 1
    assert made.actor.inside == 0


@pytest.mark.parametrize(
    ("deadline", "own", "told"), [(0.5, None, 0.5), (9.0, None, 2.0), (None, 0.25, 0.25), (9.0, 1.0, 1.0)]
)
async def test_the_engine_is_told_the_shortest_of_all_times(
    deadline: float | None, own: float | None, told: float
) -> None:
    made = play(deadline=own)
    await show(made, **({} if deadline is None else {"deadline": deadline}))
    assert made.actor.calls[0].deadline == pytest.approx(told)


async def test_fragments_of_a_page_share_its_time_and_code_between_them_costs_none() -> None:
    clock = Clock()

    async def act(_: RenderCall) -> Rendered:
        clock.now += 1.4
        return Rendered(html="slow")

    made = play(act, clock=clock)
    scene = made.renderer.open()
    reasons = []
    for _ in range(4):
        clock.now += 100
        reasons.append((await scene.render("shop", "Card")).fallback)
    assert reasons == [None, None, None, "deadline"]
    assert [call.deadline for call in made.actor.calls] == [2.0, pytest.approx(1.6), pytest.approx(0.2)]
    assert (await made.renderer.render("shop", "Card")).fallback is None


async def test_a_page_without_time_is_not_its_remotes_fault() -> None:
    clock = Clock()
    made = play(hang, limits=Limits(page_deadline=0.05, engine_grace=0.01), clock=clock)
    for _ in range(10):
        assert (await show(made)).fallback == "deadline"
    assert made.renderer.breakers()["shop"].phase == "closed"


async def test_a_remote_that_gives_no_answer_is_left_alone_for_a_while() -> None:
    clock = Clock()
    broken = True

    def act(_: RenderCall) -> str:
        if broken:
            raise fail("timeout")
        return "well"

    made = play(act, clock=clock, limits=Limits(breaker_failures=3, breaker_open=10))
    assert [(await show(made)).fallback for _ in range(5)] == ["timeout"] * 3 + ["breaker"] * 2
    assert len(made.actor.calls) == 3
    clock.now += 11
    broken = False
    assert (await show(made)).fallback is None
    assert made.renderer.breakers()["shop"].phase == "closed"


async def test_another_build_is_judged_anew() -> None:
    def act(_: RenderCall) -> str:
        raise fail("ended")

    made = play(act, limits=Limits(breaker_failures=2))
    for _ in range(3):
        last = await show(made)
    assert last.fallback == "breaker"
    made.change(build="sha384-two")
    assert (await show(made)).fallback == "ended"


async def test_what_throws_has_answered() -> None:
    def act(_: RenderCall) -> str:
        raise fail("threw")

    made = play(act, limits=Limits(breaker_failures=2))
    assert [(await show(made)).fallback for _ in range(5)] == ["threw"] * 5


@pytest.mark.parametrize("reason", ["timeout", "ended"])
async def test_a_remote_that_another_one_was_in_the_way_of_is_not_blamed(reason: str) -> None:
    def act(_: RenderCall) -> str:
        raise EngineError("it was in the way", reason=reason, blameless=True)

    made = play(act, limits=Limits(breaker_failures=2))
    assert [(await show(made)).fallback for _ in range(5)] == [reason] * 5
    state = made.renderer.breakers()["shop"]
    assert (state.phase, state.failures) == ("closed", 0)


async def test_a_remote_has_so_many_calls_at_a_time_and_others_have_theirs() -> None:
    parts = {("shop", "./Card"): card(), ("home", "./Card"): card(remote="home", specifier="home/./Card")}

    async def act(call: RenderCall) -> Rendered:
        await asyncio.sleep(0.2 if call.module.startswith("shop") else 0)
        return Rendered(html="x")

    made = play(act, parts=parts, limits=Limits(remote_calls=2, remote_queue=3, fragment_deadline=5))
    shop = [asyncio.create_task(made.renderer.render("shop", "Card")) for _ in range(7)]
    await asyncio.sleep(0.05)
    assert made.actor.inside == 2
    assert (await made.renderer.render("home", "Card")).fallback is None
    assert sorted(str(one.fallback) for one in await asyncio.gather(*shop)) == ["None"] * 5 + ["busy"] * 2
    assert made.actor.most <= 3


async def test_whoever_waits_for_its_turn_waits_no_longer_than_a_call_may_take() -> None:
    made = play(hang, limits=Limits(remote_calls=1, fragment_deadline=0.1, engine_grace=0.3))
    reasons = [one.fallback for one in await asyncio.gather(show(made), show(made))]
    assert sorted(map(str, reasons)) == ["busy", "timeout"]


async def test_a_page_that_is_given_up_gives_its_room_back() -> None:
    made = play(hang, limits=Limits(remote_calls=1, fragment_deadline=30))
    task = asyncio.create_task(show(made))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    made.actor.act = lambda _: "next"
    assert (await show(made)).html == "next"
    assert made.renderer.breakers()["shop"].failures == 0


async def test_logs_name_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    def act(_: RenderCall) -> str:
        raise fail("threw")

    scene: Scene = play(act).renderer.open(traceparent="00-abc-def-01")
    with caplog.at_level(logging.WARNING, "hanse.render"):
        await scene.render("shop", "Card")
    assert vars(caplog.records[0])["traceparent"] == "00-abc-def-01"
    assert vars(caplog.records[0])["remote"] == "shop"


async def test_listeners_hear_of_every_fragment_until_they_leave() -> None:
    made = play()
    heard: list[Fragment] = []
    leave = made.renderer.on_render(heard.append)
    first = await show(made)
    leave()
    await show(made)
    assert heard == [first]
    assert replace(first, seconds=0) == replace(made.told[0], seconds=0)
