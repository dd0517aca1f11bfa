"""What a check finds: the words it has for it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

__all__ = ["Finding", "Kind", "Severity", "say"]

Severity = Literal["worse", "better", "info"]

Kind = Literal[
    "duplicate",
    "entrypoint-gone",
    "island",
    "missing-entrypoint",
    "module-gone",
    "module-new",
    "notice",
    "outside-range",
    "prerelease",
    "provider",
    "strict-error",
    "torn",
    "unprovided",
    "unsatisfied",
    "version",
]
"""`duplicate`: a remote loads a copy of its own. `island`: so it does, because a family or pool moves as
one. `torn`: it gets parts of one build and parts of another. `outside-range`: its range rejects what it
gets. `missing-entrypoint`: a specifier that it declares leads nowhere. `entrypoint-gone`, `module-gone`:
something that could be imported cannot be. `strict-error`: a strict option forbids the federation.
`version`, `provider`: another build is published. `notice`: what the plan itself reports. Of Module
Federation containers also `unprovided`: nobody has what one does not bring itself; `unsatisfied`: it is
strict, rejects what there is and brings nothing; `prerelease`: it takes one that npm's ranges leave out."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that would be otherwise; `before` and `after` say it in a few words, `sentence` in one."""

    kind: Kind
    severity: Severity
    remote: str
    package: str
    before: str
    after: str
    sentence: str


NEW: Final[dict[Kind, str]] = {
    "duplicate": "'{remote}' would load {package} a second time: {trouble}",
    "island": "'{remote}' would be left alone with its own {package}: {trouble}",
    "missing-entrypoint": "'{remote}' would find nothing for {trouble}",
    "outside-range": "'{remote}' would get a {package} outside its range: {trouble}",
    "torn": "'{remote}' would get {package} torn: {trouble}",
    "unprovided": "'{remote}' would find no {package}: {trouble}",
    "unsatisfied": "'{remote}' would refuse {package}: {trouble}",
}
OVER: Final[dict[Kind, str]] = {
    "duplicate": "'{remote}' would no longer load {package} a second time",
    "island": "'{remote}' would no longer be alone with its own {package}",
    "missing-entrypoint": "'{remote}' would find {trouble} again",
    "outside-range": "'{remote}' would no longer get a {package} outside its range",
    "torn": "'{remote}' would no longer get {package} torn",
    "unprovided": "'{remote}' would find a {package} again",
    "unsatisfied": "'{remote}' would no longer refuse {package}",
}


def say(kind: Kind, remote: str, package: str, trouble: str, *, over: bool) -> str:
    """Say in a sentence what becomes of a remote's package.

    Args:
        kind: What is wrong, or was.
        remote: Who gets the package.
        package: Its name.
        trouble: The particulars.
        over: Whether it would be over.
    """
    return (OVER if over else NEW)[kind].format(remote=remote, package=package, trouble=trouble)
