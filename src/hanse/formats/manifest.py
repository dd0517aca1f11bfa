"""The manifest: which remotes a federation has, and where their documents lie.

In the ecosystem an entry is a URL or `{"url", "integrity"}`; Hanse's own may also carry `type`, and `server`:
the base of a native remote's Hanse endpoints, or the manifest of a container's build for servers. Fields that
others put there (`main`) are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeVar

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, decode_json, encode_json, key_path, shorten
from hanse.limits import LIMITS, Limits
from hanse.names import export_name_fault, package_name_fault, remote_name_fault
from hanse.urls import join

__all__ = ["Manifest", "Remote", "decode_manifest", "encode_manifest", "facade_faults", "javascript_order"]

T = TypeVar("T")

# Any base will do to learn whether a relative URL can be parsed at all.
SOME_PAGE: Final = "https://page.invalid/"

# The largest array index of ECMAScript; keys above it keep their place like any other.
LAST_INDEX: Final = 2**32 - 2


class Remote(msgspec.Struct, frozen=True, omit_defaults=True):
    """One remote of a manifest.

    `url` is where its remote entry lies, absolute or relative to the page; `integrity` the entry's SRI
    digest; `type` says which system it was built for. `server` is the base URL of its Hanse endpoints; of a
    container, it is the manifest of its build for servers, or that build's folder. `facade` has the names
    that a container's copies of packages export, for native remotes to get them.
    """

    url: str
    integrity: str | None = None
    server: str | None = None
    type: Literal["native", "mf"] = "native"
    facade: Mapping[str, list[str]] | None = None


Manifest = Mapping[str, Remote]
"""Remote name -> remote, in the document's order."""

Wire = dict[str, str | Remote]

DECODER: Final = msgspec.json.Decoder(Wire)


def decode_manifest(
    data: bytes | str | Mapping[str, object], *, subject: str, limits: Limits = LIMITS
) -> Manifest:
    """Decode a manifest; one without remotes is fine.

    Args:
        data: The document, or its decoded JSON.
        subject: Where it came from, for messages.
        limits: The caps on its size and number of remotes.

    Raises:
        FormatError: Not JSON, not an object, wrong types, a name outside the grammar, a URL no browser
            could parse, too many remotes.
    """
    if isinstance(data, Mapping):
        wire = convert_value(data, Wire, subject=subject)
    else:
        wire = decode_json(DECODER, data, subject=subject, cap=limits.manifest_bytes)
    if len(wire) > limits.remotes_per_manifest:
        raise FormatError(
            "there are too many remotes",
            subject=subject,
            found=str(len(wire)),
            expected=f"at most {limits.remotes_per_manifest}",
        )
    manifest = {name: Remote(item) if isinstance(item, str) else item for name, item in wire.items()}
    for name, remote in manifest.items():
        check_remote(name, remote, subject)
    return manifest


def encode_manifest(manifest: Manifest) -> bytes:
    """Encode a manifest as JSON; a remote that is nothing but its URL is written as a string.

    Raises:
        FormatError: A text in it is not Unicode.
    """
    return encode_json(
        {name: remote.url if remote == Remote(remote.url) else remote for name, remote in manifest.items()},
        subject="manifest",
    )


def javascript_order(mapping: Mapping[str, T]) -> dict[str, T]:
    """Return the same mapping in the order JavaScript would go through it as an object.

    Keys that are array indices come first, ascending; all others keep their place (ECMA-262,
    OrdinaryOwnPropertyKeys).
    """
    indices = sorted((key for key in mapping if is_array_index(key)), key=int)
    return {key: mapping[key] for key in [*indices, *(key for key in mapping if not is_array_index(key))]}


def is_array_index(key: str) -> bool:
    """Tell whether JavaScript keeps a property of this name among the numbered ones."""
    if not (key.isascii() and key.isdigit()) or len(key) > len(str(LAST_INDEX)):
        return False
    return str(int(key)) == key and int(key) <= LAST_INDEX


def check_remote(name: str, remote: Remote, subject: str) -> None:
    """Raise unless a remote has a proper name and URLs that can be parsed.

    Raises:
        FormatError: It has not.
    """
    path = key_path("$", name)
    if fault := remote_name_fault(name):
        raise FormatError(
            f"this cannot be a remote's name: {fault}",
            subject=subject,
            path=path,
            found=repr(shorten(name)),
            expected="a remote's name",
        )
    for field, url in (("url", remote.url), ("server", remote.server)):
        if url is not None and (not url.strip() or join(SOME_PAGE, url) is None):
            raise FormatError(
                "this URL cannot be parsed",
                subject=subject,
                path=f"{path}.{field}",
                found=repr(shorten(url)),
                expected="a URL",
            )
    for place, text, fault in facade_faults(remote.facade or {}, remote.type):
        raise FormatError(
            f"this cannot be a facade: {fault}",
            subject=subject,
            path=f"{path}.facade{place}",
            found=repr(shorten(text)),
            expected="a package of a container, and the names that it exports",
        )


def facade_faults(facade: Mapping[str, list[str]], kind: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the facades of a remote: place, text and reason."""
    if facade and kind != "mf":
        yield "", kind, "native remotes share their own files"
    for package, names in facade.items():
        place = key_path("", package)
        if fault := package_name_fault(package):
            yield place, package, fault
        for index, name in enumerate(names):
            if fault := export_name_fault(name):
                yield f"{place}[{index}]", name, fault
