"""The part of Module Federation containers in a plan: what each gets, and what a page has to hand them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final, Literal

import msgspec

from hanse.formats.container import Container, ContainerFinding
from hanse.formats.decoding import encode_json
from hanse.resolve.container_uses import (
    Accepts,
    ContainerUse,
    family_of,
    judge_container,
    surprises,
)
from hanse.resolve.plan import Notice, Plan
from hanse.resolve.policy import Policy
from hanse.resolve.shares import Share, Shares, native_shares

__all__ = ["NO_CONTAINERS", "ContainerPlan", "plan_containers", "withheld_of"]

# What is dealt with in silence, and what its owner should look at.
HARMLESS: Final = frozenset(
    {"bare-script", "no-public-path", "root-relative", "prefix-share", "get-public-path"}
)


class ContainerPlan(msgspec.Struct, frozen=True):
    """What containers come to in a federation.

    Attributes:
        containers: Name -> container, in the order of names.
        uses: What each container gets of each package, by container, scope and package.
        shares: What the share scopes handed to containers have to hold.
        withheld: Container -> share scope -> packages that the scope handed to it must not hold, so that it
            takes its own copies of them.
        notices: What the owners of containers should know.
    """

    containers: Mapping[str, Container] = {}
    uses: tuple[ContainerUse, ...] = ()
    shares: Shares = {}
    withheld: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    notices: tuple[Notice, ...] = ()

    def uses_of(self, package: str) -> tuple[ContainerUse, ...]:
        """Return what each container gets of a package."""
        return tuple(use for use in self.uses if use.package == package)

    def notices_of(self, package: str) -> tuple[Notice, ...]:
        """Return what the documents of the containers that use a package are warned of: it, or all of them.

        What follows from a use is a reason of that, see `uses_of`.
        """
        names = {use.container for use in self.uses_of(package)}
        odd = {finding.code for name in names for finding in self.containers[name].findings}
        return tuple(
            one
            for one in self.notices
            if one.remote in names
            and one.code in odd
            and one.package in ("", package)
            and one.level == "warning"
        )

    def document(self) -> dict[str, object]:
        """Return what a page has to carry: the containers, and the shares to hand them.

        Of a container that no browser can load there is nothing.
        """
        return {
            "containers": {
                name: describe(one, self.withheld.get(name, {}))
                for name, one in self.containers.items()
                if one.script is not None
            },
            "shared": {
                scope: {
                    specifier: {row.version: describe_share(row) for row in rows}
                    for specifier, rows in table.items()
                }
                for scope, table in self.shares.items()
            },
        }

    def document_json(self) -> bytes:
        """Return `document` as compact JSON; nothing at all where there is no container."""
        return encode_json(self.document(), subject="containers") if self.containers else b""


NO_CONTAINERS: Final = ContainerPlan()


def describe(container: Container, withheld: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """Describe a container to a page."""
    exposes = None
    if container.exposes is not None:
        exposes = {key: {"js": one.js, "css": one.css} for key, one in container.exposes.items()}
    return {
        "script": container.script,
        "type": container.type,
        "global": container.global_name,
        "exposes": exposes,
        "scopes": container.scopes,
        **({"withheld": withheld} if withheld else {}),
    }


def describe_share(row: Share) -> dict[str, object]:
    """Describe a share to a page."""
    return {
        **({"url": row.url} if row.specifier is None else {"specifier": row.specifier}),
        "singleton": row.singleton,
        "requiredVersion": row.required,
        "strictVersion": row.strict,
        "from": row.provider,
    }


def plan_containers(plan: Plan, containers: Iterable[Container], *, accepts: Accepts) -> ContainerPlan:
    """Work out what containers get in a federation; the plan itself is not changed by it.

    Args:
        plan: What native remotes come to.
        containers: The containers, each name once.
        accepts: Whether a version satisfies a range, as Module Federation reads both.

    Where a container has facades, it is a remote of the plan as well. What it publishes so is not handed to
    containers: they have it from the container itself.
    """
    named = {one.name: one for one in sorted(containers, key=lambda one: one.name)}
    if not named:
        return NO_CONTAINERS
    # Containers repeat each other: each version is held against each range once.
    accepts = cache(accepts)
    shares = native_shares(plan, leaving_out=named)
    brought: dict[tuple[str, str], dict[str, str]] = {}
    for name, one in named.items():
        for use in one.shared or ():
            for scope in use.scopes if use.version is not None else ():
                brought.setdefault((scope, use.package), {})[name] = use.version or ""
    uses = [
        use for one in named.values() for use in judge_container(one, shares, brought, plan.policy, accepts)
    ]
    return ContainerPlan(
        containers=named,
        uses=tuple(uses),
        shares=shares,
        withheld=withheld_of(uses, shares),
        notices=(*notices_of(named, uses, plan.policy, accepts), *facade_notices(plan, named)),
    )


def withheld_of(uses: Iterable[ContainerUse], shares: Shares) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what must not be handed to which container, for it would take it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for use in uses:
        if use.action == "own" and use.package in shares.get(use.scope, {}):
            scopes = found.setdefault(use.container, {})
            known = scopes.get(use.scope, ())
            scopes[use.scope] = known if use.package in known else (*known, use.package)
    return found


# --- notices ----------------------------------------------------------------------------------------

LEVELS: Final[dict[str, Literal["warning", "info"]]] = dict.fromkeys(HARMLESS, "info")


def notices_of(
    containers: Mapping[str, Container], uses: list[ContainerUse], policy: Policy, accepts: Accepts
) -> Iterator[Notice]:
    """Yield what the owners of containers should know."""
    for name, container in containers.items():
        yield from (finding_notice(name, finding) for finding in container.findings)
        own = [use for use in uses if use.container == name]
        yield from (notice for use in own for notice in use_notices(use))
        yield from torn_notices(own, policy)
        for use, text in surprises(own, accepts):
            yield Notice("prerelease", name, use.package, f"{use.package}: {text}", "info")


def facade_notices(plan: Plan, containers: Mapping[str, Container]) -> Iterator[Notice]:
    """Report containers that may load a copy of their own beside one that a facade hands out.

    What a facade hands out is in a share scope only when its container was opened. Who is opened before that
    finds its own copy alone; who brings the same version has it taken as the facade's.
    """
    if not any(one.facades for one in containers.values()):
        return
    handed = native_shares(plan, leaving_out=plan.remotes.keys() - containers.keys())
    for name, container in containers.items():
        for use in container.shared or ():
            for row in handed.get(use.scopes[0], {}).get(use.package, ()):
                if row.provider != name and use.version not in (None, row.version):
                    text = (
                        f"{use.package}: native remotes get {row.version} from '{row.provider}' by a facade; "
                        f"opened before that, '{name}' loads its own {use.version}, and the page runs both"
                    )
                    yield Notice("facade-twice", name, use.package, text)


def finding_notice(name: str, finding: ContainerFinding) -> Notice:
    """Report what was odd about a container's documents."""
    level = LEVELS.get(finding.code, "warning")
    return Notice(finding.code, name, finding.package, f"at {finding.path}: {finding.text}", level)


