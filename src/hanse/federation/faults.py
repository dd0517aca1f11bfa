"""What verifying a federation finds: the words it has for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from hanse.errors import HanseError, IntegrityError

__all__ = ["Fault", "FaultKind", "kind_of"]

FaultKind = Literal[
    "remote",
    "missing-file",
    "wrong-digest",
    "unreadable",
    "unprovided-import",
    "cors",
    "type",
    "caching",
    "computed-import",
    "uncovered",
]


class Fault(msgspec.Struct, frozen=True):
    """Something that is wrong: what, with whose file, who imports it, and a sentence.

    `error` is what breaks a page; `warning` what costs time, or cannot be told.
    """

    severity: Literal["error", "warning"]
    kind: FaultKind
    remote: str
    url: str
    importer: str
    sentence: str


def kind_of(error: HanseError) -> FaultKind:
    """Name the fault that a file which could not be read is."""
    if isinstance(error, IntegrityError):
        return "wrong-digest"
    gone = getattr(error, "status", None) in {404, 410} or "No such file" in error.message
    return "missing-file" if gone else "unreadable"
