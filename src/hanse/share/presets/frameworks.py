"""Share tables for React, Angular and Vue, with the reason for every entry.

None names a required version: the bundler reads the range from the project's own `package.json`, where it is
kept current. None is eager: an eager entry is loaded with the page's first script, whether it is used or not.
A key that a build never imports costs nothing. Server and browser have the same table: what runs on both
sides has to be the same there and here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hanse.share.presets.next_tables import Table, check_known
from hanse.share.presets.options import SharedOption

__all__ = ["FRAMEWORKS", "Framework", "Reasoned", "framework_shared"]

Framework: TypeAlias = Literal["react", "angular", "vue"]

ONE: Final = SharedOption(singleton=True)
ONE_STRICT: Final = SharedOption(singleton=True, strict_version=True)


@dataclass(frozen=True, slots=True)
class Reasoned:
    """An entry, and why it is as it is."""

    key: str
    option: SharedOption
    reason: str


REACT: Final = (
    Reasoned("react", ONE, "hooks and context work through state of this very module: two copies break both"),
    Reasoned(
        "react/",
        ONE,
        "react/jsx-runtime and its like would otherwise be bundled with a copy of each remote's",
    ),
    Reasoned("react-dom", ONE, "it sets the state that react reads; the two have to be one pair"),
    Reasoned("react-dom/", ONE, "react-dom/client and react-dom/server are modules of their own"),
)

ANGULAR: Final = (
    Reasoned("@angular/core", ONE_STRICT, "injectors and signals live in this module"),
    Reasoned("@angular/core/", ONE_STRICT, "its secondary entrypoints share private modules with it"),
    Reasoned("@angular/common", ONE_STRICT, "its tokens are objects: another copy's are other tokens"),
    Reasoned("@angular/common/", ONE_STRICT, "@angular/common/http provides one HttpClient for all"),
    Reasoned("@angular/platform-browser", ONE_STRICT, "one platform a page"),
    Reasoned(
        "@angular/platform-browser/", ONE_STRICT, "animations and their providers belong to that platform"
    ),
    Reasoned("@angular/router", ONE_STRICT, "one router a page, and one location"),
    Reasoned("@angular/forms", ONE_STRICT, "directives find controls by tokens of this module"),
    Reasoned("rxjs", ONE, "observables of another copy are not recognised as such"),
    Reasoned("rxjs/", ONE, "operators from rxjs/operators have to be those of the same copy"),
)

VUE: Final = (
    Reasoned("vue", ONE, "the component being set up is state of this module: two copies break composition"),
    Reasoned("vue-router", ONE, "useRouter injects by a symbol that each copy makes anew"),
    Reasoned("pinia", ONE, "the active store container is state of this module"),
)

FRAMEWORKS: Final[dict[Framework, tuple[Reasoned, ...]]] = {"react": REACT, "angular": ANGULAR, "vue": VUE}
"""The entries of each framework's preset, in the order of the table."""


def framework_shared(name: Framework) -> Table:
    """Return the table of a framework, for server and browser alike.

    Raises:
        UsageError: There is no preset of this name.
    """
    check_known(name, Framework, "preset")
    return {entry.key: entry.option for entry in FRAMEWORKS[name]}
