from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hanse.errors import FormatError, HanseError, UsageError
from hanse.share.remote_strings import (
    AddressRemote,
    ContainerRemote,
    DelegateRemote,
    HintedRemote,
    RemoteString,
    create_delegated_module,
    delegate_remotes,
    delegates_of,
    parse_remote,
    read_delegate_query,
    write_remote,
)

SHOP = "https://shop.example/_next/static/chunks/remoteEntry.js"


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        (f"shop@{SHOP}", ContainerRemote(global_name="shop", url=SHOP)),
        ("shop@/static/remoteEntry.js", ContainerRemote(global_name="shop", url="/static/remoteEntry.js")),
        (
            "shop@https://me:pw@shop.example/@v2/remoteEntry.js",
            ContainerRemote(global_name="shop", url="https://me:pw@shop.example/@v2/remoteEntry.js"),
        ),
        (f"@acme/shop@{SHOP}", ContainerRemote(global_name="@acme/shop", url=SHOP)),
        (f"script shop@{SHOP}", ContainerRemote(global_name="shop", url=SHOP, script=True)),
        ("internal ./delegate.js", DelegateRemote(path="./delegate.js")),
        (
            f"internal ./delegate.js?remote=shop@{SHOP}&kind=a%26b+c&flag",
            DelegateRemote(
                path="./delegate.js", query=(("remote", f"shop@{SHOP}"), ("kind", "a&b c"), ("flag", ""))
            ),
        ),
        (
            "promise new Promise((ok) => ok(window.shop))",
            HintedRemote(hint="promise", value="new Promise((ok) => ok(window.shop))"),
        ),
        (f"import {SHOP}", HintedRemote(hint="import", value=SHOP)),
        ("external shop", HintedRemote(hint="external", value="shop")),
        ("https://shop.example/mf-manifest.json", AddressRemote(url="https://shop.example/mf-manifest.json")),
        ("https://me:pw@shop.example/x.js", AddressRemote(url="https://me:pw@shop.example/x.js")),
        ("/mf-manifest.json", AddressRemote(url="/mf-manifest.json")),
    ],
)
def test_every_form_is_read_and_written(text: str, remote: RemoteString) -> None:
    assert parse_remote(text) == remote
    assert parse_remote(write_remote(remote)) == remote


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop@",
        "@https://shop.example",
        "@acme/shop",
        "script https://shop.example/x.js",
        "script shop",
        "internal ",
        "internal ?remote=a@b",
        "internal ./loader.js!./delegate.js",
        "promise  ",
        "wasm shop@https://shop.example",
        "shop@https://shop.example/a b",
        "shop@\x00",
    ],
)
def test_what_names_no_remote_is_refused_by_name(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_remote(text, subject="remotes.shop")
    assert caught.value.subject == "remotes.shop"
    assert "internal path?query" in caught.value.expected


def test_a_delegate_is_written_as_module_federation_does() -> None:
    assert create_delegated_module("./delegate.js", {}) == "internal ./delegate.js"
    assert (
        create_delegated_module("./delegate.js", {"remote": f"shop@{SHOP}", "retries": 3, "cache": True})
        == f"internal ./delegate.js?remote=shop@{SHOP}&retries=3&cache=true"
    )
    assert create_delegated_module("./d.js", {"a": "1&b=2"}, escaped=False) == "internal ./d.js?a=1&b=2"
    assert create_delegated_module("./d.js", {"a": "x!y#z"}) == "internal ./d.js?a=x%21y%23z"
    assert create_delegated_module("./d.js", {"a": "1&b=2"}) == "internal ./d.js?a=1%26b=2"


@pytest.mark.parametrize("value", [["a"], {"a": 1}, None])
def test_a_delegate_takes_no_arrays_and_objects(value: object) -> None:
    with pytest.raises(UsageError):
        create_delegated_module("./d.js", {"a": value})  # type: ignore[dict-item]
    with pytest.raises(UsageError):
        create_delegated_module("./d.js?x", {})


def test_a_delegate_reads_which_remote_it_is_asked_for() -> None:
    address = "https://me:pw@shop.example/remoteEntry.js?v=1&w=2"
    text = create_delegated_module("./d.js", {"remote": f"shop@{address}"})
    query = text.removeprefix("internal ./d.js")
    assert read_delegate_query(query) == ContainerRemote(global_name="shop", url=address)
    assert read_delegate_query("?remote=a@/x&remote=b@/y").global_name == "a"
    for wrong in ("", "?other=1", "?remote=https://shop.example/x.js", "?remote=shop"):
        with pytest.raises(FormatError):
            read_delegate_query(wrong)


def test_containers_get_a_delegate_and_the_rest_stays() -> None:
    remotes = {
        "shop": f"shop@{SHOP}",
        "own": "internal ./own.js",
        "late": "promise window.late",
        "manifest": "https://me:pw@shop.example/mf-manifest.json",
    }
    delegated = delegate_remotes(remotes, "./delegate.js")
    assert delegated == {**remotes, "shop": f"internal ./delegate.js?remote=shop@{SHOP}"}
    assert [*delegates_of(delegated)] == ["shop", "own"]


@pytest.mark.parametrize(
    "remote",
    [
        ContainerRemote(global_name="a@b", url="/x"),
        ContainerRemote(global_name="", url="/x"),
        ContainerRemote(global_name="a b", url="/x"),
        AddressRemote(url="shop@/x"),
        DelegateRemote(path="./a?b"),
        HintedRemote(hint="promise", value=""),
    ],
)
def test_what_no_text_can_say_is_not_written(remote: RemoteString) -> None:
    with pytest.raises(UsageError):
        write_remote(remote)


def test_half_a_character_is_no_crash() -> None:
    text = create_delegated_module("./d.js", {"a": "\ud800"})
    assert text.isascii()
    assert parse_remote(text) == DelegateRemote(path="./d.js", query=(("a", "\ufffd" * 3),))


visible = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), max_size=12).filter(str.isprintable)
words = st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$./-]{0,11}", fullmatch=True)
urls = st.builds(
    lambda path: f"https://me:p@ss@shop.example/{path}".replace("\\", "/"),
    visible.map(lambda text: text.replace("\\", "/")),
)


