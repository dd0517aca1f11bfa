"""What one deployment would do to the containers of a federation, or a container's to itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hanse.resolve.check_notices import notice_findings
from hanse.resolve.container_uses import Accepts, ContainerUse, UseReasonCode, surprises
from hanse.resolve.containers import ContainerPlan
from hanse.resolve.finding import Finding, Kind, say

__all__ = ["container_findings"]

Key = tuple[str, str, str]
"""Container, share scope, package."""

KINDS: Final[Mapping[UseReasonCode, Kind]] = {
    "rejects-version": "duplicate",
    "family": "island",
    "outside-range": "outside-range",
    "unprovided": "unprovided",
    "unsatisfied": "unsatisfied",
}

# What is found by comparing uses, and not by comparing notices.
COMPARED: Final = frozenset({"own-copy", "outside-range", "unprovided", "unsatisfied", "prerelease"})


def container_findings(before: ContainerPlan, after: ContainerPlan, accepts: Accepts) -> Iterable[Finding]:
    """Compare what containers get, and what they expose.

    Args:
        before: The containers' part as it is.
        after: The same with the candidate.
        accepts: Module Federation's reading of ranges.
    """
    yield from use_findings(before, after)
    yield from surprise_findings(before, after, accepts)
    yield from module_findings(before, after)
    yield from notice_findings(before.notices, after.notices, compared=COMPARED)


def by_key(plan: ContainerPlan) -> dict[Key, ContainerUse]:
    """Return the uses by what they are about."""
    return {(use.container, use.scope, use.package): use for use in plan.uses}


def use_findings(before: ContainerPlan, after: ContainerPlan) -> Iterable[Finding]:
    """Compare what is wrong with what each container gets of each package."""
    old, new = by_key(before), by_key(after)
    for key in sorted(old.keys() | new.keys()):
        was, would = trouble(old.get(key)), trouble(new.get(key))
        if was == would:
            continue
        if was is not None:
            yield finding(was, old.get(key), new.get(key), over=True)
        if would is not None:
            yield finding(would, old.get(key), new.get(key), over=False)


def trouble(use: ContainerUse | None) -> Kind | None:
    """Name what is wrong with what a container gets, if anything is."""
    return None if use is None else KINDS.get(use.reason.code)


def finding(kind: Kind, old: ContainerUse | None, new: ContainerUse | None, *, over: bool) -> Finding:
    """Say what became of a container's package."""
    use = (old if over else new) or new or old
    assert use is not None  # noqa: S101 - the keys are those of the uses
    return Finding(
        kind=kind,
        severity="better" if over else "worse",
        remote=use.container,
        package=use.package,
        before=describe(old),
        after=describe(new),
        sentence=say(kind, use.container, use.package, use.reason.text, over=over),
    )


def describe(use: ContainerUse | None) -> str:
    """Say in a few words what a container gets."""
    if use is None:
        return ""
    return "nothing" if use.served_by is None else f"{use.served_version} from '{use.served_by}'"


def surprise_findings(before: ContainerPlan, after: ContainerPlan, accepts: Accepts) -> Iterable[Finding]:
    """Report prereleases that npm and Module Federation do not agree on, where that is new."""
    known = {(use.container, use.package, text) for use, text in surprises(before.uses, accepts)}
    for use, text in surprises(after.uses, accepts):
        if (use.container, use.package, text) not in known:
            said = f"'{use.container}' would get a prerelease of {use.package}: {text}"
            yield Finding("prerelease", "info", use.container, use.package, "", describe(use), said)


def module_findings(before: ContainerPlan, after: ContainerPlan) -> Iterable[Finding]:
    """Compare exposed modules, as far as they are known on both sides."""
    for name in sorted(before.containers.keys() & after.containers.keys()):
        old, new = before.containers[name].exposes, after.containers[name].exposes
        if old is None or new is None:
            continue
        for key in sorted(old.keys() - new.keys()):
            text = f"'{name}' no longer exposes {key}: whoever loads it breaks"
            yield Finding("module-gone", "worse", name, "", key, "", text)
        for key in sorted(new.keys() - old.keys()):
            yield Finding("module-new", "info", name, "", "", key, f"'{name}' newly exposes {key}")
