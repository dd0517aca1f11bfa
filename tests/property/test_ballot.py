"""The short way through a family of one package gives the answer of the long one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hanse.resolve.acceptance import Lines
from hanse.resolve.ballot import Ballot
from hanse.resolve.coherent import work_out
from hanse.resolve.kinds import Kind, prefer
from hanse.resolve.policy import Policy
from hanse.resolve.tally import elect_after, elect_on_line
from tests.resolve.federations import RANGES, VERSIONS, remote, shared

SURFACES = (("p",), ("p", "p/a"), ("p", "p/b"), ("p", "p/a", "p/b"))

ITEMS = st.builds(
    lambda version, required, strict, surface: shared("p", version, required, strict=strict, entries=surface),
    st.sampled_from(VERSIONS),
    st.sampled_from(RANGES),
    st.booleans(),
    st.sampled_from(SURFACES),
)


@given(st.lists(ITEMS, min_size=1, max_size=12))
def test_electing_on_a_line_equals_a_ballot(items: list[object]) -> None:
    remotes = [remote(f"r{index}", item) for index, item in enumerate(items)]  # type: ignore[arg-type]
    work = work_out(remotes, Policy(), None)
    kinds = [kind for mine in work.stakes.values() for kind in mine]
    consumers = list(Counter(kinds).items())
    short = elect_on_line(dict(consumers), Lines(), packages=("p",), hosts=(), latest=False)
    ordered = prefer([kind for kind, _ in consumers], ("p",), ())
    counts: dict[Kind, int] = dict(consumers)
    ballot = Ballot(ordered, Lines())
    long = ballot.elect([(kind, counts[kind]) for kind in ordered], ballot.everybody)
    assert short.best is long.best
    assert short.kept == long.kept


@given(st.lists(ITEMS, min_size=1, max_size=8), st.lists(ITEMS, min_size=1, max_size=8), st.data())
def test_electing_after_a_change_equals_electing_anew(
    before: list[object], after: list[object], data: st.DataObject
) -> None:
    # In one catalogue equal declarations are one kind, whichever federation has them.
    remotes = [remote(f"r{index}", item) for index, item in enumerate([*before, *after])]  # type: ignore[arg-type]
    kinds = [kind for mine in work_out(remotes, Policy(), None).stakes.values() for kind in mine]
    old = Counter(kinds[: len(before)])
    new = Counter(kinds[len(before) :]) if data.draw(st.booleans()) else old + Counter(kinds[len(before) :])
    latest = data.draw(st.booleans())
    changes = dict(new)
    for kind, count in old.items():
        changes[kind] = changes.get(kind, 0) - count
    first = elect_on_line(old, Lines(), packages=("p",), hosts=(), latest=latest)
    anew = elect_on_line(new, Lines(), packages=("p",), hosts=(), latest=latest)
    followed = elect_after(first, changes, new, packages=("p",), hosts=(), latest=latest)
    known = {(k.declarations[0].version, k.declarations[0].surface) for k in old}
    versions, surfaces = {version for version, _ in known}, {surface for _, surface in known}
    fits = all(k.declarations[0].version in versions and k.declarations[0].surface in surfaces for k in new)
    assert (followed is not None) == fits
    if followed is not None:
        assert followed.best is anew.best
        assert followed.kept == anew.kept
