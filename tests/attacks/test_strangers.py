"""HTML of an untrusted remote, written anew: html5lib finds nothing in it that is on no list."""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.limits import LIMITS, Limits
from hanse.render.faults import RenderError
from hanse.render.sanitising import class_prefix, sanitise
from tests.attacks.strangers import HOSTILE, check
from tests.render.acting import play
from tests.soak.counts import often
from tests.web.heads import read_elements

PREFIX = "h1a2b3c-"


def clean(html: str) -> str:
    return sanitise(html, remote="stranger", prefix=PREFIX, limits=LIMITS)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_case_is_harmless(name: str) -> None:
    check(clean(HOSTILE[name]))
    check(clean(f"<p>before</p>{HOSTILE[name]}<p>after</p>"))


def test_there_are_enough_cases() -> None:
    assert len(HOSTILE) >= 60


TOKENS = st.sampled_from(
    [token for case in HOSTILE.values() for token in re.findall(r"<[^<>]*>?|[^<>]+", case)]
) | st.sampled_from(["<", ">", '"', "'", "=", "/", " ", "<!--", "-->", "</", "]]>", "\x00", "&", "`"])


@given(st.lists(TOKENS, max_size=15).map("".join))
def test_whatever_is_made_of_them_is_harmless_and_stays_as_it_is(html: str) -> None:
    once = clean(html)
    check(once)


def test_thousands_of_hostile_pages_are_harmless() -> None:
    chance, pieces = random.Random(3), [*HOSTILE.values()]
    for _ in range(often(250, soak=20_000)):
        html = "".join(mix(chance, pieces) for _ in range(chance.randrange(1, 5)))
        # What is nested too deep is not taken at all.
        with suppress(RenderError):
            check(clean(html))


def mix(chance: random.Random, pieces: list[str]) -> str:
    """Return a hostile piece, as it is, cut, spliced into another one, or wrapped into what parsers enter."""
    piece = chance.choice(pieces)
    at = chance.randrange(len(piece) + 1)
    match chance.randrange(6):
        case 0:
            return piece
        case 1:
            return piece[:at]
        case 2:
            return piece[at:]
        case 3:
            return piece[:at] + chance.choice(pieces) + piece[at:]
        case 4:
            return piece[:at] + chr(chance.choice((0, 9, 10, 12, 34, 39, 47, 60, 62, 0xFEFF))) + piece[at:]
        case _:
            name = chance.choice(
                ("svg", "math", "table", "select", "template", "noscript", "style", "p", "a")
            )
            return f"<{name}>{piece}{chance.choice(('', f'</{name}>'))}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_harmless(html: str) -> None:
    check(clean(html))


def test_what_readers_want_stays() -> None:
    html = (
        '<article lang="de"><h2 id="a">Cups <small>new</small></h2><p class="lead big">A <em>fine</em> cup, '
        '<a href="https://shop.example/cup?a=1&amp;b=2">here</a>, <a href="/cups">all</a>, '
        '<a href="#a">up</a></p>'
        '<table><tbody><tr><th scope="row" colspan="2">1</th><td headers="x y">2</td></tr></tbody></table>'
        '<ol start="3"><li value="4">x</li></ol>'
        '<details open=""><summary>more</summary>text</details></article>'
    )
    assert clean(html) == (
        '<article lang="de"><h2 id="h1a2b3c-a">Cups <small>new</small></h2>'
        '<p class="stranger--lead stranger--big">A <em>fine</em> cup, '
        '<a href="https://shop.example/cup?a=1&amp;b=2" rel="noopener noreferrer nofollow ugc">here</a>, '
        '<a href="/cups" rel="noopener noreferrer nofollow ugc">all</a>, '
        '<a href="#h1a2b3c-a" rel="noopener noreferrer nofollow ugc">up</a></p>'
        '<table><tbody><tr><th scope="row" colspan="2">1</th>'
        '<td headers="h1a2b3c-x h1a2b3c-y">2</td></tr></tbody></table>'
        '<ol start="3"><li value="4">x</li></ol>'
        '<details open=""><summary>more</summary>text</details></article>'
    )


