"""Paths of pages: what fits them, what fills their holes, and what is no path at all."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.apps.patterns import Params, parse_pattern, split_path
from hanse.errors import FormatError

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8).filter(
    lambda word: word not in (".", "..")
)


@pytest.mark.parametrize(
    ("pattern", "path", "params"),
    [
        ("/", "/", {}),
        ("/shop", "/shop", {}),
        ("/shop", "/shop/", {}),
        ("/shop", "/Shop", None),
        ("/shop", "/shop/x", None),
        ("/shop/[id]", "/shop/7", {"id": "7"}),
        ("/shop/[id]", "/shop", None),
        ("/shop/[id]", "/shop/7/8", None),
        ("/shop/[id]", "/shop/a%20b", {"id": "a b"}),
        ("/shop/[id]", "/shop/a%2Fb", {"id": "a/b"}),
        ("/shop/[id]/edit", "/shop/7/edit", {"id": "7"}),
        ("/docs/[...rest]", "/docs/a/b%20c", {"rest": ("a", "b c")}),
        ("/docs/[...rest]", "/docs", None),
        ("/käse", "/k%C3%A4se", {}),
    ],
)
def test_a_path_fits_or_does_not(pattern: str, path: str, params: dict[str, object] | None) -> None:
    segments = split_path(path)
    assert segments is not None
    assert parse_pattern(pattern).match(segments) == params


@pytest.mark.parametrize("path", ["", "shop", "//", "/a//b", "/.", "/a/../b", "/%2e%2e", "/%ff", "/a%00"])
def test_what_no_page_can_have_is_no_path(path: str) -> None:
    assert split_path(path) is None


@pytest.mark.parametrize(
    "pattern",
    ["", "shop", "/a//b", "/a/", "/[]", "/[1]", "/a[id]", "/[...a]/b", "/[a]/[a]", "/..", "/a?b", "/%20"],
)
def test_what_is_no_pattern_is_refused_with_its_name(pattern: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_pattern(pattern, subject="pages/x.tsx")
    assert (caught.value.subject, caught.value.path) == ("pages/x.tsx", pattern)


@given(one=words, several=st.lists(words, min_size=1, max_size=4))
def test_a_path_that_was_filled_fits_again(one: str, several: list[str]) -> None:
    pattern = parse_pattern("/shop/[id]/[...rest]")
    params: Params = {"id": one, "rest": tuple(several)}
    path = pattern.fill(params)
    segments = split_path(path)
    assert segments is not None
    assert pattern.match(segments) == params
    assert segments == ("shop", one, *several)
    assert all(unquote(word) for word in path.split("/")[1:])


@pytest.mark.parametrize("params", [{}, {"id": ""}, {"id": ()}])
def test_a_hole_that_is_left_open_is_named(params: dict[str, str]) -> None:
    with pytest.raises(FormatError) as caught:
        parse_pattern("/shop/[id]").fill(params)
    assert caught.value.path == "id"


@given(path=st.text(max_size=40))
def test_any_text_is_a_path_or_none(path: str) -> None:
    segments = split_path(f"/{path}")
    assert segments is None or all(segments)
