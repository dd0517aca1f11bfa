from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.formats.remote_entry import Shared
from hanse.resolve import Policy, Remote
from hanse.resolve.check import Finding, Report, check
from tests.resolve.federations import federations, remote, remotes, shared
from tests.soak.counts import often

STRICT = Policy.coherent(strict_external_compatibility=True)
BOTH = ["react", "react/jsx-runtime"]


def react(version: str, required: str | None = None, **more: object) -> Shared:
    return shared("react", version, required, **more)  # type: ignore[arg-type]


SHOP = remote("shop", react("18.3.1", "^18.0.0"))
CART = remote("cart", react("18.3.0", "^18.0.0"))
HOME = remote("home", react("18.3.1", "^18.0.0", strict=False))
TOWNS = [SHOP, CART, HOME]


def worse(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity == "worse"]


def kinds(report: Report, severity: str = "worse") -> list[tuple[str, str, str]]:
    return [
        (finding.kind, finding.remote, finding.package)
        for finding in report.findings
        if finding.severity == severity
    ]


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()], ids=lambda policy: policy.name)
def test_the_same_again_changes_nothing(policy: Policy) -> None:
    report = check(TOWNS, CART, policy)
    assert report.findings == ()
    assert not report.worse
    assert not report.joins


def test_a_bump_out_of_everybodys_range_is_a_second_download() -> None:
    report = check(TOWNS, remote("cart", react("19.0.0")))
    assert kinds(report) == [("duplicate", "cart", "react")]
    (finding,) = worse(report)
    assert finding.before == "18.3.1 from 'home'"
    assert finding.after == "19.0.0 from 'cart'"
    assert finding.sentence == ("'cart' would load react a second time: ^19.0.0 rejects 18.3.1 from 'home'")
    assert report.worse
    assert (report.cost_before.downloads, report.cost_after.downloads) == (0, 1)


def test_the_way_back_is_better() -> None:
    bumped = [SHOP, remote("cart", react("19.0.0")), HOME]
    report = check(bumped, CART)
    assert kinds(report, "better") == [("duplicate", "cart", "react")]
    assert not report.worse


def test_what_was_bad_before_is_no_finding() -> None:
    bumped = [SHOP, remote("cart", react("19.0.0")), HOME]
    assert kinds(check(bumped, remote("cart", react("19.0.1")))) == []


def test_a_candidate_can_leave_the_others_behind() -> None:
    towns = [remote("a", react("18.0.0", "^18.0.0 || ^19.0.0")), remote("b", react("18.0.0"))]
    towns.append(remote("c", react("18.0.0", "^18.0.0 || ^19.0.0", strict=False)))
    latest = Policy.coherent(latest_shared_external=True)
    report = check(towns, remote("c", react("19.0.0")), latest)
    assert kinds(report) == [("duplicate", "b", "react")]
    assert ("version", "c", "react") in kinds(report, "info")


def test_who_does_not_insist_ends_up_outside_its_range() -> None:
    report = check([SHOP, CART], remote("home", react("17.0.2", strict=False)))
    assert report.joins
    assert kinds(report) == [("outside-range", "home", "react")]
    assert worse(report)[0].sentence == ("'home' would get a react outside its range: ^17.0.2 rejects 18.3.1")


def test_a_family_moves_as_one() -> None:
    dom = shared("react-dom", "18.3.1", "^18.0.0")
    towns = [remote(name, react("18.3.1", "^18.0.0"), dom) for name in ("shop", "cart", "home")]
    candidate = remote("cart", react("18.3.1", "^18.0.0"), shared("react-dom", "19.0.0"))
    report = check(towns, candidate)
    assert kinds(report) == [("island", "cart", "react"), ("duplicate", "cart", "react-dom")]


def test_a_package_can_tear_under_compatible() -> None:
    policy = Policy.compatible(latest_shared_external=True)
    wider = remote("cart", react("18.3.0", "^18.0.0", entries=["react", "react/client"]))
    report = check(TOWNS, wider, policy)
    assert kinds(report) == [("torn", "cart", "react")]
    assert "react/client 18.3.0 from 'cart'" in worse(report)[0].sentence


def test_a_family_can_tear_under_compatible() -> None:
    towns = [
        remote("shop", react("18.3.1", "^18.0.0"), shared("react-dom", "18.3.1", "^18.0.0")),
        remote("cart", react("18.2.0", "^18.0.0"), shared("react-dom", "18.2.0", "~18.2.0")),
    ]
    alone = remote("cart", react("18.3.1", "^18.0.0"), shared("react-dom", "18.3.1", "^18.0.0"))
    report = check([towns[0], alone], towns[1], Policy.compatible(latest_shared_external=True))
    assert ("torn", "cart", "react") in kinds(report)
    assert ("duplicate", "cart", "react-dom") in kinds(report)


