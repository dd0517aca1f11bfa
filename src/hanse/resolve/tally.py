"""Choosing the build of a family of one package: all that is asked lies on one line of versions.

The outcome is that of a ballot; the way is shorter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hanse.resolve.acceptance import Acceptance, Lines
from hanse.resolve.ballot import Outcome
from hanse.resolve.kinds import Kind, prefer
from hanse.resolve.poll import Poll, follow_poll, take_poll

__all__ = ["elect_after", "elect_on_line"]


def elect_on_line(
    counts: Mapping[Kind, int],
    lines: Lines,
    *,
    packages: Sequence[str],
    hosts: Sequence[Kind],
    latest: bool,
) -> Outcome:
    """Elect the build of a family of one package.

    Args:
        counts: The numbers of remotes by kind.
        lines: The lines of versions known so far.
        packages: The family's one package.
        hosts: The host's kinds: builds of its version, with all it needs, take precedence.
        latest: Whether only builds of the latest version may win.
    """
    poll = take_poll(counts, lines)
    best = best_build(poll, counts, packages=packages, hosts=hosts, latest=latest)
    return Outcome(best, find_kept(counts, best, poll.line), poll)


def elect_after(
    before: Outcome,
    changes: Mapping[Kind, int],
    counts: Mapping[Kind, int],
    *,
    packages: Sequence[str],
    hosts: Sequence[Kind],
    latest: bool,
) -> Outcome | None:
    """Elect again after some numbers have changed; None where that takes a new poll.

    Args:
        before: The earlier outcome.
        changes: By how much the numbers of remotes have changed since, by kind.
        counts: The numbers of remotes by kind as they are now.
        packages: As for `elect_on_line`.
        hosts: As for `elect_on_line`.
        latest: As for `elect_on_line`.
    """
    poll = None if before.poll is None else follow_poll(before.poll, changes, counts)
    if poll is None:
        return None
    best = best_build(poll, counts, packages=packages, hosts=hosts, latest=latest)
    if same_build(best, before.best):
        came = [kind for kind in changes if kind in counts]
        kept = before.kept.difference(changes) | find_kept(came, best, poll.line)
    else:
        kept = find_kept(counts, best, poll.line)
    return Outcome(best, kept, poll)


def best_build(
    poll: Poll, kinds: Collection[Kind], *, packages: Sequence[str], hosts: Sequence[Kind], latest: bool
) -> Kind:
    """Return the build that is worth most of those that may win, of equals the preferred one."""
    allowed = allowed_builds(kinds, packages, hosts, latest=latest)
    return prefer(poll.best() if allowed is None else poll.best_of(allowed), packages, hosts)[0]


def allowed_builds(
    kinds: Collection[Kind], packages: Sequence[str], hosts: Sequence[Kind], *, latest: bool
) -> list[Kind] | None:
    """Return the builds that may win, None where all may."""
    present = [kind for kind in hosts if kind in kinds]
    host = prefer(present, packages, ())[0] if present else None
    if host is not None:
        same = host.tags.items()
        return [kind for kind in kinds if same <= kind.tags.items()]
    if latest:
        top = max([kind.declarations[0].rank for kind in kinds])
        return [kind for kind in kinds if kind.declarations[0].rank == top]
    return None


def same_build(left: Kind, right: Kind) -> bool:
    """Tell whether two kinds of one package are equal as builds, whatever their ranges."""
    one, other = left.declarations[0], right.declarations[0]
    return one.version == other.version and one.surface == other.surface


def find_kept(kinds: Iterable[Kind], best: Kind, line: Acceptance) -> frozenset[Kind]:
    """Return the consumers that the build cannot serve."""
    build = best.declarations[0]
    declared = [(kind, kind.declarations[0]) for kind in kinds]
    surfaces = {one.surface for _, one in declared}
    covered = {surface for surface in surfaces if surface <= build.surface}
    ranges = {one.required for _, one in declared}
    accepting = {required for required in ranges if line.accepts(required, build.version)}
    return frozenset(
        [
            kind
            for kind, one in declared
            if one.surface not in covered or (one.strict and one.required not in accepting)
        ]
    )
