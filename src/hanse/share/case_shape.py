"""What a recorded case of sharing has to look like before it is replayed.

Only containers, names and what an operation cannot do without are asked for: settings and versions may be
anything, for what Module Federation makes of odd ones is a part of what is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, shorten
from hanse.limits import LIMITS

__all__ = ["check_case"]

Scopes: TypeAlias = str | list[str] | None

NEEDS: Final = {
    "loadShare": ("in", "pkg"),
    "loadShareSync": ("in", "pkg"),
    "loadRemote": ("in", "id"),
    "registerShared": ("in",),
    "registerRemotes": ("in",),
    "parallel": ("ops",),
}
"""What each operation cannot do without."""


class Shaken(msgspec.Struct, frozen=True, rename="camel"):
    """Settings of tree shaking."""

    mode: str | None = None
    status: int | None = None
    used_exports: list[str] | None = None


class Custom(msgspec.Struct, frozen=True, rename="camel"):
    """What one load asks for."""

    scope: Scopes = None
    strategy: str | None = None
    tree_shaking: Shaken | None = None


class Shared(Custom, frozen=True, rename="camel", kw_only=True):
    """One version that is shared."""

    pkg: str
    ticks: int | None = None
    eager_top: bool | None = None


class Remote(msgspec.Struct, frozen=True, rename="camel"):
    """A remote that is named."""

    name: str
    share_scope: Scopes = None


class Instead(msgspec.Struct, frozen=True):
    """A version that a plugin puts in a package's place."""

    pkg: str
    version: str


class Application(msgspec.Struct, frozen=True, rename="camel"):
    """A host or a remote."""

    name: str
    shared: list[Shared] | None = None
    remotes: list[Remote] | None = None
    share_strategy: str | None = None
    share_scope_key: Scopes = None
    resolve_share: list[Instead] | None = None


class Operation(msgspec.Struct, frozen=True):
    """One operation; what it needs depends on `op`."""

    op: str
    in_: str | None = msgspec.field(default=None, name="in")
    pkg: str | None = None
    id: str | None = None
    ops: list[Operation] | None = None
    custom: Custom | None = None
    resolver: str | None = None
    shared: list[Shared] | None = None
    remotes: list[Remote] | None = None


class Case(msgspec.Struct, frozen=True):
    """A whole case."""

    hosts: list[Application] | None = None
    remotes: list[Application] | None = None
    ops: list[Operation] | None = None


def check_case(case: Mapping[str, object]) -> None:
    """Raise unless this can be replayed.

    Raises:
        FormatError: It cannot; the error names the place.
    """
    read = convert_value(case, Case, subject="case")
    for kind, listed in (("hosts", read.hosts), ("remotes", read.remotes)):
        for index, one in enumerate(listed or ()):
            if not one.name:
                place = f"$.{kind}[{index}].name"
                raise FormatError("an application has no name", subject="case", path=place)
    check_operations(read.ops or (), "$.ops")


def check_operations(ops: list[Operation] | tuple[()], place: str) -> None:
    """Raise unless each of the operations is one, has what it needs, and is not nested too deeply."""
    if ops and place.count(".ops") > LIMITS.json_depth:
        expected = f"at most {LIMITS.json_depth} levels"
        raise FormatError("operations are nested too deeply", subject="case", path="$.ops", expected=expected)
    for index, op in enumerate(ops):
        here = f"{place}[{index}]"
        if op.op not in NEEDS:
            raise FormatError(
                "there is no such operation",
                subject="case",
                path=f"{here}.op",
                found=repr(shorten(op.op)),
                expected=", ".join(NEEDS),
            )
        for name in NEEDS[op.op]:
            if getattr(op, "in_" if name == "in" else name) is None:
                raise FormatError(f"`{name}` is missing", subject="case", path=here, expected=f"a `{name}`")
        check_operations(op.ops or (), f"{here}.ops")