def use_notices(use: ContainerUse) -> Iterator[Notice]:
    """Report a package that is loaded twice, outside its range, or not there."""
    code, text = use.reason.code, use.reason.text
    if use.action == "own" and code != "alone":
        said = f"{use.package}@{use.version} stays its own: {text}"
        yield Notice("own-copy", use.container, use.package, said)
    elif code in ("outside-range", "unprovided", "unsatisfied"):
        yield Notice(code, use.container, use.package, f"{use.package}: {text}")
    elif code == "container":
        yield Notice("borrowed", use.container, use.package, f"{use.package}: {text}", "info")
    if use.eager and use.action == "elected":
        said = f"{use.package} is eager: its own copy is loaded with its container script, and not used"
        yield Notice("eager", use.container, use.package, said, "info")


def torn_notices(uses: Iterable[ContainerUse], policy: Policy) -> Iterator[Notice]:
    """Report families of which a container gets parts in different versions."""
    families: dict[tuple[str, ...], dict[str, ContainerUse]] = {}
    for use in uses:
        if use.served_version is not None:
            families.setdefault(family_of(use.package, policy), {})[use.served_version] = use
    for parts in families.values():
        if len(parts) > 1 and any(use.action == "elected" for use in parts.values()):
            what = " and ".join(f"{use.package}@{version}" for version, use in sorted(parts.items()))
            name = min(use.package for use in parts.values())
            container = next(iter(parts.values())).container
            yield Notice("torn", container, name, f"gets {what}, which belong together")
