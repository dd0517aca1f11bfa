"""URLs are read as browsers read them."""

from __future__ import annotations

import pytest

from hanse.errors import FormatError
from hanse.urls import is_absolute, is_file_name, is_web, join, normalise, origin, scope_of, stays_inside


@pytest.mark.parametrize(
    ("base", "ref", "expected"),
    [
        ("https://a.example/x/y.json", "z.js", "https://a.example/x/z.js"),
        ("https://a.example/x/y.json", "../z.js", "https://a.example/z.js"),
        ("https://a.example/x/y.json", "/z.js", "https://a.example/z.js"),
        ("https://a.example/x/", "//b.example/z.js", "https://b.example/z.js"),
        # The three that Python's own urljoin reads differently.
        ("https://a.example/x/", "\\\\b.example\\z.js", "https://b.example/z.js"),
        ("https://a.example/x/", "/\\b.example/z.js", "https://b.example/z.js"),
        ("https://a.example/x/", "%2e%2e/z.js", "https://a.example/z.js"),
        ("https://a.example/x/", "ht\ntps://b.example/", "https://b.example/"),
        ("https://A.example:443/x/", ".", "https://a.example/x/"),
        ("relative/base", "z.js", None),
        ("data:text/html,x", "./z.js", None),
        ("https://a.example/", "https://[", None),
        ("https://a.example/", "\ud800", None),
    ],
)
def test_join(base: str, ref: str, expected: str | None) -> None:
    assert join(base, ref) == expected


def test_normalise() -> None:
    assert normalise("HTTPS://Ex%41mple.com:443/a/../b") == "https://example.com/b"
    assert normalise("./x") is None
    assert is_absolute("mailto:x")
    assert not is_absolute("/x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example:443/x?y#z", "https://a.example"),
        ("http://a.example:8080/", "http://a.example:8080"),
        ("http://127.1/", "http://127.0.0.1"),
        ("https://user:pass@a.example/", "https://a.example"),
        ("file:///etc/passwd", None),
        ("data:text/plain,x", None),
        ("/x", None),
    ],
)
def test_origin(url: str, expected: str | None) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://a/", True), ("HTTPS:a", True), ("ftp://a/", False), ("javascript:x", False), ("/a", False)],
)
def test_is_web(url: str, expected: bool) -> None:
    assert is_web(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x/remoteEntry.json", "https://a.example/x/"),
        ("https://a.example/x/remoteEntry.json?v=a/b#c/d", "https://a.example/x/"),
        ("https://a.example/x/", "https://a.example/x/"),
        ("https://a.example/x", "https://a.example/"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example/v1.2/../x/e.json", "https://a.example/x/"),
    ],
)
def test_the_scope_of_a_document_is_its_folder(url: str, expected: str) -> None:
    assert scope_of(url) == expected


def test_a_relative_document_has_a_scope_on_a_page() -> None:
    assert scope_of("./x/e.json", base="https://a.example/app/index.html") == "https://a.example/app/x/"
    assert scope_of("/assets/x/", base="https://a.example/app/") == "https://a.example/assets/x/"


@pytest.mark.parametrize("url", ["./x/e.json", "", "https://[", "data:text/plain,x"])
def test_what_has_no_folder_is_refused(url: str) -> None:
    with pytest.raises(FormatError) as caught:
        scope_of(url)
    assert caught.value.subject == url


@pytest.mark.parametrize(
    "file",
    [
        "card.js",
        "./chunk-A.mjs",
        "a/b/c.css",
        "_angular_core.Ab-1~2.js",
        "a@1.2.3/x+y.json",
        "x.js.map",
        "w.wasm",
    ],
)
@pytest.mark.parametrize("scope", ["https://a.example/x/", "/assets/x/", "./x/", "x/", ""])
def test_what_builds_write_stays_inside(scope: str, file: str) -> None:
    assert is_file_name(file)
    assert stays_inside(scope, file)


def test_a_scope_that_is_no_folder_holds_nothing() -> None:
    assert not stays_inside("https://a.example/x", "card.js")
    assert not stays_inside("https://[", "card.js")
    assert not stays_inside("data:text/plain,x", "card.js")


def test_an_overlong_name_is_not_a_file() -> None:
    assert not is_file_name("a" * 5000 + ".js")
