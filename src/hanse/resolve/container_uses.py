"""What each container gets of each package: the copy that native remotes use, or its own, and why.

Sources of the rules: Module Federation 2.9's runtime. A copy that is loaded stays the candidate, so a page
whose native copies count as loaded gives a singleton no choice; the consumer's own flags decide; only the
first share scope that has the package is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from hanse.formats.container import Container, SharedUse
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import owning_package
from hanse.resolve.shares import Share, Shares
from hanse.semver import parse, satisfies

__all__ = [
    "Accepts",
    "ContainerUse",
    "UseAction",
    "UseReason",
    "UseReasonCode",
    "judge_container",
    "surprises",
]

Accepts = Callable[[str, str], bool]
"""Tells whether a version satisfies a range, by Module Federation's own reading of both."""

UseAction = Literal["elected", "own", "container", "missing"]
"""`elected`: the native copy of the page. `own`: its own. `container`: another container's, if that is loaded
by then. `missing`: nothing it could use, or nothing it would accept."""

UseReasonCode = Literal[
    "accepted",
    "alone",
    "container",
    "family",
    "outside-range",
    "rejects-version",
    "unprovided",
    "unsatisfied",
]


class UseReason(msgspec.Struct, frozen=True):
    """Why a container gets what it gets: a stable code and a sentence."""

    code: UseReasonCode
    text: str


class ContainerUse(msgspec.Struct, frozen=True):
    """What one container gets of one package.

    `version` is that of its own copy, None where it brings none. `served_version` and `served_by` are what
    it gets and whose that is, None where that is nothing.
    """

    container: str
    scope: str
    package: str
    version: str | None
    required: str | None
    singleton: bool
    strict: bool
    eager: bool
    action: UseAction
    served_version: str | None
    served_by: str | None
    reason: UseReason


def judge_container(
    container: Container,
    shares: Shares,
    brought: Mapping[tuple[str, str], Mapping[str, str]],
    policy: Policy,
    accepts: Accepts,
) -> list[ContainerUse]:
    """Say what a container gets of each package.

    Args:
        container: The container.
        shares: What native remotes publish.
        brought: (Share scope, package) -> container -> version, of all containers.
        policy: Whose families are held together, under `coherent`.
        accepts: Module Federation's reading of ranges.
    """
    uses = [judge(container.name, use, shares, brought, accepts) for use in container.shared or ()]
    if policy.name != "coherent":
        return uses
    families: dict[tuple[str, ...], list[int]] = {}
    for index, use in enumerate(uses):
        families.setdefault(family_of(use.package, policy), []).append(index)
    for members in families.values():
        held = hold_together([uses[index] for index in members], accepts)
        for index, changed in zip(members, held, strict=True):
            uses[index] = changed
    return uses


def family_of(package: str, policy: Policy) -> tuple[str, ...]:
    """Return the packages that demand equal versions of a specifier's package, itself included."""
    owner = owning_package(package) or package
    return next((line for line in policy.families if owner in line), (owner,))


def judge(
    name: str,
    use: SharedUse,
    shares: Shares,
    brought: Mapping[tuple[str, str], Mapping[str, str]],
    accepts: Accepts,
) -> ContainerUse:
    """Say what a container gets of one package, whatever becomes of its other packages."""
    scope = scope_for(use, shares)
    rows = shares.get(scope, {}).get(use.package, ())
    if not rows:
        return without_native(name, scope, use, brought.get((scope, use.package), {}), accepts)
    wanted = use.required
    fitting = [row for row in rows if wanted in (None, "*") or accepts(row.version, wanted or "*")]
    first = rows[0]
    if first in fitting or (fitting and not use.singleton):
        row = first if first in fitting else fitting[0]
        what = f"{wanted} accepts" if wanted else "it accepts any version, so"
        text = f"{what} {row.version} from '{row.provider}'"
        return outcome(name, scope, use, "elected", UseReason("accepted", text), row)
    if use.singleton and not use.strict:
        text = f"gets {first.version} from '{first.provider}', which {wanted} rejects; it does not insist"
        return outcome(name, scope, use, "elected", UseReason("outside-range", text), first)
    versions = ", ".join(row.version for row in rows)
    text = f"{wanted} rejects {versions} from '{first.provider}'"
    if use.assumed:
        text += "; builds also write this range where any version will do"
    if use.version is None:
        text += ", and it brings no copy of its own"
        return outcome(name, scope, use, "missing", UseReason("unsatisfied", text))
    if refuses_itself(use, accepts):
        text += f", and its own {use.version} too"
        return outcome(name, scope, use, "missing", UseReason("unsatisfied", text))
    return outcome(name, scope, use, "own", UseReason("rejects-version", text))


