from __future__ import annotations

import pytest

from hanse.share.presets import SharedOption, SharedTable, layered_table, match_shared, next_shared

LAYERED = next_shared("server", layered="corrected")


@pytest.mark.parametrize(
    ("request_", "layer", "key"),
    [
        ("react", "rsc", "react-rsc"),
        ("react", "ssr", "react-ssr"),
        ("react", None, "react"),
        ("react", "action-browser", "react"),
        ("react-dom", "ssr", "react-dom-ssr"),
        ("react-dom", None, "react-dom"),
        ("react/compiler-runtime", "rsc", "react/-rsc"),
        ("react/compiler-runtime", None, "react/"),
        ("react-dom/client", "ssr", "react-dom/"),
        ("next/navigation", "rsc", "next-navigation-rsc"),
        ("next/navigation", None, None),
        ("lodash", "rsc", None),
    ],
)
def test_an_import_finds_the_entry_of_its_layer(request_: str, layer: str | None, key: str | None) -> None:
    assert match_shared(LAYERED, request_, issuer_layer=layer) == key


def test_a_whole_request_without_a_layer_comes_before_a_prefix_with_one() -> None:
    assert match_shared(LAYERED, "react/jsx-runtime", issuer_layer="rsc") == "react/jsx-runtime"


def test_upstream_no_layer_has_react() -> None:
    table = layered_table("server", "upstream")
    assert match_shared(table, "react", issuer_layer="rsc") is None
    assert match_shared(table, "react-dom", issuer_layer="rsc") == "react-rsc"


def test_as_described_the_keys_of_layers_match_nothing_but_themselves() -> None:
    table = layered_table("server", "documented")
    assert match_shared(table, "react", issuer_layer="rsc") == "react"
    assert match_shared(table, "react-rsc", issuer_layer="rsc") == "react-rsc"


def test_of_entries_for_the_same_import_the_last_counts() -> None:
    table: SharedTable = {"a": SharedOption(request="x"), "b": SharedOption(request="x"), "c": "c"}
    assert match_shared(table, "x") == "b"
    assert match_shared(table, "c", issuer_layer="rsc") == "c"
