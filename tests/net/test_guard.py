"""What the list of allowed origins is made of."""

from __future__ import annotations

import pytest

from hanse.errors import BlockedError
from hanse.net import Access
from hanse.net.guard import check_redirect, check_url


def test_access_is_made_of_origins() -> None:
    urls = [
        "https://CDN.example:443/a/b?c",
        "https://cdn.example/d",
        "http://localhost:4201/x",
        "nonsense",
        "",
    ]
    access = Access.for_urls(urls, local=False)
    assert access.origins == {"https://cdn.example", "http://localhost:4201"}
    assert access.local_origins == frozenset()


def test_local_origins_are_origins() -> None:
    assert Access(local_origins=frozenset({"http://localhost:1"})).origins == {"http://localhost:1"}


def test_widening_leaves_what_was_there() -> None:
    first = Access.for_urls(["http://localhost:4200/"], local=True)
    second = first.with_urls(["https://cdn.example/x", "http://localhost:4200/y"], local=False)
    assert second.origins == {"http://localhost:4200", "https://cdn.example"}
    assert second.local_origins == {"http://localhost:4200"}
    assert first.origins == {"http://localhost:4200"}


def test_a_target_is_normalised() -> None:
    access = Access.for_urls(["https://shop.example/"], local=False)
    target = check_url("HTTPS://SHOP.example:443/a/../b/%7Ec?d#e", access)
    assert (target.url, target.origin) == ("https://shop.example/b/%7Ec?d", "https://shop.example")
    assert not target.local


@pytest.mark.parametrize("host", ["shop1", "a.b1", "1e100.example", "127.0.0.1.example", "0x7f.example"])
def test_a_name_with_digits_is_a_name(host: str) -> None:
    access = Access.for_urls([f"https://{host}/"], local=False)
    assert check_url(f"https://{host}/x", access).url == f"https://{host}/x"


def test_a_redirect_keeps_to_its_rights() -> None:
    access = Access.for_urls(["http://localhost:1234/"], local=True)
    access = access.with_urls(["https://cdn.example/"], local=False)
    home = check_url("http://localhost:1234/a", access)
    assert check_redirect("/b", source=home, access=access).local
    away = check_redirect("https://cdn.example/b", source=home, access=access)
    assert not away.local
    with pytest.raises(BlockedError) as caught:
        check_redirect("http://localhost:1234/c", source=away, access=access)
    assert caught.value.subject == "https://cdn.example/b"
    assert "redirects to http://localhost:1234/c" in caught.value.message


def test_messages_show_hostile_text_safely() -> None:
    access = Access.for_urls(["https://shop.example/"], local=False)
    home = check_url("https://shop.example/", access)
    for location in (
        "https://\x1b[31m\r\nx/",
        "https://e" + "a" * 3000 + "/",
        "/" + "a" * 10_000,
        "https://\ud800/",
    ):
        with pytest.raises(BlockedError) as caught:
            check_redirect(location, source=home, access=access)
        assert len(str(caught.value)) < 1000
        assert caught.value.message.isprintable()
