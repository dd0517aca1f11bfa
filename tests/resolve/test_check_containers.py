"""What a deployment would do to containers, and a container's deployment to itself."""

from __future__ import annotations

import msgspec

from hanse.formats.container import Container, ContainerExpose, ContainerFinding
from hanse.resolve import Remote
from hanse.resolve.check import Report, check
from tests.resolve.federations import remote, shared
from tests.resolve.test_containers import accepts, container, use

HOME = remote("home", shared("react", "18.3.1", "^18.0.0"))


def findings(report: Report) -> list[tuple[str, str, str, str]]:
    """Return what was found of the containers: severity, kind, remote and package."""
    return [
        (one.severity, one.kind, one.remote, one.package) for one in report.findings if one.remote == "shop"
    ]


def deploy(
    candidate: Remote | Container, *containers: Container, natives: tuple[Remote, ...] = (HOME,)
) -> Report:
    """Judge a candidate."""
    return check(natives, candidate, containers=containers, accepts=accepts)


def newer(version: str, required: str) -> Remote:
    """Return the native remote with another react."""
    return remote("home", shared("react", version, required))


def test_a_native_deployment_that_gives_a_container_a_second_react() -> None:
    shop = container("shop", use("react", "18.2.0", "^18.0.0", strict=True))
    report = deploy(newer("19.1.0", "^19.0.0"), shop)
    assert findings(report) == [("worse", "duplicate", "shop", "react")]
    (found,) = [one for one in report.findings if one.remote == "shop"]
    assert (found.before, found.after) == ("18.3.1 from 'home'", "18.2.0 from 'shop'")
    assert found.sentence == ("'shop' would load react a second time: ^18.0.0 rejects 19.1.0 from 'home'")
    assert report.worse
    back = deploy(HOME, shop, natives=(newer("19.1.0", "^19.0.0"),))
    assert findings(back) == [("better", "duplicate", "shop", "react")]


def test_a_native_deployment_outside_a_containers_range() -> None:
    report = deploy(newer("19.1.0", "^19.0.0"), container("shop", use("react", "18.2.0", "^18.0.0")))
    assert findings(report) == [("worse", "outside-range", "shop", "react")]


def test_a_strict_range_that_nothing_satisfies() -> None:
    shop = container("shop", use("react", None, "^18.0.0", strict=True))
    report = deploy(newer("19.1.0", "^19.0.0"), shop)
    assert findings(report) == [("worse", "unsatisfied", "shop", "react")]


def test_what_a_container_does_not_bring_and_nobody_has_any_more() -> None:
    report = deploy(remote("home"), container("shop", use("react", None, "^18.0.0")))
    assert findings(report) == [("worse", "unprovided", "shop", "react")]
    others = (container("cart", use("react", "18.2.0", "^18")),)
    assert findings(deploy(remote("home"), container("shop", use("react", None, "^18.0.0")), *others)) == [
        ("info", "notice", "shop", "react")
    ]


def test_a_prerelease_that_only_module_federation_takes() -> None:
    report = deploy(newer("18.4.0-rc.1", "*"), container("shop", use("react", "18.2.0", "^18.0.0")))
    assert findings(report) == [("info", "prerelease", "shop", "react")]


def test_a_container_that_is_deployed_over_its_predecessor() -> None:
    before = container(
        "shop",
        use("react", "18.2.0", "^18.0.0"),
        exposes={"./Card": ContainerExpose(), "./Menu": ContainerExpose()},
    )
    after = container(
        "shop",
        use("react", "19.0.0", "^19.0.0", strict=True),
        exposes={"./Card": ContainerExpose(), "./List": ContainerExpose()},
        findings=(ContainerFinding("doubled-folder", "$", "twice"),),
    )
    report = deploy(after, before)
    assert not report.joins
    assert findings(report) == [
        ("worse", "module-gone", "shop", ""),
        ("worse", "notice", "shop", ""),
        ("worse", "duplicate", "shop", "react"),
        ("info", "module-new", "shop", ""),
    ]
    assert deploy(before, before).findings == ()


def test_a_container_that_joins() -> None:
    report = deploy(container("shop", use("react", "18.2.0", "^18.0.0")))
    assert report.joins
    assert report.findings == ()


def test_a_container_that_takes_the_place_of_a_native_remote_and_back() -> None:
    shop = remote("shop", shared("react", "18.3.1", "^18.0.0"))
    guest = container("shop", use("react", "18.2.0", "^18.0.0"))
    report = deploy(guest, natives=(HOME, shop))
    assert ("worse", "module-gone", "shop", "") in findings(report)
    assert not report.joins
    assert not deploy(shop, guest).joins


def test_a_container_with_facades_is_checked_among_native_remotes_too() -> None:
    guest = msgspec.structs.replace(
        container("shop", use("react", "19.0.0", "^19.0.0", strict=True)), facades={"react": ("useState",)}
    )
    report = deploy(guest)
    assert [(one.kind, one.remote) for one in report.findings if one.severity == "worse"] == [
        ("duplicate", "home")
    ]