def scope_for(use: SharedUse, shares: Shares) -> str:
    """Return the only share scope that is asked: the first that has the package.

    Who brings a copy has registered it in all its scopes before anybody asks.
    """
    if use.version is not None:
        return use.scopes[0]
    return next((scope for scope in use.scopes if use.package in shares.get(scope, {})), use.scopes[0])


def refuses_itself(use: SharedUse | ContainerUse, accepts: Accepts) -> bool:
    """Tell whether a container insists on a range that its own copy is outside of."""
    insists = use.singleton and use.strict and use.required not in (None, "*")
    return insists and not accepts(use.version or "", use.required or "*")


def without_native(
    name: str, scope: str, use: SharedUse, brought: Mapping[str, str], accepts: Accepts
) -> ContainerUse:
    """Say what a container gets of a package that no native remote publishes."""
    if use.version is not None and refuses_itself(use, accepts):
        text = f"{use.required} rejects its own {use.version}"
        return outcome(name, scope, use, "missing", UseReason("unsatisfied", text))
    if use.version is not None:
        text = "no native remote shares it; containers settle it among themselves"
        return outcome(name, scope, use, "own", UseReason("alone", text))
    others = sorted((other, version) for other, version in brought.items() if other != name)
    if others:
        other, version = others[0]
        text = f"it brings no copy of its own; '{other}' brings {version}, if it is loaded by then"
        reason = UseReason("container", text)
        return outcome(name, scope, use, "container", reason, served=(version, other))
    text = "it brings no copy of its own, and nobody else on the page has one"
    return outcome(name, scope, use, "missing", UseReason("unprovided", text))


def outcome(
    name: str,
    scope: str,
    use: SharedUse,
    action: UseAction,
    reason: UseReason,
    row: Share | None = None,
    *,
    served: tuple[str | None, str | None] = (None, None),
) -> ContainerUse:
    """Put an outcome together."""
    if row is not None:
        served = (row.version, row.provider)
    elif action == "own":
        served = (use.version, name)
    return ContainerUse(
        container=name,
        scope=scope,
        package=use.package,
        version=use.version,
        required=use.required,
        singleton=use.singleton,
        strict=use.strict,
        eager=use.eager,
        action=action,
        served_version=served[0],
        served_by=served[1],
        reason=reason,
    )


def hold_together(uses: Sequence[ContainerUse], accepts: Accepts) -> list[ContainerUse]:
    """Let a container keep the whole of a family where a part of it cannot come from the page.

    React's renderer does not run beside another version of React. Where a member brings no copy of its own
    that it would take, the family cannot be kept, and stays as it is.
    """
    given = [use for use in uses if use.action == "elected"]
    versions = {use.served_version for use in given}
    kept = [use for use in uses if use.action == "own" and use.served_version not in versions]
    if not given or not kept or any(use.version is None or refuses_itself(use, accepts) for use in uses):
        return list(uses)
    cause = next((use for use in kept if use.reason.code != "alone"), kept[0])
    why = cause.reason.text if cause.reason.code != "alone" else f"only '{cause.container}' has it"
    text = f"moves with {cause.package}@{cause.served_version}, which stays its own: {why}"
    return [keep(use, text) if use.action == "elected" else use for use in uses]


def keep(use: ContainerUse, text: str) -> ContainerUse:
    """Let a container use its own copy for its family's sake."""
    return msgspec.structs.replace(
        use,
        action="own",
        served_version=use.version,
        served_by=use.container,
        reason=UseReason("family", text),
    )


def surprises(uses: Iterable[ContainerUse], accepts: Accepts) -> list[tuple[ContainerUse, str]]:
    """Return the uses whose version Module Federation reads otherwise than npm, with what npm says.

    Module Federation admits prereleases that npm's ranges leave out.
    """
    found = []
    for use in uses:
        version, wanted = use.served_version, use.required
        if use.action != "elected" or version is None or wanted is None:
            continue
        parsed = parse(version) if "-" in version else None
        if parsed is None or not parsed.prerelease:
            continue
        theirs, ours = accepts(version, wanted), satisfies(version, wanted)
        if theirs != ours:
            verbs = ("takes", "does not") if theirs else ("does not take", "does")
            found.append((use, f"Module Federation {verbs[0]} {version} for {wanted}; npm {verbs[1]}"))
    return found