def test_a_module_that_disappears_breaks_somebody() -> None:
    slim = remote("shop", react("18.3.1", "^18.0.0"), exposes=["./List"])
    report = check(TOWNS, slim)
    assert kinds(report) == [("module-gone", "shop", "")]
    assert kinds(report, "info") == [("module-new", "shop", "")]
    assert "shop/./Card" in worse(report)[0].sentence


def test_an_entrypoint_that_others_may_use_is_missed() -> None:
    wide = remote("shop", react("18.3.1", "^18.0.0", entries=BOTH))
    report = check([wide, CART], remote("shop", react("18.3.1", "^18.0.0")))
    assert kinds(report) == [("entrypoint-gone", "shop", "react")]
    assert "react/jsx-runtime" in worse(report)[0].sentence


def test_a_package_that_nobody_else_had_may_go() -> None:
    both = remote("shop", react("18.3.1", "^18.0.0"), shared("lodash", "4.17.21"))
    report = check([both, CART], SHOP)
    assert not report.worse
    assert kinds(report, "info") == [("entrypoint-gone", "shop", "lodash")]


def test_a_strict_option_would_refuse_it() -> None:
    strict = Policy.compatible(strict_entry_point_coverage=True, latest_shared_external=True)
    wider = remote("cart", react("18.3.0", "^18.0.0", entries=["react", "react/client"]))
    report = check(TOWNS, wider, strict)
    assert ("strict-error", "cart", "") in kinds(report)


def test_every_strict_option_is_heard() -> None:
    policy = Policy.coherent(strict_external_compatibility=True, strict_external_version=True)
    candidate = remote("cart", react("19.0.0"), shared("lodash", "latest", "*"))
    sentences = [one.sentence for one in worse(check(TOWNS, candidate, policy)) if one.kind == "strict-error"]
    assert [sentence.split(" ")[0] for sentence in sentences] == [
        "strict_external_compatibility",
        "strict_external_version",
    ]


def test_a_candidate_can_heal_what_strict_options_forbid() -> None:
    bumped = [SHOP, remote("cart", react("19.0.0")), HOME]
    report = check(bumped, CART, STRICT)
    assert not report.worse
    assert ("strict-error", "cart", "") in kinds(report, "better")


def test_what_the_plan_reports_is_passed_on() -> None:
    squatter = remote("cart", react("18.3.0", "^18.0.0"), url=SHOP.url)
    assert [one.kind for one in worse(check(TOWNS, squatter))] == ["notice"]
    renamed = remote("cart", react("18.3.0", "^18.0.0"), called="cart-pr-17")
    report = check(TOWNS, renamed)
    assert not report.worse
    assert kinds(report, "info") == [("notice", "cart", "")]


def test_the_candidate_takes_over_the_hosts_role() -> None:
    host = remote("site", react("18.2.0", "^18.0.0"), host=True)
    report = check([host, SHOP], remote("site", react("18.2.1", "^18.0.0")))
    assert kinds(report, "info") == [("version", "site", "react")]


def test_unseen_remotes_are_passed_on() -> None:
    assert check(TOWNS, CART, unseen=["dark"]).unseen == ("dark",)


@settings(max_examples=often(20, soak=1000), deadline=None)
@given(federations(), st.data(), st.sampled_from(["coherent", "compatible"]))
def test_any_candidate_is_judged_and_the_way_back_mirrors_it(
    towns: list[Remote], data: st.DataObject, name: str
) -> None:
    policy = Policy.coherent() if name == "coherent" else Policy.compatible()
    old = towns[0]
    new = data.draw(remotes(name=old.name))
    there = check(towns, new, policy)
    assert not check(towns, old, policy).findings
    back = check([new if one is old else one for one in towns], old, policy)
    if not old.host:
        mirrored = {"worse": "better", "better": "worse"}
        found = {(f.kind, f.remote, f.package, mirrored[f.severity]) for f in comparable(there)}
        assert found == {(f.kind, f.remote, f.package, f.severity) for f in comparable(back)}


def comparable(report: Report) -> list[Finding]:
    both = {"duplicate", "island", "torn", "outside-range"}
    return [finding for finding in report.findings if finding.kind in both]
