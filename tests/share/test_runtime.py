"""What a program sees of the model: promises, errors, remotes that come, fail and go."""

from __future__ import annotations

from typing import Any

import pytest

from hanse.errors import ShareError, UsageError
from hanse.share import ABSENT, App, Config, Copy, Custom, Exposed, Instance, Remote, Runtime, Shared
from hanse.share.options import Broken, Scopes
from hanse.share.registering import Token

REACT = Shared("react", "18.2.0")


def start(*apps: App, **host: Any) -> Instance:
    runtime = Runtime()
    for app in apps:
        runtime.offer(app)
    names = tuple(app.name for app in apps)
    return runtime.start(App("host", **{"shared": (REACT,), "remotes": names, **host}))


def load(instance: Instance, package: str = "react", **config: Any) -> Any:
    custom = Custom(Config(**config)) if config else None
    loaded = instance.runtime.run(instance.load_share(package, custom=custom))
    return loaded() if loaded else loaded


def test_a_getter_of_ones_own_may_be_asynchronous() -> None:
    async def get() -> Any:
        return lambda: "mine"

    host = start(shared=(Shared("react", "18.2.0", get=get),))
    assert load(host) == "mine"


def test_a_getter_of_ones_own_may_be_there_at_once() -> None:
    host = start(shared=(Shared("react", "18.2.0", get=lambda: lambda: "mine"),))
    assert host.load_share_sync("react")() == "mine"


def test_what_a_getter_raises_comes_out_and_stays() -> None:
    calls: list[int] = []

    def get() -> object:
        calls.append(1)
        raise ValueError("no disk")

    host = start(shared=(Shared("react", "18.2.0", get=get),))
    for _ in range(2):
        with pytest.raises(ValueError, match="no disk"):
            load(host)
    assert calls == [1]


def test_two_loads_at_once_get_one_copy() -> None:
    calls: list[int] = []

    async def get() -> Any:
        calls.append(1)
        return lambda: "mine"

    host = start(shared=(Shared("react", "18.2.0", get=get),))
    both = host.runtime.queue.all_of([host.load_share("react"), host.load_share("react")])
    first, second = host.runtime.run(both)
    assert first is second
    assert calls == [1]


@pytest.mark.parametrize(
    ("broken", "code"), [("no-init", "RUNTIME-002"), ("init", "RUNTIME-015"), ("entry", "")]
)
def test_a_broken_container_fails_with_the_runtimes_code(broken: Broken, code: str) -> None:
    host = start(App("shop", broken=broken))
    with pytest.raises(ShareError) as failed:
        host.runtime.run(host.load_remote("shop/Card"))
    assert failed.value.runtime_code == code
    assert host.runtime.find("shop") is None


def test_only_a_container_that_cannot_be_initialised_stops_the_hosts_own_packages() -> None:
    for broken in ("entry", "no-init"):
        assert load(start(App("shop", broken=broken))) == Copy("host", "react", "18.2.0")
    with pytest.raises(ShareError, match="RUNTIME-015"):
        load(start(App("shop", broken="init")))


def test_what_nobody_waits_for_is_lost_and_kept() -> None:
    host = start(App("shop", broken="init"), shared=(Shared("react", "18.2.0", provide="sync"),))
    assert host.load_share_sync("react")() == Copy("host", "react", "18.2.0")
    host.runtime.settle()
    assert [getattr(error, "runtime_code", "") for error in host.runtime.lost] == ["RUNTIME-015"]


def test_modules_are_exposed_by_name() -> None:
    host = start(App("shop", exposes=frozenset({"./Card"})))
    assert host.runtime.run(host.load_remote("shop/Card")) == Exposed("shop", "./Card")
    with pytest.raises(ShareError, match="RUNTIME-014"):
        host.runtime.run(host.load_remote("shop/Cart"))
    factory: Any = host.runtime.run(host.load_remote("shop/Card", load_factory=False))
    assert factory() == Exposed("shop", "./Card")


def test_remotes_have_aliases_and_no_alias_begins_another_name() -> None:
    host = start(App("shop"), remotes=(Remote("shop", alias="store"),))
    assert host.runtime.run(host.load_remote("store/Card")) == Exposed("shop", "./Card")
    with pytest.raises(ShareError, match="prefix"):
        host.register_remotes([Remote("other", alias="sho")])


def test_a_remote_is_replaced_by_force_only() -> None:
    host = start(App("shop", shared=(Shared("react", "19.0.0"), Shared("vue", "3.0.0"))))
    assert load(host, required_version="*") == Copy("shop", "react", "19.0.0")
    host.register_remotes(["shop"])
    assert host.runtime.log == []
    host.register_remotes([Remote("shop", share_scope="other")], force=True)
    assert "already registered" in host.runtime.log[0].text
    assert [remote.share_scope for remote in host.options.remotes] == ["other"]
    # What the host had loaded is in its name by then; what nobody used goes with the remote.
    assert list(host.share_scope_map["default"]["react"]) == ["18.2.0", "19.0.0"]
    assert host.share_scope_map["default"]["vue"] == {}


