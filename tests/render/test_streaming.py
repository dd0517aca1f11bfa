"""Fragments in pieces: nothing is sent before the shell is there, and what breaks off is closed."""

from __future__ import annotations

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest

from hanse.engines.base import RenderCall
from hanse.errors import EngineError
from hanse.limits import Limits
from hanse.render import FragmentStream
from tests.render.acting import play
from tests.web.heads import read_elements

pytestmark = pytest.mark.anyio


async def read(stream: FragmentStream) -> str:
    pieces = [piece async for piece in stream]
    await stream.aclose()
    return "".join(pieces)


async def test_the_pieces_make_the_markup_of_a_fragment() -> None:
    made = play(pieces=["<p>", "ca", "rd</p>"])
    made.actor.head = "<meta>"
    stream = made.renderer.stream("shop", "Card", {"n": 1})
    shell = await stream.shell()
    assert (shell.status, shell.head, shell.modules) == (201, "<meta>", ("shop/card.js",))
    assert stream.fragment is not None
    assert stream.fragment.styles == ("https://shop.example/card.css",)
    assert stream.fragment.preloads == ("https://shop.example/card.js",)
    whole = (await made.renderer.render("shop", "Card", {"n": 1})).markup
    assert await read(stream) == whole.replace("<p>card</p>", "<p>card</p>")
    assert stream.modules == ("shop/card.js",)
    assert [one.mode for one in made.told] == ["server", "server"]
    assert made.actor.streams[0].closed
    assert made.actor.inside == 0


async def test_what_fails_before_its_shell_is_mounted_by_the_browser() -> None:
    made = play(pieces=[EngineError("no", reason="threw")])
    stream = made.renderer.stream("shop", "Card", fallback="wait")
    assert (await stream.shell()).modules == ()
    html = await read(stream)
    assert html == '<div data-hanse-module="shop/./Card" data-hanse-remote="shop">wait</div>'
    assert [one.fallback for one in made.told] == ["threw"]
    assert made.actor.inside == 0


@pytest.mark.parametrize(
    "sent", ["<main><p>half", '<main class="a', "<main><script>if (a < ", "<main><!-- a ", "<main><b", ""]
)
@pytest.mark.parametrize("development", [True, False])
async def test_what_breaks_off_leaves_the_page_intact_and_a_mark(sent: str, development: bool) -> None:
    pieces: list[str | Exception | float] = [sent, EngineError("it broke <off>", reason="memory")]
    made = play(pieces=pieces, development=development)
    html = await read(made.renderer.stream("shop", "Card"))
    page = f"<!doctype html><body>{html}<p id=end title=t>end</p>"
    body = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False).find("body")
    names = [one.tag for one in body]
    assert names == ["div", "template", *(["pre"] if development else []), "p"]
    assert body[1].attrib == {"data-hanse-fallback": "remote=shop;reason=memory"}
    assert (body[-1].get("title"), body[-1].text) == ("t", "end")
    assert [one.fallback for one in made.told] == ["memory"]


async def test_a_stream_that_hangs_is_closed_when_its_time_is_over() -> None:
    limits = Limits(fragment_deadline=0.1, engine_grace=0.05, breaker_failures=2)
    made = play(pieces=["<p>", 30.0], limits=limits)
    for _ in range(2):
        html = await read(made.renderer.stream("shop", "Card"))
        assert html.endswith(
            '<p></p></div><template data-hanse-fallback="remote=shop;reason=timeout"></template>'
        )
    assert made.actor.streams[0].closed
    assert (await made.renderer.render("shop", "Card")).fallback == "breaker"
    assert "data-hanse-module" in await read(made.renderer.stream("shop", "Card"))


async def test_a_reader_that_leaves_ends_it() -> None:
    made = play(pieces=["<p>", "a", "b"])
    stream = made.renderer.stream("shop", "Card")
    async for piece in stream:
        if piece == "a":
            break
    await stream.aclose()
    assert made.actor.streams[0].closed
    assert made.actor.inside == 0
    assert made.renderer.breakers()["shop"].failures == 0


async def test_a_stranger_is_written_anew_as_a_whole() -> None:
    def act(_: RenderCall) -> str:
        return "<p onclick=hit()>card<script>hit()</script></p>"

    made = play(act, trusted=False)
    stream = made.renderer.stream("shop", "Card", {"n": 1})
    pieces = [piece async for piece in stream]
    assert pieces == ['<div data-hanse-remote="shop" data-hanse-rendered="shop/./Card"><p>card</p></div>']
    assert made.actor.streams == []


async def test_a_module_that_there_is_not_has_its_fallback() -> None:
    html = await read(play().renderer.stream("shop", "Nothing", fallback="none"))
    (found,) = [one for one in read_elements(html) if one.name == "div"]
    assert found.attributes == {"data-hanse-fallback": "remote=shop;reason=unknown"}
    assert found.text == "none"


async def test_nothing_is_rendered_before_it_is_read() -> None:
    made = play()
    stream = made.renderer.stream("shop", "Card")
    await stream.aclose()
    assert made.actor.calls == []
