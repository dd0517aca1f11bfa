"""The ecosystem's arithmetic on URLs, which is on text and not on URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.formats.remote_entry import Expose, RemoteEntry
from hanse.resolve import Remote, resolve
from hanse.resolve.paths import chunk_specifier, join, package_of, scope_url

TEXTS = st.text(st.sampled_from("ab./?=&:"), max_size=20)


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("https://x.example/mfe/remoteEntry.json", "https://x.example/mfe/"),
        ("https://x.example/remoteEntry.json", "https://x.example/"),
        ("https://x.example/entry", "https://x.example/entry/"),
        ("https://x.example/entry/", "https://x.example/entry/"),
        ("https://x.example/v1.2", "https://x.example/"),
        ("https://x.example", "https://"),
        ("https://x.example/remoteEntry.json?v=1", "https://x.example/"),
        ("https://x.example/remoteEntry.json?a=b/c", "https://x.example/remoteEntry.json?a=b/c/"),
        ("./remoteEntry.json", "./"),
        ("/mfe/remoteEntry.json", "/mfe/"),
        ("remoteEntry.json", ""),
        ("entry", "entry/"),
        ("", ""),
    ],
)
def test_the_folder_of_a_remote_entry(url: str, scope: str) -> None:
    assert scope_url(url) == scope


@given(TEXTS)
def test_a_folder_is_the_folder_of_itself(url: str) -> None:
    scope = scope_url(url)
    assert scope == "" or scope.endswith("/")
    assert scope_url(scope) == scope


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("https://a.example/", "x.js", "https://a.example/x.js"),
        ("https://a.example", "x.js", "https://a.example/x.js"),
        ("https://a.example/", "/x.js", "https://a.example/x.js"),
        ("https://a.example/", "./x.js", "https://a.example/./x.js"),
        ("https://a.example//", "//x.js", "https://a.example///x.js"),
        ("team/mfe1", "./comp", "team/mfe1/./comp"),
        ("team", "comp", "team/comp"),
        ("", "x.js", "/x.js"),
    ],
)
def test_one_slash_joins_two_parts(left: str, right: str, joined: str) -> None:
    assert join(left, right) == joined


@pytest.mark.parametrize(
    ("file", "specifier"),
    [
        ("chunk-A.js", "@nf-internal/chunk-A"),
        ("./chunk-A.js", "@nf-internal/chunk-A"),
        ("chunk-A.mjs", "@nf-internal/chunk-A"),
        ("chunk-A.cjs", "@nf-internal/chunk-A"),
        ("chunks/A.js", "@nf-internal/chunks/A"),
        ("chunk-A.js.map", "@nf-internal/chunk-A.js.map"),
        ("chunk-A.js\n", "@nf-internal/chunk-A.js\n"),
        # The builder's pattern has an unescaped full stop, and code imports what the builder wrote.
        ("nojs", "@nf-internal/n"),
        ("c5_mjs", "@nf-internal/c5"),
        (".js", "@nf-internal/"),
    ],
)
def test_the_specifier_of_a_chunk(file: str, specifier: str) -> None:
    assert chunk_specifier(file) == specifier


@pytest.mark.parametrize(
    ("specifier", "package"),
    [
        ("react", "react"),
        ("react/jsx-runtime", "react"),
        ("react/a/b", "react"),
        ("@angular/core", "@angular/core"),
        ("@angular/common/http/testing", "@angular/common"),
        ("@angular", "@angular"),
        ("", ""),
    ],
)
def test_the_package_of_a_specifier(specifier: str, package: str) -> None:
    assert package_of(specifier) == package


def test_an_entry_may_say_where_it_wants_to_be_served_from() -> None:
    entry = RemoteEntry(
        name="a",
        url="https://cdn.example/a/v2/remoteEntry.json",
        exposes=[Expose(key="./Card", out_file_name="Card.js")],
    )
    plan = resolve([Remote(name="a", url="https://origin.example/a.json", entry=entry)])
    assert plan.import_map.imports["a/./Card"] == "https://cdn.example/a/v2/Card.js"


def test_an_empty_url_in_an_entry_says_nothing() -> None:
    entry = RemoteEntry(name="a", url="", exposes=[Expose(key="./Card", out_file_name="Card.js")])
    plan = resolve([Remote(name="a", url="https://origin.example/a/remoteEntry.json", entry=entry)])
    assert plan.import_map.imports["a/./Card"] == "https://origin.example/a/Card.js"
