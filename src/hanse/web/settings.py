"""What a framework's own configuration says: a federation, and how its pages are written.

Django and Flask have one place for settings each, with the same keys in it: those of `Federation`, those of
`PageOptions`, and `TOML` for a `hanse.toml`.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.resolve import Policy
from hanse.urls import is_web
from hanse.web.options import PageOptions
from hanse.web.overrides import Overrides

__all__ = ["KEYS", "SiteSettings", "read_settings"]

# These are told by the settings in other words, or are for tests.
OTHERWISE: Final = frozenset({"manifest", "development", "limits", "client", "clock", "environ"})
SOURCES: Final = ("federation", "manifest", "toml")
ARGUMENTS: Final = (*({*inspect.signature(Federation).parameters} - OTHERWISE), "policy_options")
# What a `hanse.toml` says itself, and nothing counts before it.
OVER_TOML: Final = frozenset({*inspect.signature(Federation.from_toml).parameters, "policy_options"})
OPTIONS: Final = tuple(field.name for field in dataclasses.fields(PageOptions))

KEYS: Final = frozenset({*SOURCES, *ARGUMENTS, *OPTIONS})
"""Every key, in lower case; frameworks write them in capitals."""

TYPES: Final = {
    **{name: kind for name, kind in typing.get_type_hints(PageOptions).items() if name in OPTIONS},
    "allowed_origins": list[str],
    "cache_folder": str | None,
    "manifest_integrity": str | None,
    "overrides": bool | None,
    "policy_options": dict[str, bool | str | None],
    "refresh_interval": float | None,
}


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """Where a federation comes from, and what was said about its pages.

    `make` makes the federation, and is told whether it is developed; `made` is False where it was given, and
    is somebody else's. `said` are the options that were given: what was not may follow the framework.
    """

    make: Callable[[bool], Federation]
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
    """Read settings, and see whether the federation can be made; nothing is fetched.

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
    if isinstance(checked.get("overrides"), bool):
        checked["overrides"] = Overrides() if checked["overrides"] else None
    said = {key: checked[key] for key in OPTIONS if key in checked}
    make = partial(make_federation, checked, spell, folder or Path.cwd())
    settings = SiteSettings(make, make(False) is not checked.get("federation"), said)
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
    given: Mapping[str, object],
    spell: Callable[[str], str],
    folder: Path,
    development: bool,  # noqa: FBT001
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
    allowed = {"manifest": {*ARGUMENTS}, "toml": OVER_TOML, "federation": frozenset[str]()}[source]
    superfluous = [key for key in ARGUMENTS if key in given and key not in allowed]
    if superfluous:
        text = f"{spell(source)} says that itself"
        raise UsageError(text, subject=spell(superfluous[0]), hint="leave one of them out")
    if isinstance(value, Federation):
        return value
    # Their types are seen to already, as far as Federation does not see to them itself.
    arguments: dict[str, typing.Any] = collect_arguments(given, folder)
    if source == "toml" and isinstance(value, str | Path):
        if development:
            arguments["development"] = True
        return Federation.from_toml(folder / value, **arguments)
    if source == "manifest" and isinstance(value, str | Path | Mapping):
        place = value if isinstance(value, Mapping) else below(value, folder)
        return Federation(place, development=development, **arguments)
    raise UsageError(f"this is not what it should be: {type(value).__name__}", subject=spell(source))


def collect_arguments(given: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Collect what else is said about a federation.

    Raises:
        UsageError: An option of the policy is none.
    """
    arguments: dict[str, typing.Any] = {key: given[key] for key in ARGUMENTS if key in given}
    options = arguments.pop("policy_options", None)
    if options is not None:
        make = Policy.compatible if arguments.get("policy") == "compatible" else Policy.coherent
        arguments["policy"] = make(**options)
    if arguments.get("cache_folder"):
        arguments["cache_folder"] = below(arguments["cache_folder"], folder)
    return arguments


def below(path: str | Path, folder: Path) -> str | Path:
    """Return a path as it is relative to the project's folder; addresses as they are."""
    if is_web(str(path)) or str(path).startswith("file:") or not str(path).strip():
        return path
    return folder / path
