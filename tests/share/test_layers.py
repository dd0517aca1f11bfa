from __future__ import annotations

from typing import get_args

import pytest

from hanse.errors import UsageError
from hanse.formats import config_structs
from hanse.share.layers import CLIENT, LAYER_QUERIES, Layer, layer_named, lookup_keys, serves_layer


def test_there_are_nine_layers_each_explained() -> None:
    assert [*Layer] == [
        "shared",
        "rsc",
        "ssr",
        "action-browser",
        "api",
        "middleware",
        "instrument",
        "edge-asset",
        "app-pages-browser",
    ]
    for texts in (
        {one.label for one in Layer},
        {one.description for one in Layer},
        {one.usage for one in Layer},
    ):
        assert len(texts) == 9
        assert all(texts)


def test_a_configuration_knows_the_same_layers() -> None:
    assert {*get_args(config_structs.Layer)} == {*Layer, CLIENT}


def test_the_client_has_no_layer() -> None:
    assert CLIENT not in [*Layer]
    assert layer_named("client") is None
    assert layer_named("") is None
    assert layer_named(None) is None
    assert layer_named("edge-asset") is Layer.EDGE_ASSET
    assert LAYER_QUERIES == {"?rsc": "rsc", "?client": "client", "?ssr": "ssr"}


def test_an_unknown_layer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="app-pages-browser, client"):
        layer_named("edge")


def test_an_import_looks_for_its_layer_first() -> None:
    assert lookup_keys("react", "rsc") == ("(rsc)react", "react")
    assert lookup_keys("react", CLIENT) == ("(client)react", "react")
    assert lookup_keys("react", None) == ("react",)
    assert serves_layer(None, "rsc")
    assert serves_layer("rsc", "rsc")
    assert not serves_layer("rsc", None)
    assert not serves_layer("rsc", "ssr")
