"""The outcome of a resolution: an immutable plan in which every decision has its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from hanse.formats.import_map import ImportMap
from hanse.resolve.policy import Policy
from hanse.resolve.record import Action, Record
from hanse.resolve.remote import Remote
from hanse.resolve.storage import store

__all__ = ["CopyPlan", "Described", "Notice", "PackagePlan", "Plan", "Reason", "ReasonCode"]

ReasonCode = Literal[
    "only-version",
    "published",
    "host",
    "latest",
    "fewest-downloads",
    "accepted",
    "outside-range",
    "rejects-version",
    "missing-entrypoint",
    "family",
    "pool",
    "private",
    "strict-scope",
]


class Reason(msgspec.Struct, frozen=True):
    """Why a copy has its verdict: a stable code and a sentence."""

    code: ReasonCode
    text: str


class CopyPlan(msgspec.Struct, frozen=True):
    """One remote's copy of a package and what becomes of it.

    `action` is `share` (its files are published), `skip` (another remote's are used, `served_by`) or
    `scope` (it keeps its own). `downloads` counts the files that a page loads because of this copy, beyond
    what is loaded anyway; `bytes` adds up their sizes, None where one is not known.
    """

    remote: str
    version: str
    required: str
    strict: bool
    action: Action
    served_by: str
    specifiers: tuple[str, ...]
    reason: Reason
    downloads: int = 0
    bytes: int | None = None


class PackagePlan(msgspec.Struct, frozen=True):
    """One package in one share scope: its published version, its provider, and every copy."""

    scope: str
    package: str
    version: str | None
    provider: str | None
    family: tuple[str, ...]
    copies: tuple[CopyPlan, ...]

    @property
    def downloads(self) -> int:
        """Files loaded beyond one build of the package."""
        return sum(copy.downloads for copy in self.copies)


class Notice(msgspec.Struct, frozen=True):
    """Something the owner of a remote should know: a stable code, the remote, a package, a sentence."""

    code: str
    remote: str
    package: str
    text: str
    level: Literal["warning", "info"] = "warning"


Described = tuple[dict[tuple[str, str], PackagePlan], tuple[Notice, ...]]
"""(Share scope, package) -> its plan, and the notices."""


class Plan:
    """What a federation comes to.

    Made by `resolve`, never changed. The import map is there at once; the rest (`packages`, `notices`,
    the storage documents) is worked out when it is first asked for. No other plan has a part of its map:
    whoever writes into its dictionaries spoils this copy alone.
    """

    __slots__ = ("_describe", "_described", "_record", "import_map", "policy", "remotes", "workings")

    policy: Policy
    remotes: Mapping[str, Remote]
    import_map: ImportMap
    workings: object
    _describe: Callable[[], Described]
    _record: Callable[[], Record]
    _described: Described | None

    def __init__(
        self,
        *,
        policy: Policy,
        remotes: Mapping[str, Remote],
        import_map: ImportMap,
        describe: Callable[[], Described],
        record: Callable[[], Record],
        workings: object = None,
    ) -> None:
        values = {
            "policy": policy,
            "remotes": MappingProxyType(dict(remotes)),
            "import_map": import_map,
            "workings": workings,
            "_describe": describe,
            "_record": record,
            "_described": None,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a plan never changes: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a plan never changes: {name!r} cannot be deleted")

    @property
    def packages(self) -> Mapping[tuple[str, str], PackagePlan]:
        """Return (share scope, package) -> its plan, in the order of names."""
        return MappingProxyType(self.described()[0])

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what the owners of remotes should know."""
        return self.described()[1]

    def with_map(self, import_map: ImportMap) -> Plan:
        """Return this plan with more in its import map."""
        return Plan(
            policy=self.policy,
            remotes=self.remotes,
            import_map=import_map,
            describe=self._describe,
            record=self._record,
            workings=self.workings,
        )

    def described(self) -> Described:
        """Work out the reasons, once."""
        known = self._described
        if known is None:
            known = self._describe()
            object.__setattr__(self, "_described", known)
        return known

    def record(self) -> Record:
        """Return a record of the plan that the caller may change: a session starts on it."""
        return self._record()

    def storage(self) -> dict[str, Any]:
        """Return the orchestrator's storage documents, to seed a browser's orchestrator with.

        Keys: `remotes`, `scoped-externals`, `shared-externals`, `shared-chunks`.
        """
        return store(self._record())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return (
            self.policy == other.policy
            and self.import_map == other.import_map
            and self.described() == other.described()
        )

    __hash__ = None  # type: ignore[assignment]
