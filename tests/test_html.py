"""Nothing that is written into a page can leave the place it was written to."""

from __future__ import annotations

import json
from typing import Any

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from hanse.errors import FormatError
from hanse.html import attribute, inline_json, text
from tests.soak.counts import often

# The pieces that end or change what a parser is in, among ordinary ones.
PIECES = [
    *(
        "</script>",
        "</SCRIPT ",
        "<script>",
        "<!--",
        "-->",
        "--!>",
        "<![CDATA[",
        "]]>",
        "</style>",
        "</title>",
    ),
    *(
        "<",
        ">",
        "&",
        "&lt;",
        "&#60;",
        '"',
        "'",
        "`",
        "=",
        "\\",
        "/",
        "\u2028",
        "\u2029",
        "\r",
        "\n",
        "\x00",
        "a",
        "é",
    ),
]
hostile = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(codec="utf-8"), max_size=3), max_size=12
).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=8,
)


def parse(page: str) -> Any:
    """Parse a page as browsers do, and return its root."""
    return html5lib.parse(page, namespaceHTMLElements=False)


@settings(max_examples=often(62, soak=1000), deadline=None)
@given(values)
@example({"</script><script>alert(1)</script>": "<!--<script>"})
@example(["<!--", "<script", "</script>"])
def test_json_never_breaks_out_of_its_script(value: object) -> None:
    page = f"<!doctype html><body><script type=importmap>{inline_json(value)}</script><p id=after>x</p>"
    root = parse(page)
    (script,) = root.iter("script")
    assert json.loads(script.text) == value
    assert [item.tag for item in root.find("body")] == ["script", "p"]


@settings(max_examples=often(62, soak=1000), deadline=None)
@given(hostile)
def test_an_attribute_never_breaks_out_of_its_quotes(value: str) -> None:
    for quote in "\"'":
        root = parse(f"<!doctype html><body><p title={quote}{attribute(value)}{quote} id=after>x</p>")
        (p,) = root.find("body")
        assert p.attrib == {"title": value.replace("\x00", "\ufffd"), "id": "after"}
        assert p.text == "x"


@settings(max_examples=often(62, soak=1000), deadline=None)
@given(hostile)
def test_text_never_becomes_markup(value: str) -> None:
    root = parse(f"<!doctype html><body><p>a{text(value)}</p>")
    (p,) = root.find("body")
    assert len(p) == 0
    assert p.text == "a" + value.replace("\x00", "")


def test_encoded_json_is_taken_as_it_is() -> None:
    encoded = '{"imports":{"a":"</script>\u2028"}}'.encode()
    assert inline_json(encoded) == '{"imports":{"a":"\\u003c/script\\u003e\\u2028"}}'
    assert json.loads(inline_json(encoded)) == json.loads(encoded)


def test_a_text_is_a_value() -> None:
    assert inline_json("a&b") == '"a\\u0026b"'


@pytest.mark.parametrize("value", [object(), "\ud800", b"\xff", {1j: 2}])
def test_what_cannot_be_json_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        inline_json(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    bomb: list[object] = []
    bomb.append(bomb)
    with pytest.raises(FormatError):
        inline_json(bomb)


def test_text_marked_as_safe_is_text_in_json() -> None:
    assert inline_json({"label": [Markup("<b>")]}) == inline_json({"label": ["<b>"]})
