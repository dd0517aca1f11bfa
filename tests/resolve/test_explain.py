from __future__ import annotations

import msgspec
import pytest

from hanse.errors import NotFoundError
from hanse.resolve import Policy, resolve
from hanse.resolve.explain import explain
from tests.resolve.federations import remote, shared

BOTH = ["react", "react/jsx-runtime"]
SHOP = remote("shop", shared("react", "18.3.1", "^18.0.0", entries=BOTH))
CART = remote("cart", shared("react", "18.2.0", "~18.2.0", entries=BOTH))
HOME = remote("home", shared("react", "18.2.5", "^18.0.0", strict=False, entries=BOTH))
OLD = remote("old", shared("react", "17.0.2", "^17.0.0", strict=False, entries=BOTH))


def test_says_who_offers_and_who_accepts_which_version() -> None:
    (found,) = explain(resolve([SHOP, CART, HOME]), "react")
    assert [(one.version, one.offered_by, one.rejected_by, one.insisting) for one in found.versions] == [
        ("18.3.1", ("shop",), ("cart",), ("cart",)),
        ("18.2.5", ("home",), (), ()),
        ("18.2.0", ("cart",), (), ()),
    ]


def test_says_which_build_won_and_why_and_what_it_costs() -> None:
    (found,) = explain(resolve([SHOP, CART, HOME]), "react")
    assert (found.version, found.provider, found.downloads) == ("18.2.5", "home", 0)
    assert found.why is not None
    assert found.why.code == "fewest-downloads"
    assert [one.version for one in found.versions if one.published] == ["18.2.5"]


def test_says_what_each_remote_gets() -> None:
    (found,) = explain(resolve([SHOP, HOME, OLD]), "react")
    consumers = {one.remote: one for one in found.consumers}
    assert consumers["old"].gets == ("18.3.1",)
    assert not consumers["old"].accepts
    assert consumers["old"].reason.code == "outside-range"
    assert consumers["home"].accepts
    assert consumers["home"].served_by == "shop"


def test_counts_own_copies_and_their_bytes_where_known() -> None:
    react17 = shared("react", "17.0.2", "^17.0.0", entries=BOTH)
    legacy = msgspec.structs.replace(
        remote("legacy", react17), sizes={"react.js": 100, "react_jsx-runtime.js": 20}
    )
    (found,) = explain(resolve([SHOP, HOME, legacy]), "react")
    own = next(one for one in found.consumers if one.remote == "legacy")
    assert (own.action, own.gets, own.downloads, own.bytes) == ("scope", ("17.0.2",), 2, 120)
    assert (found.downloads, found.bytes) == (2, 120)
    (unknown,) = explain(resolve([SHOP, HOME, remote("legacy", react17)]), "react")
    assert unknown.bytes is None


def test_finds_a_package_by_an_entrypoint() -> None:
    (found,) = explain(resolve([SHOP, CART]), "react/jsx-runtime")
    assert found.package == "react"


def test_explains_each_share_scope() -> None:
    inner = remote("inner", shared("react", "17.0.2", scope="old"))
    found = explain(resolve([SHOP, inner]), "react")
    assert [(one.scope, one.version) for one in found] == [("", "18.3.1"), ("old", "17.0.2")]


def test_names_private_copies() -> None:
    alone = remote("alone", shared("react", "16.0.0", singleton=False))
    (found,) = explain(resolve([SHOP, alone]), "react")
    assert [(one.remote, one.version) for one in found.private] == [("alone", "16.0.0")]
    (only,) = explain(resolve([alone]), "react")
    assert only.version is None
    assert only.consumers == ()
    assert only.private == found.private


@pytest.mark.parametrize(
    ("asked", "hint"), [("raect", "did you mean react?"), ("lodash", "shared are react")]
)
def test_an_unknown_package_gets_a_guess(asked: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        explain(resolve([SHOP]), asked)
    assert caught.value.subject == asked
    assert caught.value.hint == hint


def test_an_empty_federation_has_nothing_to_explain() -> None:
    with pytest.raises(NotFoundError, match="no remote shares anything"):
        explain(resolve([]), "react")


def test_versions_that_are_none_come_last() -> None:
    odd = remote("odd", shared("react", "next", "*"))
    (found,) = explain(resolve([SHOP, odd], Policy.compatible()), "react")
    assert found.versions[0].version == "18.3.1"


def test_follows_the_map_under_both_policies() -> None:
    torn = remote("torn", shared("react", "18.2.0", "^18.0.0", entries=["react", "react/client"]))
    (found,) = explain(resolve([SHOP, torn], Policy.compatible()), "react")
    assert {one.remote: one.gets for one in found.consumers}["torn"] == ("18.3.1", "18.2.0")
