"""What a remote entry consists of; its parts never change once they were read from a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

__all__ = ["Absence", "Entries", "Expose", "RemoteEntry", "Shared"]


class Entries(dict[str, str]):
    """Specifier -> file of a decoded item: nobody writes into it, for several documents may have it."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Entries], tuple[dict[str, str]]]:
        return (Entries, (dict(self),))

    def refuse(self, *_arguments: object, **_named: object) -> NoReturn:
        """Refuse to change.

        Raises:
            TypeError: Always.
        """
        raise TypeError("the entries of a decoded document never change; copy them with dict()")

    __setitem__ = __delitem__ = __ior__ = refuse
    clear = pop = popitem = setdefault = update = refuse


class Expose(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """An exposed module: `key` is what consumers ask for, `out_file_name` where it lies."""

    key: str
    out_file_name: str
    element: str | None = None
    dev: Any = None


class Shared(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A package a remote shares: flat when `entries` is absent, dense when it is there.

    `required_version` is a range, or false where the builder knew none. `entries` maps specifiers
    to file names, relative to the remote entry.
    """

    package_name: str
    version: str | None = None
    required_version: str | bool | None = None
    singleton: bool | None = None
    strict_version: bool | None = None
    share_scope: str | None = None
    pool: str | None = None
    bundle: str | None = None
    out_file_name: str | None = None
    entries: dict[str, str] | None = None
    dev: Any = None


class Absence(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What becomes of a build where modules of other remotes are absent; Hanse's own addition.

    `stand_ins` maps each specifier of another remote's module to the file that takes its place. `essential`
    maps keys of exposed modules to those of these specifiers that they cannot do without.
    """

    stand_ins: Mapping[str, str] = {}
    essential: Mapping[str, tuple[str, ...]] = {}


class RemoteEntry(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """One remote's metadata document.

    `chunks` maps a bundle's name to its files; `integrity` a file name to its SRI digest. `url`,
    where the document carries it, is where it wants to be served from. `version` is the format's
    own (`$version`). `absence` and `assets` are Hanse's additions: what stands in for others' modules, and
    the files beside the modules, such as style sheets, with their digests.
    """

    name: str
    exposes: list[Expose] | None = None
    shared: list[Shared] | None = None
    chunks: dict[str, list[str]] | None = None
    integrity: dict[str, str] | None = None
    build_notifications_endpoint: str | None = None
    url: str | None = None
    version: str | None = msgspec.field(name="$version", default=None)
    absence: Absence | None = None
    assets: dict[str, str] | None = None