@given(words, urls)
def test_the_address_of_a_container_may_hold_anything(name: str, url: str) -> None:
    for text, script in ((f"{name}@{url}", False), (f"script {name}@{url}", True)):
        if "__proto__" not in text:
            assert parse_remote(text) == ContainerRemote(global_name=name, url=url, script=script)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
@example({"": ""})
@example({"a=b&c": "%26+ #!?é\n"})
def test_what_a_delegate_is_told_comes_out_as_it_went_in(params: dict[str, str]) -> None:
    read = parse_remote(create_delegated_module("./delegate.js", params))
    assert read == DelegateRemote(path="./delegate.js", query=tuple(params.items()))
    assert parse_remote(write_remote(read)) == read


@given(
    st.one_of(
        st.text(),
        st.builds(
            lambda head, rest: head + rest,
            st.sampled_from(["internal ", "script ", "promise ", "import ", "@", "a@"]),
            st.text(),
        ),
    )
)
def test_any_text_is_read_or_refused_and_what_is_read_can_be_written(text: str) -> None:
    try:
        remote = parse_remote(text)
    except HanseError:
        return
    assert parse_remote(write_remote(remote)) == remote


@pytest.mark.parametrize("value", [None, 1, ["shop@https://shop.example/remoteEntry.js"], b"shop"])
def test_what_is_no_text_names_no_remote(value: Any) -> None:
    with pytest.raises(FormatError, match="it is no text") as caught:
        parse_remote(value, subject="shop")
    assert (caught.value.subject, caught.value.found) == ("shop", repr(value))
