"""A file that a remote lists lies in that remote's folder, whatever it is called."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.formats.remote_entry import decode_remote_entry, entry_violations
from hanse.urls import is_file_name, join, resolves_inside, stays_inside
from tests.soak.counts import often

SCOPE = "https://cdn.example/shop/v1/"

LEAVING = [
    "../x.js",
    "../../x.js",
    "a/../../x.js",
    "./../x.js",
    "/x.js",
    "//evil.example/x.js",
    "///evil.example/x.js",
    "\\x.js",
    "\\\\evil.example\\x.js",
    "/\\evil.example/x.js",
    "\\/evil.example/x.js",
    "..\\x.js",
    "a\\..\\..\\x.js",
    "%2e%2e/x.js",
    ".%2E/x.js",
    "%2e./x.js",
    "https://evil.example/x.js",
    "ftp://evil.example/x.js",
    "HTTPS://evil.example/x.js",
    "https:\\\\evil.example\\x.js",
    "http:x.js",
    "javascript:alert(1)//.js",
    "data:text/javascript,x.js",
    "blob:https://evil.example/x.js",
    "file:///x.js",
    " https://evil.example/x.js",
    "\t//evil.example/x.js",
    "/\n/evil.example/x.js",
    "ht\ttps://evil.example/x.js",
    ".\t./x.js",
    "\u0000//evil.example/x.js",
    "..",
]

# These stay where they are, and are still nothing a build writes.
ODD = [
    "https:same.example/x.js",
    "?x.js",
    "#x.js",
    "x.js?y",
    "x.js#y",
    "%00.js",
    "a b.js",
    "x.js\u2028",
    "é.js",
    "x",
    "x.html",
    "",
    ".",
    "a//b.js",
]


def listing(file: str) -> list[dict[str, object]]:
    """Return entries that list a file in each place there is for one."""
    return [
        {"name": "shop", "exposes": [{"key": "./x", "outFileName": file}]},
        {"name": "shop", "shared": [{"packageName": "p", "outFileName": file}]},
        {"name": "shop", "shared": [{"packageName": "p", "entries": {"p": file}}]},
        {"name": "shop", "chunks": {"b": ["good.js", file]}},
    ]


def test_there_are_enough_of_them() -> None:
    assert len(set(LEAVING)) == 32


@pytest.mark.parametrize("file", LEAVING)
def test_a_browser_would_really_leave(file: str) -> None:
    target = join(SCOPE, file)
    assert target is None or not target.startswith(SCOPE)


@pytest.mark.parametrize("file", LEAVING)
def test_both_checks_see_it_on_their_own(file: str) -> None:
    assert not is_file_name(file)
    assert not resolves_inside(SCOPE, file)
    assert not stays_inside(SCOPE, file)


@pytest.mark.parametrize("file", [*LEAVING, *ODD])
def test_a_remote_entry_that_lists_it_is_refused(file: str) -> None:
    for document in listing(file):
        with pytest.raises(FormatError) as caught:
            decode_remote_entry(
                json.dumps(document, ensure_ascii=False), subject="https://cdn.example/e.json"
            )
        assert caught.value.subject == "https://cdn.example/e.json"
        assert caught.value.path.startswith("$.")


@pytest.mark.parametrize("file", [*LEAVING, *ODD])
def test_a_report_lists_it_instead(file: str) -> None:
    for document in listing(file):
        entry = decode_remote_entry(document, subject="shop", check="report")
        (violation,) = entry_violations(entry, subject="shop")
        assert "this file name" in violation.message


alphabet = st.sampled_from([*"ab./\\%2eE:?# \t\n@~", "..", "//", "https:", ".js", "\u2028", "é"])


@settings(max_examples=often(400, soak=2000), deadline=None)
@given(st.lists(alphabet, max_size=10).map("".join))
def test_what_the_grammar_lets_pass_a_browser_keeps_inside(file: str) -> None:
    if is_file_name(file):
        assert resolves_inside(SCOPE, file)
        assert join(SCOPE, file) == SCOPE + file.removeprefix("./")


@settings(max_examples=often(100, soak=1000), deadline=None)
@given(st.lists(st.lists(alphabet, max_size=6).map("".join), max_size=4))
def test_the_quick_check_says_what_the_exact_one_says(files: list[str]) -> None:
    document = json.dumps({"name": "shop", "chunks": {"b": files}}, ensure_ascii=False)
    if all(map(is_file_name, files)):
        decode_remote_entry(document, subject="shop")
    else:
        with pytest.raises(FormatError):
            decode_remote_entry(document, subject="shop")


def test_a_line_feed_does_not_make_one_name_pass_for_two() -> None:
    with pytest.raises(FormatError) as caught:
        decode_remote_entry(json.dumps({"name": "a", "chunks": {"b": ["a.js\nb.js", "x"]}}), subject="a")
    assert caught.value.path == "$.chunks.b[0]"
