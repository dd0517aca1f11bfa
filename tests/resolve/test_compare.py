from __future__ import annotations

from hanse.formats.import_map import ImportMap
from hanse.resolve import resolve
from hanse.resolve.compare import CopyState, MappingChange, View, compare
from tests.resolve.federations import remote, shared

SHOP = remote("shop", shared("react", "18.3.1"))
CART = remote("cart", shared("react", "18.3.0"))


def test_equal_sides_are_the_same() -> None:
    found = compare(View.of(resolve([SHOP, CART])), View.of(resolve([CART, SHOP])))
    assert found.same
    assert found.cost_before == found.cost_after


def test_maps_are_compared_key_by_key() -> None:
    old = ImportMap(
        imports={"gone": "https://a/gone.js", "kept": "https://a/kept.js", "moved": "https://a/1.js"},
        scopes={"https://a/": {"react": "https://a/react.js"}},
        integrity={"https://a/1.js": "sha384-old"},
    )
    new = ImportMap(
        imports={"kept": "https://a/kept.js", "moved": "https://a/2.js", "new": "https://a/new.js"},
        integrity={"https://a/1.js": "sha384-new"},
    )
    found = compare(View(old), View(new))
    assert [(one.kind, one.key) for one in found.imports] == [
        ("removed", "gone"),
        ("changed", "moved"),
        ("added", "new"),
    ]
    assert found.scopes == (MappingChange("https://a/", "react", "https://a/react.js", None),)
    assert [(one.key, one.before, one.after) for one in found.integrity] == [
        ("https://a/1.js", "sha384-old", "sha384-new")
    ]
    assert not found.same
    assert found.packages == ()
    assert found.cost_before is None


def test_plans_tell_owners_versions_copies_and_costs() -> None:
    bumped = remote("cart", shared("react", "19.0.0"))
    third = remote("home", shared("react", "18.3.0"))
    found = compare(View.of(resolve([SHOP, CART])), View.of(resolve([SHOP, bumped, third])))
    own = next(one for one in found.scopes if one.table == "https://cart.example/")
    assert (own.key, own.kind, own.owner_before, own.owner_after) == ("react", "added", None, "cart")
    (package,) = found.packages
    assert package.before is not None
    assert package.after is not None
    assert package.before.version == "18.3.1"
    assert CopyState("cart", "19.0.0", "scope", "cart") in package.after.copies
    assert (found.remotes_added, found.remotes_removed, found.remotes_changed) == (("home",), (), ("cart",))
    assert found.cost_before is not None
    assert found.cost_after is not None
    assert (found.cost_before.downloads, found.cost_after.downloads) == (0, 1)
    assert found.cost_after.bytes is None


def test_packages_come_and_go() -> None:
    richer = remote("shop", shared("react", "18.3.1"), shared("lodash", "4.0.0"))
    found = compare(View.of(resolve([SHOP])), View.of(resolve([richer])))
    (package,) = found.packages
    assert (package.package, package.before) == ("lodash", None)
    back = compare(View.of(resolve([richer])), View.of(resolve([SHOP])))
    assert back.packages[0].after is None


def test_a_plan_beside_a_bare_map_is_compared_as_a_map() -> None:
    plan = resolve([SHOP])
    assert compare(View(plan.import_map), View.of(plan)).same
