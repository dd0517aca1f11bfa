"""What a framework's own configuration says: a federation, and how its pages are written.

Django and Flask have one place for settings each, with the same keys in it: those of `Federation`, those of
`PageOptions`, and `TOML` for a `hanse.toml`.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.resolve import Policy
from hanse.urls import is_web
from hanse.web.options import PageOptions

__all__ = ["KEYS", "SiteSettings", "read_settings"]

# What a federation may be made of beside its source; `hanse.toml` says all of it itself.
ARGUMENTS: Final = (
    "allowed_origins",
    "cache_folder",
    "host",
    "manifest_integrity",
    "policy",
    "policy_options",
    "refresh_interval",
)
SOURCES: Final = ("federation", "manifest", "toml")
OPTIONS: Final = tuple(field.name for field in dataclasses.fields(PageOptions))

KEYS: Final = frozenset({*SOURCES, *ARGUMENTS, *OPTIONS})
"""Every key, in lower case; frameworks write them in capitals."""

TYPES: Final = {
    **{name: kind for name, kind in typing.get_type_hints(PageOptions).items() if name in OPTIONS},
    "allowed_origins": list[str],
    "cache_folder": str | None,
    "manifest_integrity": str | None,
    "policy_options": dict[str, bool | str | None],
    "refresh_interval": float | None,
}


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """A federation, and what was said about its pages.

    `made` tells whether the federation was made of the settings, and is not somebody else's. `said` are the
    options that were given: what was not may follow the framework, as `development` does.
    """

    federation: Federation
    made: bool
    said: Mapping[str, object]

    def options(self, **otherwise: object) -> PageOptions:
        """Return how pages are written.

        Args:
            otherwise: What counts where nothing was said.

        Raises:
            UsageError: The base is no path.
        """
        values: dict[str, typing.Any] = {**otherwise, **self.said}
        return PageOptions(**values)


def read_settings(
    given: Mapping[str, object], *, spell: Callable[[str], str], folder: Path | None = None
) -> SiteSettings:
    """Read settings, and make the federation they speak of; nothing is fetched.

    Args:
        given: Key -> value, the keys in lower case.
        spell: Says how the user wrote a key: `HANSE["MANIFEST"]`, `HANSE_MANIFEST`.
        folder: What relative paths are relative to; the working directory if not given.

    Raises:
        HanseError: A key is unknown, a value is not what it should be, or they do not fit together.
    """
    for key in given:
        refuse_unknown(key, spell)
    checked = {key: check_value(key, value, spell) for key, value in given.items()}
    said = {key: checked[key] for key in OPTIONS if key in checked}
    federation = make_federation(checked, spell, folder)
    settings = SiteSettings(federation, federation is not checked.get("federation"), said)
    try:
        settings.options()
    except UsageError as error:
        raise UsageError(
            error.message, subject=f"{spell('base')}: {error.subject}", hint=error.hint
        ) from None
    return settings


def refuse_unknown(key: str, spell: Callable[[str], str]) -> None:
    """Refuse a key that nobody reads.

    Raises:
        UsageError: It is one.
    """
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1)
        hint = (
            f"did you mean {spell(near[0])}?"
            if near
            else f"there are {', '.join(sorted(map(str.upper, KEYS)))}"
        )
        raise UsageError("there is no such setting", subject=spell(key), hint=hint)


def check_value(key: str, value: object, spell: Callable[[str], str]) -> object:
    """Return a value of its proper type.

    Raises:
        UsageError: It has another.
    """
    kind = TYPES.get(key)
    # Objects of classes are what they are; what is made of plain values can be compared with its type.
    if kind is None or dataclasses.is_dataclass(value):
        return value
    plain = str(value) if isinstance(value, Path) else value
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"this is not what it should be: {error}", subject=spell(key)) from None


def make_federation(
    given: Mapping[str, object], spell: Callable[[str], str], folder: Path | None
) -> Federation:
    """Make the federation, or return the one that was given.

    Raises:
        HanseError: There is none, there are several, or it cannot be made.
    """
    sources = [key for key in SOURCES if given.get(key) is not None]
    if len(sources) != 1:
        several = " and ".join(map(spell, sources))
        text = f"{several} are both given" if sources else "nothing says where the federation comes from"
        raise UsageError(text, subject=spell(""), hint=f"set {spell('manifest')} or {spell('toml')}")
    (source,) = sources
    value = given[source]
    superfluous = [key for key in ARGUMENTS if key in given]
    if source != "manifest" and superfluous:
        raise UsageError(
            f"{spell(source)} says that itself", subject=spell(superfluous[0]), hint="leave one of them out"
        )
    if isinstance(value, Federation):
        return value
    if source == "toml" and isinstance(value, str | Path):
        return Federation.from_toml((folder or Path.cwd()) / value)
    if source == "manifest" and isinstance(value, str | Path | Mapping):
        return from_manifest(value, given, folder)
    raise UsageError(f"this is not what it should be: {type(value).__name__}", subject=spell(source))


def from_manifest(
    manifest: str | Path | Mapping[str, object], given: Mapping[str, object], folder: Path | None
) -> Federation:
    """Make a federation of a manifest, and of what else is said about it.

    Raises:
        HanseError: It cannot be made.
    """
    arguments: dict[str, typing.Any] = {key: given[key] for key in ARGUMENTS if key in given}
    options = arguments.pop("policy_options", None)
    if options is not None:
        make = Policy.compatible if arguments.get("policy") == "compatible" else Policy.coherent
        arguments["policy"] = make(**options)
    if arguments.get("cache_folder"):
        arguments["cache_folder"] = below(arguments["cache_folder"], folder)
    found = manifest if isinstance(manifest, Mapping) else below(manifest, folder)
    return Federation(found, **arguments)


def below(path: str | Path, folder: Path | None) -> str | Path:
    """Return a path as it is relative to the project's folder; addresses as they are."""
    if is_web(str(path)) or str(path).startswith("file:") or not str(path).strip():
        return path
    return (folder or Path.cwd()) / path
