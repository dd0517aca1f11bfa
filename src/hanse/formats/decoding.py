"""From bytes to typed structs, and from the decoder's complaints to faults with a path.

Everything in `hanse.formats` that reads JSON reads it here: size first, then a byte order mark (which a
browser's `response.json()` drops as well), then types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from hanse.errors import FormatError, HanseError

__all__ = [
    "convert_value",
    "decode_json",
    "encode_json",
    "in_a_line",
    "json_type",
    "key_path",
    "mistyped",
    "shorten",
]

T = TypeVar("T")

BOM: Final = b"\xef\xbb\xbf"

# msgspec writes `Expected X, got Y - at PATH`, with `[...]` for the key of a mapping.
PLACE: Final = re.compile(r"^(?P<text>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
MISMATCH: Final = re.compile(r"^Expected `(?P<expected>.*)`, got `(?P<found>.*)`$")
MISSING: Final = re.compile(r"^Object missing required field `(?P<field>.*)`$")
STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")

Step = Mapping[str, str | None]
"""One step of msgspec's path: a name, an index, or any key."""

PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


def in_a_line(error: HanseError) -> str:
    """Say on one line what is wrong, and with which document; the hint is left out."""
    text, _, _ = str(error).partition("\n  hint: ")
    return " ".join(text.split())


def decode_json(decoder: msgspec.json.Decoder[T], data: bytes | str, *, subject: str, cap: int) -> T:
    """Decode a document of at most `cap` bytes.

    Raises:
        FormatError: It is too large, not JSON, nested too deeply, or of other types than the decoder's.
    """
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > cap:
            raise too_large(len(raw), cap, subject)
        if raw.startswith(BOM):
            raw = raw[len(BOM) :]
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise mistyped(error, generic(raw), subject) from None
    except RecursionError:
        raise FormatError("the document is nested too deeply", subject=subject) from None
    except ValueError as error:
        raise FormatError(
            "the document is not JSON", subject=subject, found=str(error), expected="UTF-8 JSON"
        ) from None


def convert_value(value: object, kind: type[T], *, subject: str) -> T:
    """Give already decoded JSON (dicts, lists, texts) its type.

    Raises:
        FormatError: It is of other types than `kind`, or nested too deeply.
    """
    plain = dict(value) if isinstance(value, Mapping) else value
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise mistyped(error, plain, subject) from None
    except RecursionError:
        raise FormatError("the document is nested too deeply", subject=subject) from None


def encode_json(value: object, *, subject: str) -> bytes:
    """Encode a struct or plain value as compact JSON, keys in their order.

    Raises:
        FormatError: Something in it is not JSON: a lone surrogate, an object of another kind, a bomb.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"this cannot become JSON: {error}", subject=subject) from error


def too_large(size: int, cap: int, subject: str) -> FormatError:
    """Say by how much a document is too large."""
    return FormatError(
        "the document is too large", subject=subject, found=f"{size} bytes", expected=f"at most {cap} bytes"
    )


def mistyped(error: msgspec.ValidationError, document: object, subject: str) -> FormatError:
    """Turn msgspec's complaint into a fault whose path is exact."""
    match = PLACE.match(str(error))
    text, path = (match["text"], match["path"] or "$") if match else (str(error), "$")
    if missing := MISSING.match(text):
        return FormatError(
            f"`{missing['field']}` is missing",
            subject=subject,
            path=exact_path(path, document, "object", missing["field"]),
            expected=f"a value for `{missing['field']}`",
        )
    if mismatch := MISMATCH.match(text):
        return FormatError(
            "the value has the wrong type",
            subject=subject,
            path=exact_path(path, document, mismatch["found"]),
            found=mismatch["found"],
            expected=mismatch["expected"].replace("`", ""),
        )
    return FormatError(text, subject=subject, path=exact_path(path, document, ""))


def exact_path(path: str, document: object, found: str, without: str = "") -> str:
    """Replace each `[...]` of msgspec's path by the key that is meant.

    The key is the first whose value leads to a value of the type found (and lacks the field `without`).
    """
    if "[...]" not in path:
        return path
    steps: list[Step] = [step.groupdict() for step in STEP.finditer(path.removeprefix("$"))]
    return next(walk(document, "$", steps, found, without), path)


def walk(node: object, path: str, steps: list[Step], found: str, without: str) -> Iterator[str]:
    """Yield the exact paths below `node` that fit the steps and end at the value complained about."""
    if not steps:
        if found in ("", json_type(node)) and not (without and isinstance(node, dict) and without in node):
            yield path
        return
    step, rest = steps[0], steps[1:]
    if step["any"] and isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, key_path(path, key), rest, found, without)
    elif step["name"] and isinstance(node, dict) and step["name"] in node:
        yield from walk(node[step["name"]], f"{path}.{step['name']}", rest, found, without)
    elif step["index"] and isinstance(node, list) and int(step["index"]) < len(node):
        yield from walk(node[int(step["index"])], f"{path}[{step['index']}]", rest, found, without)


def generic(raw: bytes) -> object:
    """Decode to plain values, only to find a key; whatever cannot be decoded has no keys."""
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None


def key_path(path: str, key: str) -> str:
    """Add a key to a path: `$.name`, or `$["a.b"]` where the key is not a plain word."""
    if PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}"
    return f'{path}["{shorten(key)}"]'


def json_type(value: object) -> str:
    """Name a decoded value's JSON type, in msgspec's words."""
    if value is None:
        return "null"
    names = {bool: "bool", str: "str", int: "int", float: "float", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


def shorten(text: str, length: int = 60) -> str:
    """Cut a text for a message; invisible characters are escaped."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= length else shown[: length - 1] + "…"
