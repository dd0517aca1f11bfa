"""Which packages form a pool: packages that must come to a consumer from one build.

A pool is a connected component: of tags, per remote; of npm scopes, per remote, where pooling is automatic
and that remote tagged nothing of the scope; and of entrypoints with the package that owns them.
Source: the native federation orchestrator 4.6.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from operator import attrgetter

import msgspec

from hanse.resolve.policy import Policy
from hanse.resolve.record import STRICT, External, Log, Record, in_script_order

__all__ = [
    "Member",
    "Union",
    "build_pools",
    "has_pool_tag",
    "mark_pools",
    "may_pool",
    "owning_package",
]


POOL = attrgetter("pool")


class Member(msgspec.Struct, frozen=True):
    """A package in a pool."""

    name: str
    external: External


class Union:
    """Disjoint sets with path halving."""

    def __init__(self) -> None:
        self.parent: dict[Hashable, Hashable] = {}

    def find(self, key: Hashable) -> Hashable:
        """Return the representative of the key's set; an unseen key is a set of its own."""
        parent = self.parent
        root = parent.setdefault(key, key)
        while root != parent[root]:
            parent[root] = parent[parent[root]]
            root = parent[root]
        parent[key] = root
        return root

    def join(self, left: Hashable, right: Hashable) -> None:
        """Make one set of two."""
        self.parent[self.find(left)] = self.find(right)


def npm_scope(package: str) -> str | None:
    """Return `framework` of `@framework/core`, None for a name without a scope."""
    scope, slash, _ = package.partition("/")
    return scope[1:] if slash and len(scope) > 1 and scope[0] == "@" else None


def owning_package(name: str) -> str | None:
    """Return the package an entrypoint belongs to, None for a name that is a package itself."""
    cut = -1
    for _ in range(2 if name.startswith("@") else 1):
        cut = name.find("/", cut + 1)
        if cut == -1:
            return None
    return name[:cut]


def has_pool_tag(packages: dict[str, External]) -> bool:
    """Tell whether any copy carries a pool tag."""
    tags: set[str | None] = set()
    for external in packages.values():
        for row in external.rows:
            tags.update(map(POOL, row.copies))
    return any(tag and tag.strip() for tag in tags)


def may_pool(record: Record, scope: str, policy: Policy) -> bool:
    """Tell whether there may be pools in a share scope; never in the strict one."""
    if scope == STRICT:
        return False
    return policy.feature.use_auto_external_pooling or has_pool_tag(record.shared[scope])


def build_pools(
    packages: dict[str, External], policy: Policy, log: Log | None = None
) -> dict[str, list[Member]]:
    """Group the packages of one share scope; pool's name (its smallest member) -> members by name.

    Only pools of two and more are returned. A tagged package that found no company is warned of.
    """
    automatic = policy.feature.use_auto_external_pooling
    sets = Union()
    tags = tags_by_package(packages)
    scopes = {name: npm_scope(name) if automatic else None for name in packages}
    ruled = {(remote, scopes[name]) for name, pairs in tags.items() for remote, _ in pairs if scopes[name]}
    joined = set(tags)
    firsts: dict[str, dict[str, str]] = {}
    for name, external in packages.items():
        for pair in tags.get(name, ()):
            sets.join(("package", name), ("tag", *pair))
        scope = scopes[name]
        if not scope:
            continue
        first = firsts.setdefault(scope, {})
        remotes = {copy.name for row in external.rows for copy in row.copies}
        if ruled:
            remotes = {remote for remote in remotes if (remote, scope) not in ruled}
        if remotes:
            joined.add(name)
        # Whoever declared a package of the scope before is linked to it through that package.
        for other in {first.setdefault(remote, name) for remote in remotes}:
            sets.join(("package", name), ("package", other))
    for name in packages:
        owner = owning_package(name)
        if owner is not None and owner in packages:
            sets.join(("package", name), ("package", owner))
    return collect_pools(packages, sets, joined, set(tags), log)


def tags_by_package(packages: dict[str, External]) -> dict[str, list[tuple[str, str]]]:
    """Return package -> pairs of (remote, tag), for packages that have any."""
    tags: dict[str, list[tuple[str, str]]] = {}
    for name, external in packages.items():
        for row in external.rows:
            for copy in row.copies if any(map(POOL, row.copies)) else ():
                if copy.pool and copy.pool.strip():
                    tags.setdefault(name, []).append((copy.name, copy.pool.strip()))
    return tags


def collect_pools(
    packages: dict[str, External], sets: Union, joined: set[str], tagged: set[str], log: Log | None
) -> dict[str, list[Member]]:
    """Turn the sets into pools in the order of their names."""
    components: dict[Hashable, list[str]] = {}
    for name in in_script_order(packages):
        components.setdefault(sets.find(("package", name)), []).append(name)
    pools = []
    for names in components.values():
        if joined.isdisjoint(names):
            continue
        if len(names) > 1:
            pools.append(sorted(names, key=collation_key))
        elif names[0] in tagged and log is not None:
            log(
                "warn",
                3,
                f"[{names[0]}] declares a 'pool' tag but no other external joined its pool; likely a typo "
                "or a missing sibling.",
            )
    pools.sort(key=lambda names: collation_key(names[0]))
    return {names[0]: [Member(name, packages[name]) for name in names] for names in pools}


@lru_cache(maxsize=1024)
def collation_key(name: str) -> tuple[list[tuple[int, str]], list[bool]]:
    """Return a sort key that orders names as `localeCompare` does: case last, punctuation first.

    Root collation compares letters without regard to case first, and puts lower case before upper case
    where nothing else differs; punctuation sorts before digits and digits before letters.
    """
    return ([letter_key(letter) for letter in name], [letter.isupper() for letter in name])


PUNCTUATION = {mark: place for place, mark in enumerate("_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$")}


def letter_key(letter: str) -> tuple[int, str]:
    """Return (class, letter): punctuation, digits, letters."""
    place = PUNCTUATION.get(letter)
    if place is not None:
        return (0, chr(place))
    return (1, letter) if letter.isdigit() else (2, letter.lower())


def mark_pools(record: Record, policy: Policy, log: Log | None = None) -> None:
    """Mark every member of a pool dirty where one is: a pool is elected as a whole."""
    for scope in in_script_order(record.shared):
        dirty = {external.dirty for external in record.shared[scope].values()}
        # Nothing to spread where nothing is dirty, or everything.
        if dirty == {True, False} and may_pool(record, scope, policy):
            spread_marks(record.shared[scope], scope, policy, log)


def spread_marks(packages: dict[str, External], scope: str, policy: Policy, log: Log | None) -> None:
    """Mark the pools of one share scope."""
    spread = 0
    for members in build_pools(packages, policy).values():
        if any(member.external.dirty for member in members):
            clean = [member for member in members if not member.external.dirty]
            spread += len(clean)
            for member in clean:
                member.external.dirty = True
    if spread and log is not None:
        log("debug", 3, f"[{scope}] {spread} pool member(s) marked dirty for re-election.")