def test_a_picture_is_asked_for_late_and_without_a_word_of_the_page() -> None:
    (image,) = [
        one
        for one in read_elements(
            clean('<img src="https://shop.example/cup.png" alt="a cup" width=40 height=x>')
        )
        if one.name == "img"
    ]
    assert image.attributes == {
        "src": "https://shop.example/cup.png",
        "alt": "a cup",
        "width": "40",
        "loading": "lazy",
        "referrerpolicy": "no-referrer",
        "decoding": "async",
    }


def test_what_goes_goes_with_its_text_where_that_is_none_for_readers() -> None:
    assert clean("<p>a<script>b</script><style>c</style><button>d</button><svg><text>e</text></svg></p>") == (
        "<p>ad</p>"
    )


BOLD = "".join(f"<b id=x{number}>" for number in range(60))
FLOODS = {
    "long": "x" * (LIMITS.untrusted_html + 1),
    "deep": "<div>" * 20_000,
    "formatting": "<b><i>" * 200,
    "mismatched": "<a></div>" * 10_000,
    "reopened": f"<p>{BOLD}" + "<p>x" * 30_000,
    "reopened-after-a-table": f"<p>{BOLD}<table><td>{'</b>' * 60}</table>" + "<p>x" * 30_000,
    "reopened-after-blocks": f"<div>{BOLD}</div>" + "<p>x</p>" * 10_000,
    "hidden-in-a-select": f"<p>{BOLD}<select>{'</b>' * 60}</select>" + "<p>x" * 30_000,
    "hidden-in-a-drawing": f"<p>{BOLD}<svg><desc>{'</b>' * 60}</desc></svg>" + "<p>x" * 30_000,
    "deep-behind-walls": "<div><table></div>" * 7_000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_before_it_is_parsed(name: str) -> None:
    started = time.process_time()
    with pytest.raises(RenderError) as caught:
        clean(FLOODS[name][: LIMITS.untrusted_html + 1])
    assert caught.value.fault.reason == "html"
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "unit",
    [
        "<p>x</p>",
        "<br>",
        "<p>x",
        "<li>x",
        "<b>x</b>",
        "<td>x",
        "<p class=a><a href=/>x</a></p>",
        "<svg><path/></svg>",
    ],
)
def test_what_is_taken_is_quick(unit: str) -> None:
    started = time.process_time()
    check(clean(unit * (20_000 // len(unit))))
    clean(unit * (LIMITS.untrusted_html // len(unit)))
    assert time.process_time() - started < 3


def test_prefixes_of_classes_are_plain() -> None:
    assert class_prefix("team/mfe1") == "team-mfe1--"
    assert class_prefix("@Team/x.y") == "team-x-y--"


@pytest.mark.anyio
async def test_a_fragment_of_a_stranger_has_nothing_but_its_html() -> None:
    made = play(lambda _: HOSTILE["script"] + "<p>card</p>", trusted=False)
    made.actor.head = "<script>hit()</script>"
    scene = made.renderer.open(nonce="n" * 24)
    fragment = await scene.render("shop", "Card", {"secret": 1})
    assert fragment.markup == (
        '<div data-hanse-remote="shop" data-hanse-rendered="shop/./Card"><p>card</p></div>'
    )
    assert (fragment.head, fragment.styles, fragment.preloads, fragment.browser) == ("", (), (), None)
    assert not fragment.hydrates
    assert "nonce" not in made.actor.calls[0].context


@pytest.mark.anyio
async def test_html_that_cannot_be_taken_costs_its_fragment() -> None:
    made = play(lambda _: "<b>" * 200, trusted=False, limits=Limits(untrusted_depth=100))
    fragment = await made.renderer.render("shop", "Card", fallback="no card")
    assert (fragment.mode, fragment.fallback, fragment.html) == ("fallback", "html", "no card")
    long = play(lambda _: "<p>long</p>" * 2000, trusted=False)
    assert (await long.renderer.render("shop", "Card")).html == "<p>long</p>" * 2000
