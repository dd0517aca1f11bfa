"""A TOML document with the lines of its keys, and the faults found in it so far.

The structs of `hanse.formats.config_structs` say which keys there are and of what kind; this reads a table
by them, one key at a time, so that every fault is found and each names its line.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, get_args, get_origin

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import json_type, key_path, mistyped, shorten
from hanse.formats.toml_lines import KeyLines, key_lines
from hanse.limits import Limits

__all__ = ["Path", "Source", "check_keys", "open_source", "read_struct", "read_table"]

T = TypeVar("T", bound=msgspec.Struct)

Path = tuple[str, ...]
"""The keys that lead to a value."""

ENVIRONMENT: Final = "env:"
WORDS: Final = {
    "str": "string",
    "bool": "true or false",
    "int": "number",
    "float": "number",
    "object": "table",
}
BOUND: Final = re.compile(r"[<>]=? -?[\d.]+$")
WHERE: Final = re.compile(r"\(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Source:
    """A document being read; `environment` is None where nobody wants variables looked up."""

    subject: str
    document: Mapping[str, object]
    lines: KeyLines
    environment: Mapping[str, str] | None
    faults: list[tuple[int, FormatError]] = field(default_factory=list)

    def complain(
        self, path: Path, message: str, *, found: str = "", expected: str = "", hint: str = ""
    ) -> None:
        """Add a fault, with the line of the key or of the nearest table around it."""
        lengths = range(len(path), 0, -1)
        line = next((self.lines[path[:n]] for n in lengths if path[:n] in self.lines), 1)
        place = ""
        for key in path:
            place = key_path(place, key)
        fault = FormatError(
            message,
            subject=f"{self.subject}:{line}",
            path=place.removeprefix(".") or "$",
            found=found,
            expected=expected,
            hint=hint,
        )
        self.faults.append((line, fault))

    def in_order(self) -> list[FormatError]:
        """Return the faults by their lines."""
        return [fault for _, fault in sorted(self.faults, key=lambda item: item[0])]

    def show(self, path: Path, value: str) -> str:
        """Show a value in a message; what a variable holds may be a secret, and is not repeated."""
        written: object = self.document
        for key in path:
            written = written.get(key) if isinstance(written, Mapping) else written
        variables = named_variables(written)
        if not variables or (isinstance(written, list) and value in written):
            return shown(value)
        return f"the value of {variables[0]}"


def open_source(
    data: bytes | str, environment: Mapping[str, str] | None, subject: str, limits: Limits
) -> Source:
    """Parse a document.

    Raises:
        FormatError: It is too large, or not TOML.
    """
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > limits.config_bytes:
            raise FormatError(
                "the document is too large",
                subject=subject,
                found=f"{len(raw)} bytes",
                expected=f"at most {limits.config_bytes} bytes",
            )
        # TOML's line ends are LF and CRLF; the parser drops the CR, and so must whoever counts lines.
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
        return Source(subject, document, key_lines(text), environment)
    except RecursionError:
        raise FormatError("the document is nested too deeply", subject=subject) from None
    except ValueError as error:
        line = WHERE.search(str(error))
        raise FormatError(
            "the document is not TOML",
            subject=f"{subject}:{line[1]}" if line else subject,
            found=WHERE.sub("", str(error)).strip(),
            expected="TOML 1.0",
        ) from None


def check_keys(source: Source, path: Path, table: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the keys of a table that are known; each other is a fault, with a guess at what was meant."""
    names, good = list(known), []
    for key in table:
        if key in names:
            good.append(key)
            continue
        near = difflib.get_close_matches(key, names, n=1)
        source.complain(
            (*path, key),
            "nobody knows this key",
            found=repr(shorten(key)),
            expected="" if near else "one of " + ", ".join(names),
            hint=f"did you mean `{near[0]}`?" if near else "",
        )
    return good


def read_table(source: Source, path: Path, value: object) -> Mapping[str, object] | None:
    """Return a value that must be a table, or complain."""
    if isinstance(value, dict):
        return value
    source.complain(path, "this must be a table", found=toml_type(value), expected="table")
    return None


def read_struct(source: Source, path: Path, table: Mapping[str, object], kind: type[T]) -> T | None:
    """Read a table by the fields of a struct; None where a field without a default is missing.

    What is faulty is left at its default.
    """
    fields = {item.encode_name: item for item in msgspec.structs.fields(kind)}
    values: dict[str, object] = {}
    for key in check_keys(source, path, table, fields):
        value = read_value(source, (*path, key), table[key], fields[key].type)
        if value is not msgspec.UNSET:
            values[fields[key].name] = value
    missing = [item.name for item in fields.values() if item.required and item.encode_name not in table]
    for name in missing:
        source.complain(path, f"`{name}` is missing", expected=f"a value for `{name}`")
    if any(item.required and item.name not in values for item in fields.values()):
        return None
    return kind(**values)


def read_value(source: Source, path: Path, value: object, kind: object) -> object:
    """Return a value of a field's kind, or UNSET with a complaint (or where a variable is not looked up)."""
    variables = named_variables(value)
    if variables and source.environment is None:
        return msgspec.UNSET
    for name in variables:
        if source.environment is not None and name not in source.environment:
            source.complain(
                path,
                f"the environment variable {name} is not set",
                found=ENVIRONMENT + name,
                expected="a variable that is set",
            )
            return msgspec.UNSET
    actual = look_up(value, source.environment or {})
    try:
        return msgspec.convert(actual, kind, strict=not variables)
    except msgspec.ValidationError as error:
        fault = mistyped(error, actual, source.subject)
        inner = fault.path.removeprefix("$")
        # What a variable holds may be a secret, and is not repeated.
        found = (
            f"the value of {variables[0]}" if variables else in_words(fault.found) if inner else shown(value)
        )
        where = f" at item {inner}" if inner else ""
        source.complain(
            path, f"the value does not fit{where}", found=found, expected=expectation(fault, kind)
        )
        return msgspec.UNSET


def named_variables(value: object) -> list[str]:
    """Return the environment variables a text, or a list of texts, stands for."""
    texts = value if isinstance(value, list) else [value]
    return [
        text.removeprefix(ENVIRONMENT)
        for text in texts
        if isinstance(text, str) and text.startswith(ENVIRONMENT)
    ]


def look_up(value: object, environment: Mapping[str, str]) -> object:
    """Put the variables' values in their places."""
    if isinstance(value, list):
        return [look_up(item, environment) if isinstance(item, str) else item for item in value]
    if isinstance(value, str) and value.startswith(ENVIRONMENT):
        return environment[value.removeprefix(ENVIRONMENT)]
    return value


def expectation(fault: FormatError, kind: object) -> str:
    """Say in TOML's words what a field takes."""
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Literal:
            return " or ".join(repr(choice) for choice in get_args(part))
    if bound := BOUND.search(fault.message):
        return f"a number {bound[0]}"
    return in_words(fault.expected) or fault.message


def in_words(kinds: str) -> str:
    """Return msgspec's names of types in TOML's words."""
    words = [WORDS.get(word, word) for word in kinds.split(" | ") if word not in ("", "null")]
    return " or ".join(dict.fromkeys(words))


def shown(value: object) -> str:
    """Show a value in a message."""
    return shorten(repr(value)) if isinstance(value, str | int | float) else toml_type(value)


def toml_type(value: object) -> str:
    """Name a value's TOML type."""
    return in_words(json_type(value))
