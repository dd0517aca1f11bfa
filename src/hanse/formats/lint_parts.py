"""The checks that documents of several kinds have in common."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from hanse.formats.decoding import key_path, shorten
from hanse.formats.json_tree import Fault, Pairs, Severity, Tree, type_name
from hanse.semver import valid, valid_range

__all__ = [
    "Fields",
    "count_faults",
    "field_faults",
    "items_of",
    "list_of",
    "name_faults",
    "text_of",
    "type_fault",
    "version_faults",
]

Fields = Mapping[str, tuple[str, ...]]
"""Field -> the JSON types it may have, `*` for any; `!` stands for a field that must be there."""

# Guessing costs time, and a document with more unknown fields than this has not misspelt them.
GUESSES: Final = 50
GUESSED_LENGTH: Final = 40


def field_faults(node: Tree, path: str, fields: Fields) -> Iterator[Fault]:
    """Yield what is wrong with an object's fields: missing, of another type, probably misspelt."""
    if not isinstance(node, Pairs):
        yield type_fault(node, path, ("object",))
        return
    table = node.last()
    for field, kinds in fields.items():
        if field not in table and "!" in kinds:
            yield Fault(path=path, message=f"`{field}` is missing", found="nothing", expected=f"`{field}`")
        elif field in table and "*" not in kinds and type_name(table[field]) not in kinds:
            yield type_fault(table[field], key_path(path, field), kinds)
    unknown = [field for field in table if field not in fields and len(field) <= GUESSED_LENGTH]
    for field in unknown[:GUESSES]:
        near = difflib.get_close_matches(field, fields, n=1, cutoff=0.8)
        if near and near[0] not in table:
            yield Fault(
                path=key_path(path, field),
                message="nobody reads this field",
                found=repr(shorten(field)),
                severity="warning",
                hint=f"did you mean `{near[0]}`?",
            )


def type_fault(node: Tree, path: str, kinds: tuple[str, ...]) -> Fault:
    """Say that a value has the wrong type."""
    return Fault(
        path=path,
        message="the value has the wrong type",
        found=type_name(node),
        expected=" or ".join(kind for kind in kinds if kind != "!"),
    )


def items_of(node: Tree, key: str) -> Pairs:
    """Return the object under a key, or an empty one."""
    value = node.last().get(key) if isinstance(node, Pairs) else None
    return value if isinstance(value, Pairs) else Pairs()


def list_of(node: Tree, key: str) -> list[Tree]:
    """Return the list under a key, or an empty one."""
    value = node.last().get(key) if isinstance(node, Pairs) else None
    return value if isinstance(value, list) else []


def text_of(node: Tree, key: str) -> str | None:
    """Return the text under a key, if one is there."""
    value = node.last().get(key) if isinstance(node, Pairs) else None
    return value if isinstance(value, str) else None


def name_faults(
    name: str | None, path: str, fault: Callable[[str], str | None], kind: str
) -> Iterator[Fault]:
    """Yield what is wrong with a name, a digest or a URL that is there."""
    if name is not None and (reason := fault(name)):
        yield Fault(
            path=path,
            message=f"this cannot be {kind}: {reason}",
            found=repr(shorten(name)),
            expected=kind,
        )


def version_faults(
    item: Tree, path: str, *, severity: Severity = "error", hint: str = "", unversioned: bool = False
) -> Iterator[Fault]:
    """Yield what is wrong with a shared package's version and range.

    Args:
        item: The package.
        path: Its place.
        severity: How bad it is.
        hint: What is done about a version that is none.
        unversioned: Whether an empty version says that there is none, which is fine.
    """
    version, required = text_of(item, "version"), text_of(item, "requiredVersion")
    missing = unversioned and not version
    if version is not None and not missing and valid(version) is None:
        yield Fault(
            path=f"{path}.version",
            message="this is not a version",
            found=repr(shorten(version)),
            expected="a version such as `19.2.1`",
            severity=severity,
            hint=hint,
        )
    if required and valid_range(required) is None:
        yield Fault(
            path=f"{path}.requiredVersion",
            message="this is not a range, and no version satisfies it",
            found=repr(shorten(required)),
            expected="a range such as `^19.2.0`",
            severity=severity,
        )


def count_faults(count: int, path: str, cap: int) -> Iterator[Fault]:
    """Yield a fault where there are too many items."""
    if count > cap:
        yield Fault(
            path=path, message="there are too many items", found=str(count), expected=f"at most {cap}"
        )
