"""What containers get beside native remotes, why, and what a page has to hand them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.formats.container import Container, SharedUse
from hanse.formats.decoding import encode_json
from hanse.resolve import Policy, Remote, resolve
from hanse.resolve.container_uses import ContainerUse
from hanse.resolve.containers import ContainerPlan, plan_containers
from hanse.semver import satisfies
from tests.resolve.federations import federations, remote, shared
from tests.soak.counts import often


def accepts(version: str, range_: str) -> bool:
    """Read ranges as Module Federation does, prereleases included."""
    return satisfies(version, range_, include_prerelease=True)


def use(package: str, version: str | None, required: str | None, **more: Any) -> SharedUse:
    """Describe a singleton that is not strict, unless something else is said."""
    return SharedUse(package, version, required, **{"singleton": True, "strict": False, **more})


def container(name: str, *uses: SharedUse, **more: Any) -> Container:
    """Describe a container."""
    scopes = tuple(dict.fromkeys(scope for one in uses for scope in one.scopes)) or ("default",)
    return Container(name, f"https://{name}.example/remoteEntry.js", shared=uses, scopes=scopes, **more)


def seat(natives: list[Remote], *containers: Container, policy: Policy | None = None) -> ContainerPlan:
    """Resolve, and see what containers get."""
    return plan_containers(resolve(natives, policy), containers, accepts=accepts)


def outcomes(found: ContainerPlan) -> dict[tuple[str, str], tuple[str, str, str | None]]:
    """Return (container, package) -> what became of it, why, and whose copy it gets."""
    return {(one.container, one.package): (one.action, one.reason.code, one.served_by) for one in found.uses}


HOME = remote("home", shared("react", "19.1.0", "^19.0.0"), shared("react-dom", "19.1.0", "^19.0.0"))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (use("react", "19.0.0", "^19.0.0"), ("elected", "accepted", "home")),
        (use("react", "18.3.1", None), ("elected", "accepted", "home")),
        (use("react", "18.3.1", "*"), ("elected", "accepted", "home")),
        (use("react", None, "^19.0.0"), ("elected", "accepted", "home")),
        (use("react", "18.3.1", "^18.0.0"), ("elected", "outside-range", "home")),
        (use("react", "18.3.1", "^18.0.0", strict=True), ("own", "rejects-version", "shop")),
        (use("react", None, "^18.0.0", strict=True), ("missing", "unsatisfied", None)),
        (use("react", None, "^18.0.0"), ("elected", "outside-range", "home")),
        (use("react", "18.3.1", "^18.0.0", singleton=False), ("own", "rejects-version", "shop")),
        (use("react", "19.0.0", "^19.0.0", singleton=False, strict=True), ("elected", "accepted", "home")),
        (use("react", "19.2.0", "^19.0.0"), ("elected", "accepted", "home")),
        (use("react", None, "^19.0.0", scopes=("other", "default")), ("elected", "accepted", "home")),
        (use("react", "19.1.0", "^19.0.0", scopes=("other", "default")), ("own", "alone", "shop")),
        (use("react", "18.3.1", "^17.0.0", strict=True), ("missing", "unsatisfied", None)),
        (use("vue", "3.5.0", "^2.0.0", strict=True), ("missing", "unsatisfied", None)),
        (use("vue", "3.5.0", "^2.0.0"), ("own", "alone", "shop")),
        (use("react", "19.1.0", "^19.0.0", scopes=("other",)), ("own", "alone", "shop")),
        (use("vue", "3.5.0", "^3.0.0"), ("own", "alone", "shop")),
        (use("vue", None, "^3.0.0"), ("missing", "unprovided", None)),
    ],
)
def test_what_a_container_gets_of_a_package(wish: SharedUse, expected: tuple[str, str, str | None]) -> None:
    found = seat([HOME], container("shop", wish))
    assert outcomes(found) == {("shop", wish.package): expected}
    assert found.uses[0].reason.text


def test_what_must_not_be_handed_to_a_container_is_withheld_from_it_alone() -> None:
    old = container("old", use("react", "18.3.1", "^18.0.0", strict=True))
    new = container("new", use("react", "19.0.0", "^19.0.0", strict=True))
    found = seat([HOME], old, new)
    assert found.withheld == {"old": {"default": ("react",)}}
    containers: Any = found.document()["containers"]
    assert containers["old"]["withheld"] == {"default": ("react",)}
    assert "withheld" not in containers["new"]


def test_a_family_stays_in_one_piece() -> None:
    found = seat(
        [HOME],
        container("shop", use("react", "18.3.1", "^18.0.0", strict=True), use("react-dom", "18.3.1", None)),
    )
    assert outcomes(found) == {
        ("shop", "react"): ("own", "rejects-version", "shop"),
        ("shop", "react-dom"): ("own", "family", "shop"),
    }
    assert found.withheld == {"shop": {"default": ("react", "react-dom")}}
    assert "moves with react@18.3.1" in found.uses[1].reason.text


def test_a_member_that_only_the_container_has_takes_its_family_along_where_versions_differ() -> None:
    home = remote("home", shared("react", "19.1.0", "^19.0.0"))
    apart = container("shop", use("react", "19.0.0", "^19.0.0"), use("react-dom", "19.0.0", "^19.0.0"))
    assert outcomes(seat([home], apart))["shop", "react"] == ("own", "family", "shop")
    equal = container("shop", use("react", "19.1.0", "^19.0.0"), use("react-dom", "19.1.0", "^19.0.0"))
    assert outcomes(seat([home], equal))["shop", "react"] == ("elected", "accepted", "home")
    as_mf = seat([home], apart, policy=Policy.compatible())
    assert outcomes(as_mf)["shop", "react"] == ("elected", "accepted", "home")


def test_a_family_that_cannot_be_kept_is_reported_as_torn() -> None:
    shop = container(
        "shop", use("react", "18.3.1", "^18.0.0", strict=True), use("react-dom", None, "^19.0.0")
    )
    found = seat([HOME], shop)
    assert [one.code for one in found.notices] == ["own-copy", "torn"]
    assert found.notices[1].text == "gets react@18.3.1 and react-dom@19.1.0, which belong together"


def test_a_container_without_a_copy_borrows_from_another() -> None:
    found = seat(
        [HOME], container("shop", use("vue", None, "^3.0.0")), container("cart", use("vue", "3.5.0", "^3"))
    )
    assert outcomes(found)["shop", "vue"] == ("container", "container", "cart")
    assert [(one.code, one.level) for one in found.notices] == [("borrowed", "info")]


def test_secondary_entrypoints_are_packages_of_their_own_to_containers() -> None:
    home = remote("home", shared("react", "19.1.0", "^19.0.0", entries=["react", "react/jsx-runtime"]))
    found = seat([home], container("shop", use("react/jsx-runtime", "19.0.0", "^19.0.0")))
    assert outcomes(found) == {("shop", "react/jsx-runtime"): ("elected", "accepted", "home")}
    assert [*found.shares["default"]] == ["react", "react/jsx-runtime"]


def test_prereleases_that_npm_leaves_out_are_told() -> None:
    home = remote("home", shared("react", "19.2.0-canary.3", "*"))
    found = seat([home], container("shop", use("react", "19.1.0", "^19.0.0")))
    assert outcomes(found) == {("shop", "react"): ("elected", "accepted", "home")}
    (notice,) = found.notices
    assert (notice.code, notice.level) == ("prerelease", "info")
    assert "takes 19.2.0-canary.3 for ^19.0.0; npm does not" in notice.text


def test_eager_copies_cost_although_they_are_not_used() -> None:
    found = seat([HOME], container("shop", use("react", "19.1.0", "^19.0.0", eager=True)))
    assert [(one.code, one.level) for one in found.notices] == [("eager", "info")]


def test_a_range_that_builds_write_anyway_is_called_so() -> None:
    shop = container("shop", use("react", "18.3.1", "^18.3.1", strict=True, assumed=True))
    assert "where any version will do" in seat([HOME], shop).uses[0].reason.text


def test_shares_are_what_the_plan_publishes() -> None:
    natives = [
        remote("home", shared("react", "19.1.0", "^19.0.0"), shared("lit", "3.0.0", "^3.0.0", scope="team")),
        remote(
            "shop",
            shared("react", "18.3.1", "^18.0.0", strict=True),
            shared("d3", "7.0.0", "^7.0.0", singleton=False),
        ),
        remote("a", shared("vue", "3.5.0", "^3", scope="strict")),
        remote("b", shared("vue", "3.4.0", "^3", scope="strict")),
    ]
    found = seat(natives, container("guest", use("react", "19.0.0", "^19.0.0")))
    assert found.document()["shared"] == {
        "default": {
            "react": {
                "19.1.0": {
                    "specifier": "react",
                    "singleton": True,
                    "requiredVersion": "19.1.0",
                    "strictVersion": False,
                    "from": "home",
                }
            }
        },
        "strict": {
            "vue": {
                version: {
                    "url": f"https://{name}.example/vue.js",
                    "singleton": False,
                    "requiredVersion": version,
                    "strictVersion": True,
                    "from": name,
                }
                for version, name in (("3.5.0", "a"), ("3.4.0", "b"))
            }
        },
        "team": {
            "lit": {
                "3.0.0": {
                    "url": "https://home.example/lit.js",
                    "singleton": True,
                    "requiredVersion": "^3.0.0",
                    "strictVersion": False,
                    "from": "home",
                }
            }
        },
    }


def test_versions_come_highest_first_for_the_first_stays_the_candidate() -> None:
    natives = [
        remote(name, shared("vue", version, "^3", scope="strict"))
        for name, version in (("a", "3.4.0"), ("b", "3.10.0"), ("c", "3.9.0"))
    ]
    found = seat(natives, container("guest", use("vue", "3.0.0", "^3.0.0", scopes=("strict",))))
    assert [row.version for row in found.shares["strict"]["vue"]] == ["3.10.0", "3.9.0", "3.4.0"]
    assert outcomes(found) == {("guest", "vue"): ("elected", "accepted", "b")}
    picky = use("vue", "3.0.0", "~3.9.0", scopes=("strict",), singleton=False)
    assert outcomes(seat(natives, container("guest", picky))) == {
        ("guest", "vue"): ("elected", "accepted", "c")
    }


names = st.sampled_from(["react", "react-dom", "vue", "@a/b", "react/jsx-runtime"])
versions = st.sampled_from(["18.3.1", "19.1.0", "19.2.0-rc.1", "1.0.0"])
uses = st.builds(
    SharedUse,
    package=names,
    version=versions | st.none(),
    required=st.sampled_from(["^18.0.0", "^19.0.0", "*", None, "nonsense"]),
    singleton=st.booleans(),
    strict=st.booleans(),
    scopes=st.sampled_from([("default",), ("team",), ("team", "default"), ("strict",)]),
    eager=st.booleans(),
    assumed=st.booleans(),
    exports=st.just(()),
)


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
@settings(max_examples=often(20, soak=1000), deadline=None)
@given(
    natives=federations(),
    wishes=st.lists(st.lists(uses, max_size=5, unique_by=lambda one: one.package), min_size=1, max_size=3),
)
def test_every_use_has_an_outcome_that_the_runtime_can_come_to(
    policy: Policy, natives: list[Remote], wishes: list[list[SharedUse]]
) -> None:
    guests = [container(f"g{index}", *wish) for index, wish in enumerate(wishes)]
    plan = resolve(natives, policy)
    found = plan_containers(plan, guests, accepts=accepts)
    assert len(found.uses) == sum(map(len, wishes))
    for one in found.uses:
        assert one.reason.text
        check_outcome(one, found)
    assert encode_json(found.document(), subject="x")
    assert found == plan_containers(plan, reversed(guests), accepts=accepts)


def check_outcome(one: ContainerUse, found: ContainerPlan) -> None:
    """Assert that the runtime comes to what the plan says, given the scopes it is handed."""
    rows = found.shares.get(one.scope, {}).get(one.package, ())
    handed = () if one.package in found.withheld.get(one.container, {}).get(one.scope, ()) else rows
    if one.action == "elected":
        assert (one.served_version, one.served_by) in {(row.version, row.provider) for row in handed}
        fits = one.required in (None, "*") or accepts(one.served_version or "", one.required or "")
        assert fits or (one.singleton and not one.strict)
    elif one.action == "own":
        assert one.version is not None
        assert not handed
    else:
        assert one.version is None or not accepts(one.version, one.required or "*")
