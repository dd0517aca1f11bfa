"""What an application says about itself: what it shares, which remotes it has, how it loads them.

The names are Module Federation's own in snake_case. These values do not change; what the runtime makes of
them is in `hanse.share.entries`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from hanse.errors import UsageError
from hanse.formats.decoding import shorten

if TYPE_CHECKING:
    from hanse.share.hooks import RuntimePlugin

__all__ = [
    "ABSENT",
    "DEFAULT_SCOPE",
    "UNDEFINED",
    "App",
    "Broken",
    "Config",
    "Copy",
    "Custom",
    "Exposed",
    "Missing",
    "Provide",
    "Remote",
    "Setting",
    "Shaking",
    "Shared",
    "Strategy",
    "check_items",
    "shown",
]

DEFAULT_SCOPE: Final = "default"

Strategy = Literal["version-first", "loaded-first"]
Provide = Literal["async", "sync", "lib", "reject", "none"]
Broken = Literal["", "entry", "no-init", "init"]
Scopes = str | tuple[str, ...]


class Missing(Enum):
    """The two ways in which JavaScript has no value."""

    ABSENT = "absent"
    UNDEFINED = "undefined"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Missing.ABSENT
UNDEFINED: Final = Missing.UNDEFINED

Setting = str | bool | None | Missing


def shown(value: object) -> str:
    """Write a value that somebody gave, for messages."""
    return shorten(repr(value))


def check_items(items: object, kinds: type | tuple[type, ...], subject: str, expected: str) -> None:
    """Raise where one of the items that somebody gave is of no such kind.

    Raises:
        UsageError: It is not, or these are no items.
    """
    if not isinstance(items, list | tuple):
        raise UsageError(
            f"this is no list: {shown(items)}", subject=subject, hint=f"give a list of {expected}"
        )
    for index, item in enumerate(items):
        if not isinstance(item, kinds):
            raise UsageError(
                f"this is none of them: {shown(item)}", subject=f"{subject}[{index}]", hint=f"give {expected}"
            )


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a shared package: whose it is, and which version."""

    provider: str
    package: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Exposed:
    """A module that a remote exposes."""

    remote: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of a shared package that a consumer is judged by (`shareConfig`).

    Attributes:
        required_version: A range; False or `*` for any version; UNDEFINED is an explicit nothing, at which
            the runtime fails unless the package is a singleton.
        singleton: Whether there may be only one.
        strict_version: Whether a singleton of a wrong version is an error instead of a warning.
        eager: Whether the provider has it in its first script.
        layer: The layer, or None for none.
    """

    required_version: Setting = ABSENT
    singleton: Setting = ABSENT
    strict_version: Setting = ABSENT
    eager: Setting = ABSENT
    layer: Setting = ABSENT

    def under(self, custom: Config) -> Config:
        """Return these settings with a consumer's own laid over; what is undefined falls away."""
        return Config(**{name: _first(getattr(custom, name), getattr(self, name)) for name in _SETTINGS})

    def filled(self, version: str | None) -> Config:
        """Return these settings with the runtime's defaults where nothing is said."""
        required = f"^{'undefined' if version is None else version}"
        standard = Config(required_version=required, singleton=False, strict_version=False, eager=False)
        said = {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) is not ABSENT}
        return replace(standard, **said)


_SETTINGS: Final = ("required_version", "singleton", "strict_version", "eager", "layer")


def _first(*settings: Setting) -> Setting:
    return next((setting for setting in settings if not isinstance(setting, Missing)), ABSENT)


@dataclass(frozen=True, slots=True)
class Shaking:
    """What is said about tree shaking (`treeShaking`): its mode, its status (0, 1, 2), the exports used."""

    mode: str | None = None
    status: int | None = None
    used_exports: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """One version of a package that an application shares.

    Attributes:
        package: Its name.
        version: Its version; the runtime takes `0` where there is none.
        required_version: As in `Config`; ABSENT means `^` and the version.
        singleton: As in `Config`, and so are the next three.
        scope: The share scopes it is in.
        strategy: How this package is chosen; ABSENT of one, the application's strategy counts.
        provide: How it is handed over: `async` by a promise, `sync` at once, `lib` is loaded already,
            `reject` fails, `none` has nothing (`import: false`).
        ticks: How many turns of the queue `async` takes more.
        eager_at_top: The old flag beside the settings, which alone makes a newcomer win a tie.
        shaking: What is said about tree shaking.
        get: A getter of one's own, instead of `provide`: it returns a factory, or awaits one.
    """

    package: str
    version: str | None = None
    required_version: Setting = ABSENT
    singleton: Setting = ABSENT
    strict_version: Setting = ABSENT
    eager: Setting = ABSENT
    layer: Setting = ABSENT
    scope: Scopes = (DEFAULT_SCOPE,)
    strategy: str | None = None
    provide: Provide = "async"
    ticks: int = 0
    eager_at_top: bool | None = None
    shaking: Shaking | None = None
    get: Callable[[], object] | None = None

    @property
    def config(self) -> Config:
        """The settings alone."""
        return Config(**{name: getattr(self, name) for name in _SETTINGS})


@dataclass(frozen=True, slots=True)
class Custom:
    """What a consumer says about one load, over what its application says (`customShareInfo`).

    `scope` has to be a tuple: at a name alone the original breaks, and so does the model.
    """

    config: Config | None = None
    scope: Scopes | None = None
    strategy: str | None = None
    shaking: Shaking | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote as an application knows it: its name, its script's address, the scopes it is given."""

    name: str
    entry: str = ""
    alias: str = ""
    share_scope: Scopes = DEFAULT_SCOPE


@dataclass(frozen=True, slots=True)
class App:
    """An application: a host, a remote, or both.

    Attributes:
        name: Its name.
        shared: What it shares, in the order of its configuration.
        remotes: The remotes it has; a text is a remote's name.
        share_strategy: `version-first` loads all remotes before anything is chosen, `loaded-first` prefers
            what is loaded; None is Module Federation's default.
        share_scope: The share scopes its container takes from the host (`shareScopeKey`).
        exposes: The modules it exposes; None for any.
        broken: What is wrong with its container: no `entry`, no `init` in it, or an `init` that throws.
        plugins: Its runtime plugins.

    Raises:
        UsageError: It has no name.
    """

    name: str
    shared: tuple[Shared, ...] = ()
    remotes: tuple[Remote | str, ...] = ()
    share_strategy: str | None = None
    share_scope: Scopes | None = None
    exposes: frozenset[str] | None = None
    broken: Broken = ""
    plugins: tuple[RuntimePlugin, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an application that nobody can name.

        Raises:
            UsageError: It has no name.
        """
        given: object = self.name
        if not isinstance(given, str) or not given:
            raise UsageError(
                "an application has a name, which is a text that is not empty",
                subject=f"App({shown(self.name)})",
                hint='write App("shop")',
            )
