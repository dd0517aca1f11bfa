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
from hanse.resolve.tally import elect_on_line
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
