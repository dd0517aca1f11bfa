"""Import maps: written by Hanse, read as a browser reads them.

Source of the reading: the HTML standard, "Import maps" (parsing, normalising, merging) of 2025.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import decode_json, encode_json, json_type, key_path, shorten
from hanse.limits import LIMITS, Limits
from hanse.urls import join, normalise

__all__ = [
    "ImportMap",
    "ParsedImportMap",
    "parse_import_map",
    "serialise",
    "url_like",
]


class ImportMap(msgspec.Struct, frozen=True, omit_defaults=True):
    """An import map to be written: specifier -> URL, scope -> specifier -> URL, URL -> SRI digest.

    URLs are absolute, or relative to the page that will carry the map.
    """

    imports: dict[str, str] = {}
    scopes: dict[str, dict[str, str]] = {}
    integrity: dict[str, str] = {}


class ParsedImportMap(msgspec.Struct, frozen=True, omit_defaults=True):
    """An import map as a browser holds it: every key and address normalised, every URL absolute.

    An address of None blocks its specifier: the rule was there but could not be used.
    """

    imports: dict[str, str | None] = {}
    scopes: dict[str, dict[str, str | None]] = {}
    integrity: dict[str, str] = {}


OBJECT: Final = msgspec.json.Decoder(Any)

TOP_LEVEL: Final = ("imports", "scopes", "integrity")


def parse_import_map(
    data: bytes | str | Mapping[str, object] | ImportMap,
    *,
    base: str,
    subject: str = "import map",
    limits: Limits = LIMITS,
) -> tuple[ParsedImportMap, list[str]]:
    """Parse an import map as a browser does that finds it on the page `base`.

    Args:
        data: The text of the script element, its decoded JSON, or a map made by Hanse.
        base: The absolute URL of the page.
        subject: What to call the map in messages.
        limits: The cap on its size.

    Returns:
        The map, and what a browser would say about it on its console.

    Raises:
        FormatError: The browser would refuse the whole map.
    """
    warnings: list[str] = []
    document = read_top_level(data, subject, limits)
    imports = section(document, "imports", "$", subject)
    scopes = section(document, "scopes", "$", subject)
    integrity = section(document, "integrity", "$", subject)
    warnings += [f"`{shorten(key)}` is not a part of import maps" for key in document if key not in TOP_LEVEL]
    return (
        ParsedImportMap(
            imports=normalise_specifiers(imports, base, warnings),
            scopes={
                url: normalise_specifiers(section(scopes, key, "$.scopes", subject), base, warnings)
                for key, url in scope_urls(scopes, base, subject, warnings)
            },
            integrity=normalise_integrity(integrity, base, warnings),
        ),
        warnings,
    )


def serialise(import_map: ImportMap | ParsedImportMap) -> bytes:
    """Write a map as compact JSON: imports, scopes, integrity, each in its own order.

    `imports` is always there; `scopes` and `integrity` only where they are not empty.

    Raises:
        FormatError: A text in it is not Unicode.
    """
    parts: dict[str, object] = {"imports": import_map.imports}
    if import_map.scopes:
        parts["scopes"] = import_map.scopes
    if import_map.integrity:
        parts["integrity"] = import_map.integrity
    return encode_json(parts, subject="import map")


def url_like(specifier: str, base: str) -> str | None:
    """Return the URL a specifier already is, resolved against `base` where it begins with `/`, `./`, `../`.

    None is for bare specifiers, and for what cannot be parsed.
    """
    if specifier.startswith(("/", "./", "../")):
        return join(base, specifier)
    return normalise(specifier)


def read_top_level(
    data: bytes | str | Mapping[str, object] | ImportMap, subject: str, limits: Limits
) -> Mapping[str, object]:
    """Return the document as an object."""
    if isinstance(data, ImportMap):
        return {"imports": data.imports, "scopes": data.scopes, "integrity": data.integrity}
    if isinstance(data, (bytes, str)):
        document: object = decode_json(OBJECT, data, subject=subject, cap=limits.import_map_bytes)
    else:
        document = data
    if not isinstance(document, Mapping):
        raise mismatch("an import map must be an object", subject, "$", document)
    return document


def section(document: Mapping[str, object], key: str, path: str, subject: str) -> Mapping[str, object]:
    """Return an object inside an object; an absent one is empty.

    Raises:
        FormatError: It is there and is no object.
    """
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise mismatch("this part of an import map must be an object", subject, key_path(path, key), value)
    return value


def mismatch(message: str, subject: str, path: str, found: object) -> FormatError:
    """Say that something should have been an object."""
    return FormatError(message, subject=subject, path=path, found=json_type(found), expected="object")


def normalise_specifiers(
    table: Mapping[str, object], base: str, warnings: list[str]
) -> dict[str, str | None]:
    """Normalise specifiers and addresses; of keys that become equal the last counts."""
    normalised: dict[str, str | None] = {}
    for key, value in table.items():
        if not key:
            warnings.append("a specifier is empty")
            continue
        normalised[url_like(key, base) or key] = normalise_address(key, value, base, warnings)
    return normalised


def normalise_address(key: str, value: object, base: str, warnings: list[str]) -> str | None:
    """Return the absolute address of a specifier, or None where it has none that works."""
    address = url_like(value, base) if isinstance(value, str) else None
    if address is None:
        warnings.append(f"the address of `{shorten(key)}` is no URL: {shorten(str(value))}")
    elif key.endswith("/") and not address.endswith("/"):
        warnings.append(f"the address of `{shorten(key)}` must end in a slash like the specifier")
        return None
    return address


def scope_urls(
    scopes: Mapping[str, object], base: str, subject: str, warnings: list[str]
) -> Iterable[tuple[str, str]]:
    """Yield each scope's key and URL; scopes whose key cannot be parsed are left out."""
    for key in scopes:
        section(scopes, key, "$.scopes", subject)
        url = join(base, key)
        if url is None:
            warnings.append(f"the scope `{shorten(key)}` is no URL")
        else:
            yield key, url


def normalise_integrity(table: Mapping[str, object], base: str, warnings: list[str]) -> dict[str, str]:
    """Keep the digests that are texts and stand beside a URL."""
    normalised: dict[str, str] = {}
    for key, value in table.items():
        url = url_like(key, base)
        if url is None or not isinstance(value, str):
            warnings.append(f"the integrity of `{shorten(key)}` cannot be used")
        else:
            normalised[url] = value
    return normalised
