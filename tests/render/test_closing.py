"""HTML that breaks off anywhere is closed: what comes after it stands where it would have stood."""

from __future__ import annotations

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.render.closing import close_html

WHOLE = (
    '<section class="a > b" data-x=\'it"s\' hidden><!-- a -- > b --><h2 title="it\'s x=\'y">T&amp;T</h2>'
    "<ul><li>one<br/>two<li>three</ul><img src=x alt=y>"
    "<svg viewBox='0 0 1 1'><path d='M0'/><g><path/></g></svg>"
    '<script nonce="n">if (a < b) $RC(\'</div>\', "<!--")</script><textarea><p></textarea>'
    "<style>a > b { content: '<i>' }</style><!doctype x><?pi?>"
    "<p>a < b &lt; c<x-y z=1 / q></x-y></p></section>"
)


def after(html: str) -> tuple[bool, bool]:
    """Tell whether what follows a fragment is a sibling of it, and whether it is whole."""
    page = f"<!doctype html><body><div id=fragment>{html}</div><p id=next title='t'>next</p>"
    body = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False).find("body")
    last = body[-1]
    return [one.get("id") for one in body] == ["fragment", "next"], (last.get("title"), last.text) == (
        "t",
        "next",
    )


@pytest.mark.parametrize("length", range(len(WHOLE) + 1))
def test_it_is_closed_wherever_it_breaks_off(length: int) -> None:
    cut = WHOLE[:length]
    assert after(cut + close_html(cut)) == (True, True)


TEXT = st.sampled_from(["", "a", "a < b", "&amp;", 'it\'s "x"', "=", "--"])
ATTRIBUTES = st.sampled_from(["", " a", ' a="b > c"', " a='\"<i>'", " x=y z=\"it's x='y\"", " hidden"])
NAMES = st.sampled_from(["div", "p", "b", "a", "ul", "table", "td", "svg", "path", "my-card", "h1", "button"])
LEAVES = st.sampled_from(
    [
        "<!-- <b> -->",
        "<br>",
        "<img a='>'>",
        "<script>a</b <!-- c</script>",
        "<style>a > b{}</style>",
        "<!--$-->",
    ]
)


@st.composite
def elements(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    """Draw an element that is written as renderers write it: with its end tag."""
    name, attributes = draw(NAMES), draw(ATTRIBUTES)
    return f"<{name}{attributes}>{draw(TEXT)}{''.join(draw(st.lists(inside, max_size=3)))}</{name}>"


@given(st.recursive(LEAVES | TEXT, lambda inside: elements(inside), max_leaves=12), st.floats(0, 1))
def test_whatever_is_rendered_may_break_off_anywhere(html: str, place: float) -> None:
    assert close_html(html) == ""
    cut = html[: int(len(html) * place)]
    assert after(cut + close_html(cut)) == (True, True)


def test_what_is_whole_needs_nothing() -> None:
    assert close_html(WHOLE) == ""
    assert close_html("") == ""
    assert close_html("a < b") == ""


def test_a_long_one_takes_one_pass() -> None:
    assert close_html('<p a="' * 100_000).count("</p>") == 1
    assert close_html("<div>" * 20_000).count("</div>") == 20_000