@pytest.mark.parametrize(
    ("given", "own", "taken"),
    [
        ("default", None, {"default": "default"}),
        ("alt", None, {"default": "alt"}),
        ("default", "alt", {"alt": "default"}),
        (("default", "alt"), None, {"default": "default", "alt": "alt"}),
        (("default", "alt"), "other", {"default": "default", "alt": "alt"}),
        ("default", ("default", "alt"), {"default": "default", "alt": "alt"}),
        (("default",), ("alt", "other"), {"alt": "alt", "other": "other"}),
    ],
)
def test_a_container_takes_over_the_hosts_scopes(
    given: Scopes, own: Scopes | None, taken: dict[str, str]
) -> None:
    host = start(App("shop", share_scope=own), remotes=(Remote("shop", share_scope=given),))
    host.runtime.run(host.load_remote("shop/Card"))
    shop = host.runtime.find("shop")
    assert shop is not None
    shared = {
        scope: place
        for scope, packages in shop.share_scope_map.items()
        for place, others in host.share_scope_map.items()
        if packages is others
    }
    assert shared == taken


def test_circles_of_remotes_come_to_an_end() -> None:
    shop = App("shop", shared=(Shared("react", "19.0.0"),), remotes=("host", "cart"))
    cart = App("cart", shared=(Shared("react", "19.1.0"),), remotes=("shop", "cart"))
    assert load(start(shop, cart), required_version="*") == Copy("cart", "react", "19.1.0")


def test_what_never_ends_is_ended() -> None:
    host = start(shared=(Shared("react", "18.2.0", ticks=10**9),))
    with pytest.raises(UsageError, match="end"):
        load(host)


def test_a_promise_that_nothing_settles_is_an_error() -> None:
    async def get() -> Any:
        return await never

    host = start(shared=(Shared("react", "18.2.0", get=get),))
    never: Any = type(host.load_share("nothing"))(host.runtime.queue)
    with pytest.raises(UsageError, match="nothing is left"):
        load(host)


def test_settings_not_said_are_the_runtimes_defaults() -> None:
    host = start()
    (entry,) = host.share_scope_map["default"]["react"].values()
    assert entry.config == Config(
        required_version="^18.2.0", singleton=False, strict_version=False, eager=False, layer=ABSENT
    )
    assert (entry.strategy, entry.scope, entry.from_, entry.loaded) == (
        "version-first",
        ["default"],
        "host",
        None,
    )


def test_copies_that_others_use_stay_when_their_remote_goes() -> None:
    shop = App("shop", shared=(Shared("react", "19.0.0"), Shared("vue", "3.0.0")))
    host = start(shop)
    host.runtime.run(host.load_remote("shop/Card"))
    remote = host.runtime.find("shop")
    assert remote is not None
    for package in ("react", "vue"):
        assert load(remote, package, required_version="*").provider == "shop"
    assert load(host, required_version="*") == Copy("shop", "react", "19.0.0")
    host.register_remotes(["shop"], force=True)
    assert list(host.share_scope_map["default"]["react"]) == ["18.2.0", "19.0.0"]
    assert host.share_scope_map["default"]["react"]["19.0.0"].use_in == ["host"]
    assert host.share_scope_map["default"]["vue"] == {}
    assert [instance.name for instance in host.runtime.instances] == ["host"]


def test_a_scope_is_initialised_once_on_one_way() -> None:
    host = start(App("shop"), share_strategy="version-first")
    tokens: list[Token] = []
    assert len(host.initialize_sharing(tokens=tokens)) == 1
    assert host.initialize_sharing(tokens=tokens) == []
    assert len(host.initialize_sharing("other", tokens=tokens)) == 0
    assert [token.from_ for token in tokens] == ["host", "host"]
    assert len(host.initialize_sharing()) == 1
    host.runtime.settle()


@pytest.mark.parametrize("layers", ["x", "", None, 1, ["separate"]])
def test_layers_are_treated_in_one_of_two_ways(layers: Any) -> None:
    with pytest.raises(UsageError, match="separate or compatible") as caught:
        Runtime(layers=layers)
    assert repr(layers) in caught.value.subject


@pytest.mark.parametrize("name", ["", None, 1])
def test_an_application_has_a_name(name: Any) -> None:
    with pytest.raises(UsageError, match="has a name"):
        App(name)


@pytest.mark.parametrize("wrong", [[1], [Shared("vue", "3.5.0"), "react"], None, "react", {"react": REACT}])
def test_what_is_shared_is_checked(wrong: Any) -> None:
    host = start()
    with pytest.raises(UsageError, match=r"Shared\("):
        host.register_shared(wrong)
    assert list(host.options.shared) == ["react"]
    with pytest.raises(UsageError, match=r"Shared\("):
        start(shared=wrong)


@pytest.mark.parametrize("wrong", [[1], ["shop", None], "shop"])
def test_remotes_are_names_or_remotes(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"Remote\("):
        start().register_remotes(wrong)
    with pytest.raises(UsageError, match=r"Remote\("):
        start(remotes=wrong)
