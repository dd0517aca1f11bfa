"""Which overrides count, what a cookie keeps of them, and what strangers get: nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import quote

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import OverrideError, UsageError
from hanse.limits import LIMITS
from hanse.web import Asked, Overrides
from hanse.web.overrides import COOKIE, override_headers, override_page, read_overrides

HERE = "http://localhost:4201/remoteEntry.json"
ON = Overrides()


def read(query: str = "", cookie: str = "", overrides: Overrides | None = ON) -> dict[str, str]:
    cookies = {COOKIE: cookie} if cookie else {}
    return dict(read_overrides(query, cookies, overrides))


def next_cookie(query: str, cookie: str = "", overrides: Overrides | None = ON) -> SimpleCookie | None:
    """Return what the browser is told to keep."""
    cookies = {COOKIE: cookie} if cookie else {}
    found = read_overrides(query, cookies, overrides)
    for name, value in override_headers(query, cookies, found, overrides):
        if name == "Set-Cookie":
            return SimpleCookie(value)
    return None


def test_nothing_counts_unless_it_is_switched_on() -> None:
    assert read(f"{COOKIE}=team/mfe1@{HERE}", f"shop@{HERE}", None) == {}
    assert override_headers(f"{COOKIE}=team/mfe1@{HERE}", {COOKIE: f"shop@{HERE}"}, {}, None) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"{COOKIE}=team/mfe1@{HERE}", {"team/mfe1": HERE}),
        (f"a=1&{COOKIE}=shop@{HERE}&b=2&{COOKIE}=@acme/kit@{HERE}", {"shop": HERE, "@acme/kit": HERE}),
        (f"{COOKIE}=team%2Fmfe1%40http%3A%2F%2Flocalhost%3A4201%2FremoteEntry.json", {"team/mfe1": HERE}),
        (f"{COOKIE}=shop@http://LOCALHOST:4201/./remoteEntry.json%23x", {"shop": HERE}),
        (f"{COOKIE}=shop@http://127.1:1/x@http://y", {"shop": "http://127.0.0.1:1/x@http://y"}),
        (f"{COOKIE}=shop@http://[::1]:4201/e.json", {"shop": "http://[::1]:4201/e.json"}),
    ],
)
def test_a_query_names_remotes_and_urls(query: str, found: Mapping[str, str]) -> None:
    assert read(query) == found


STRANGE = [
    "shop",
    "shop@",
    f"@{HERE}",
    HERE,
    "shop@/remoteEntry.json",
    "shop@file:///etc/passwd",
    "shop@javascript:alert(1)",
    "shop@https://evil.example/remoteEntry.json",
    "shop@http://localhost.evil.example/x",
    "shop@http://localhost:4201@evil.example/x",
    "shop@http://evil.example:4201/x?http://localhost:4201",
    "shop@https://localhost:4201/x",
    "shop@http://169.254.169.254/latest",
    "shop@http://10.0.0.1:80/x",
    "shop@http://",
    "shop@http://localhost:99999/x",
    f"__proto__@{HERE}",
    f"../shop@{HERE}",
    f"https://x@{HERE}",
    f"sh op@{HERE}",
    f"<script>@{HERE} x",
    f"shop@{HERE}" + "x" * 5000,
    "\0",
    "%",
]


@pytest.mark.parametrize("text", STRANGE)
def test_what_strangers_say_is_ignored_and_logged(text: str, caplog: pytest.LogCaptureFixture) -> None:

    with caplog.at_level(logging.DEBUG, "hanse.web"):
        found = read(f"{COOKIE}={quote(text, safe='')}&{COOKIE}=good@{HERE}")
    assert found.keys() - {"<script>"} == {"good"}
    assert all(record.levelno == logging.DEBUG for record in caplog.records)
    assert read(cookie=quote(quote(text, safe=""), safe="")) in ({}, {"<script>": f"{HERE}%20x"})


@pytest.mark.parametrize(
    ("origins", "url", "counts"),
    [
        (("https://preview.example",), "https://preview.example/e.json", True),
        (("https://preview.example",), "https://preview.example:8443/e.json", False),
        (("https://preview.example/",), "https://preview.example/e.json", True),
        (("https://preview.example:*",), "https://preview.example:8443/e.json", True),
        (("https://preview.example:*",), "https://preview.example/e.json", True),
        (("https://*.preview.example",), "https://pr-1.preview.example/e.json", True),
        (("https://*.preview.example",), "https://a.b.preview.example/e.json", True),
        (("https://*.preview.example",), "https://preview.example/e.json", False),
        (("https://*.preview.example",), "https://evilpreview.example/e.json", False),
        (("https://*.preview.example",), "https://x.previewxexample/e.json", False),
        (("https://*.preview.example",), "http://x.preview.example/e.json", False),
        (("https://BÜCHER.example",), "https://xn--bcher-kva.example/e.json", True),
        (("http://dev-box:4201",), "http://dev-box:4201/e.json", True),
        (("http://dev-box:4201",), "http://dev-box:42010/e.json", False),
        ((), HERE, False),
    ],
)
def test_origins_are_those_that_the_operator_lists(origins: tuple[str, ...], url: str, counts: bool) -> None:
    assert bool(read(f"{COOKIE}=shop@{url}", overrides=Overrides(origins))) is counts


@pytest.mark.parametrize(
    "origins",
    [
        ("*",),
        ("http://*",),
        ("https://*",),
        ("http://*.example.com",),
        ("localhost:4201",),
        ("https://x/y",),
        ("",),
    ],
)
def test_origins_that_would_be_too_wide_are_refused(origins: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        Overrides(origins)


def test_who_may_is_asked_with_what_came_with_the_request() -> None:
    asked: list[Asked] = []

    def allow(one: Asked) -> bool:
        asked.append(one)
        return one.cookies.get("session") == "staff" and one.name != "pay"

    overrides = Overrides(allow=allow)
    query = f"{COOKIE}=shop@{HERE}&{COOKIE}=pay@{HERE}"
    assert read_overrides(query, {"session": "staff"}, overrides, headers={"x": "y"}) == {"shop": HERE}
    assert read_overrides(query, {"session": "stranger"}, overrides) == {}
    assert asked[0] == Asked("shop", HERE, headers={"x": "y"}, cookies={"session": "staff"})


def test_nobody_is_asked_about_origins_that_are_not_listed() -> None:
    def allow(_: Asked) -> bool:
        raise AssertionError("it was asked")

    assert read(f"{COOKIE}=shop@https://evil.example/x", overrides=Overrides(allow=allow)) == {}


def test_the_next_page_keeps_what_the_query_said() -> None:
    kept = next_cookie(f"{COOKIE}=team/mfe1@{HERE}&{COOKIE}=shop@http://localhost:1/a,b?c=d%26e")
    assert kept is not None
    morsel = kept[COOKIE]
    assert (morsel["samesite"], morsel["httponly"], morsel["path"]) == ("Lax", True, "/")
    assert morsel["max-age"] == morsel["expires"] == morsel["domain"] == ""
    assert read(cookie=morsel.value) == {"team/mfe1": HERE, "shop": "http://localhost:1/a,b?c=d&e"}


def test_a_cookie_written_by_hand_counts_too() -> None:
    assert read(cookie=f"team/mfe1@{HERE},shop@{HERE}") == {"team/mfe1": HERE, "shop": HERE}


def test_a_query_comes_on_top_of_the_cookie() -> None:
    other = HERE.replace("4201", "4202")
    assert read(f"{COOKIE}=shop@{other}", f"shop@{HERE},pay@{HERE}") == {"shop": other, "pay": HERE}
    kept = next_cookie(f"{COOKIE}=shop@{other}", f"shop@{HERE},pay@{HERE}")
    assert kept is not None
    assert read(cookie=kept[COOKIE].value) == {"shop": other, "pay": HERE}


def test_none_ends_all_of_it() -> None:
    assert read(f"{COOKIE}=none", f"shop@{HERE}") == {}
    cleared = next_cookie(f"{COOKIE}=none", f"shop@{HERE}")
    assert cleared is not None
    assert (cleared[COOKIE].value, cleared[COOKIE]["max-age"]) == ("", "0")
    assert next_cookie(f"{COOKIE}=none") is None
    assert read(f"{COOKIE}=none&{COOKIE}=pay@{HERE}", f"shop@{HERE}") == {"pay": HERE}


def test_an_ignored_query_changes_no_cookie() -> None:
    assert next_cookie(f"{COOKIE}=shop@https://evil.example/x") is None


def test_overridden_pages_are_kept_by_nobody() -> None:
    for query, cookie in ((f"{COOKIE}=shop@{HERE}", ""), ("", f"shop@{HERE}")):
        cookies = {COOKIE: cookie} if cookie else {}
        headers = dict(override_headers(query, cookies, read_overrides(query, cookies, ON), ON))
        assert headers["Cache-Control"] == "private, no-store"
    assert override_headers("", {}, {}, ON) == []


def test_more_than_a_developer_works_on_is_ignored() -> None:
    most = LIMITS.overrides_per_page
    many = "&".join(f"{COOKIE}=r{number}@{HERE}" for number in range(most + 1))
    assert read(many) == {}
    assert len(read(many.rpartition("&")[0])) == most
    assert read("x=" + "y" * LIMITS.request_bytes + f"&{COOKIE}=shop@{HERE}") == {}


@given(st.text(max_size=100), st.text(max_size=100))
def test_any_query_and_cookie_is_read_without_a_fault(query: str, cookie: str) -> None:
    for one in read(f"{COOKIE}={query}", cookie).values():
        assert one.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]"))


@given(
    st.text(alphabet="ab/@-._ü,;%\"'<", min_size=1, max_size=30),
    st.text(alphabet="a/?&=,;%\"'@ü ", max_size=30),
)
def test_whatever_counts_survives_the_cookie(name: str, path: str) -> None:

    query = f"{COOKIE}={quote(f'{name}@http://localhost:1/{path}', safe='')}"
    found = read(query)
    kept = next_cookie(query)
    assert (kept is None) is (not found)
    if kept is not None:
        assert read(cookie=kept[COOKIE].value) == found


def test_the_error_page_says_what_is_wrong_and_the_way_out() -> None:
    evil = "</title><script>alert(1)</script>"
    page, headers = override_page(OverrideError(f"broken {evil}", subject=evil, hint=f"try {evil}"))
    tree = html5lib.parse(page.decode(), treebuilder="etree", namespaceHTMLElements=False)
    assert {one.tag for one in tree.iter()} == {"html", "head", "meta", "title", "body", "h1", "p", "a"}
    assert [one.get("href") for one in tree.iter("a")] == [f"?{COOKIE}=none"]
    assert evil in "".join(tree.itertext())
    assert headers["cache-control"] == "no-store"
