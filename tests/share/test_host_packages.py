from __future__ import annotations

from typing import Any

import pytest

from hanse.share import App, Config, Copy, Custom, HostPackages, Instance, Runtime, Shared
from hanse.share.registering import Layers


def start(*plugins: Any, layers: Layers = "separate") -> tuple[Instance, Instance]:
    """Start a host with old packages, and a remote with new ones that does the loading."""
    runtime = Runtime(layers=layers)
    names = ("react", "react-dom", "next/link", "lodash")
    old = tuple(Shared(name, "18.0.0") for name in names)
    new = tuple(Shared(name, "19.0.0") for name in (*names, "next/head"))
    runtime.offer(App("shop", shared=new, plugins=plugins))
    host = runtime.start(App("host", shared=old, remotes=("shop",), plugins=plugins))
    runtime.run(host.load_remote("shop/Card"))
    shop = runtime.find("shop")
    assert shop is not None
    return host, shop


def load(instance: Instance, package: str) -> Any:
    wanted = Custom(Config(required_version="^19.0.0", singleton=True, strict_version=True))
    factory: Any = instance.runtime.run(instance.load_share(package, custom=wanted))
    return factory()


@pytest.mark.parametrize("package", ["react", "react-dom", "next/link"])
def test_such_packages_come_from_the_host_whatever_versions_say(package: str) -> None:
    host, shop = start(HostPackages())
    assert load(shop, package) == Copy("host", package, "18.0.0")
    assert host.share_scope_map["default"][package]["19.0.0"].version == "18.0.0"


@pytest.mark.parametrize("package", ["lodash", "next/head"])
def test_others_do_not_and_neither_does_what_the_host_lacks(package: str) -> None:
    _, shop = start(HostPackages())
    assert load(shop, package) == Copy("shop", package, "19.0.0")


def test_without_the_plugin_versions_count() -> None:
    _, shop = start()
    assert load(shop, "react") == Copy("shop", "react", "19.0.0")


def test_other_packages_may_be_named() -> None:
    _, shop = start(HostPackages(packages=("lodash",)))
    assert load(shop, "lodash") == Copy("host", "lodash", "18.0.0")
    assert load(shop, "react") == Copy("shop", "react", "19.0.0")


def test_the_hosts_copy_of_the_layer_counts() -> None:
    runtime = Runtime()
    layered = (Shared("react", "18.0.0"), Shared("react", "18.1.0", layer="rsc"))
    host = runtime.start(App("host", shared=layered, plugins=(HostPackages(),)))
    wanted = Custom(Config(layer="rsc", singleton=True, required_version=False))
    factory: Any = runtime.run(host.load_share("react", custom=wanted))
    assert factory() == Copy("host", "react", "18.1.0")
