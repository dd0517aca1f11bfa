"""Copies of different layers live side by side, and consumers keep to their layer."""

from __future__ import annotations

from typing import Any

import pytest

from hanse.errors import ShareError
from hanse.share import App, Config, Copy, Custom, Instance, Runtime, Shared
from hanse.share.layers import CLIENT
from hanse.share.registering import Layers


def react(version: str, layer: str | None = None, **more: Any) -> Shared:
    return Shared("react", version, layer=layer, singleton=True, **more)


def load(instance: Instance, layer: str | None, required: Any = False, *, singleton: bool = True) -> Any:
    wanted = Config(layer=layer, required_version=required, singleton=singleton)
    factory: Any = instance.runtime.run(instance.load_share("react", custom=Custom(wanted)))
    return factory() if factory else factory


def start(*shared: Shared, layers: Layers = "separate", remotes: tuple[App, ...] = ()) -> Instance:
    runtime = Runtime(layers=layers)
    for remote in remotes:
        runtime.offer(remote)
    return runtime.start(App("host", shared=shared, remotes=tuple(remote.name for remote in remotes)))


def test_one_version_in_three_layers_is_three_copies() -> None:
    host = start(react("19.1.0", "rsc"), react("19.1.0", "ssr"), react("19.1.0", "client"))
    host.initialize_sharing()
    for layer in ("rsc", "ssr", "client"):
        load(host, layer)
    entries = [entry for versions in host.share_scope_map["default"].values() for entry in versions.values()]
    assert sorted((entry.layer or "", entry.key, bool(entry.loaded)) for entry in entries) == [
        ("client", "19.1.0", True),
        ("rsc", "19.1.0", True),
        ("ssr", "19.1.0", True),
    ]
    assert len({id(entry) for entry in entries}) == 3


def test_a_consumer_takes_its_layers_copy_though_others_are_higher() -> None:
    shop = App("shop", shared=(react("19.2.0", "ssr"), react("19.3.0"), react("18.3.1", "rsc")))
    host = start(react("18.2.0", "rsc"), react("17.0.2", "ssr"), react("16.14.0"), remotes=(shop,))
    assert load(host, "rsc") == Copy("shop", "react", "18.3.1")
    assert load(host, "ssr") == Copy("shop", "react", "19.2.0")
    assert load(host, None) == Copy("shop", "react", "19.3.0")


def test_without_a_copy_of_its_layer_a_consumer_takes_one_without_layer() -> None:
    host = start(react("18.2.0", "rsc"), react("19.0.0"))
    assert load(host, "ssr") == Copy("host", "react", "19.0.0")


def test_a_copy_of_another_layer_is_never_taken() -> None:
    host = start(react("18.2.0", "rsc"))
    assert load(host, "ssr") is False
    assert load(host, None) is False


def test_where_no_copy_of_the_layer_fits_one_without_layer_may() -> None:
    host = start(react("18.2.0", "rsc"), react("19.0.0"))
    assert load(host, "rsc", "^19.0.0", singleton=False) == Copy("host", "react", "19.0.0")
    assert load(host, "rsc", "^17.0.0", singleton=False) is False


def test_a_strict_singleton_is_judged_by_its_layers_copy() -> None:
    host = start(react("18.2.0", "rsc"), react("19.0.0"))
    wanted = Config(layer="rsc", required_version="^19.0.0", singleton=True, strict_version=True)
    with pytest.raises(ShareError, match=r"Version 18\.2\.0 from host"):
        host.runtime.run(host.load_share("react", custom=Custom(wanted)))


def test_loading_at_once_keeps_to_the_layer() -> None:
    host = start(react("18.2.0", "rsc", provide="sync"), react("19.0.0", provide="sync"))
    factory: Any = host.load_share_sync("react", custom=Custom(Config(layer="rsc", singleton=True)))
    assert factory() == Copy("host", "react", "18.2.0")


def test_registering_more_counts_versions_by_layer() -> None:
    host = start(react("19.1.0", "rsc"))
    host.register_shared([react("19.1.0", "ssr"), react("19.1.0", "rsc")])
    assert load(host, "ssr") == Copy("host", "react", "19.1.0")
    assert len(host.options.shared["react"]) == 2


def test_a_remote_in_a_layer_shares_with_the_host_in_that_layer() -> None:
    shop = App("shop", shared=(react("19.1.0", "rsc"), react("19.1.0", "ssr")))
    host = start(react("19.0.0", "rsc"), remotes=(shop,))
    assert load(host, "rsc") == Copy("shop", "react", "19.1.0")
    remote = host.runtime.find("shop")
    assert remote is not None
    assert load(remote, "ssr") == Copy("shop", "react", "19.1.0")
    assert remote.share_scope_map["default"] is host.share_scope_map["default"]


def test_compatible_ignores_layers_as_the_runtime_does() -> None:
    host = start(react("18.2.0", "rsc"), react("19.0.0", "ssr"), react("17.0.0"), layers="compatible")
    for layer in ("rsc", "ssr", "client", None):
        assert load(host, layer) == Copy("host", "react", "19.0.0")
    assert list(host.share_scope_map["default"]) == ["react"]


def test_compatible_lets_one_version_in_two_layers_collide() -> None:
    host = start(react("19.0.0", "rsc"), react("19.0.0", "ssr"), layers="compatible")
    host.initialize_sharing()
    assert [entry.layer for entry in host.share_scope_map["default"]["react"].values()] == ["rsc"]


def test_a_consumer_in_client_takes_clients_copy_or_one_without_layer() -> None:
    host = start(react("18.2.0", "client"), react("19.1.0", "rsc"), react("19.0.0"))
    assert load(host, CLIENT) == Copy("host", "react", "18.2.0")
    assert load(host, None) == Copy("host", "react", "19.0.0")
    bare = start(react("19.1.0", "rsc"), react("19.0.0"))
    assert load(bare, CLIENT) == Copy("host", "react", "19.0.0")


def test_clients_copy_is_for_nobody_else_and_clients_consumer_takes_nobody_elses() -> None:
    host = start(react("19.0.0", "client"))
    assert load(host, None) is False
    assert load(host, "rsc") is False
    assert load(start(react("19.0.0", "rsc")), CLIENT) is False
