"""What a consumer asks a publisher for: `{exposes, have, nonce}`, as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import decode_json, encode_json, shorten
from hanse.formats.entry_checks import refuse_excess
from hanse.formats.server_entry import ServerEntry
from hanse.limits import LIMITS, Limits
from hanse.names import text_fault

__all__ = ["STREAM_TYPE", "StreamRequest", "decode_request", "encode_request", "wanted_files"]

STREAM_TYPE: Final = "application/vnd.hanse.stream"
NONCE_LENGTHS: Final = range(16, 129)


class StreamRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked for.

    Attributes:
        nonce: What the request calls itself; the answer says it again, signed.
        exposes: The keys of exposed modules and the paths of pages; None for the whole build.
        have: The digests of what the asker has already.
    """

    nonce: str
    exposes: tuple[str, ...] | None = None
    have: tuple[str, ...] = ()


DECODER: Final = msgspec.json.Decoder(StreamRequest)


def encode_request(nonce: str, *, exposes: Collection[str] | None, have: Iterable[str]) -> bytes:
    """Write a request; the same one is the same bytes."""
    asked = None if exposes is None else tuple(sorted(exposes))
    return encode_json(StreamRequest(nonce, asked, tuple(sorted(have))), subject="request")


def decode_request(data: bytes, *, subject: str, limits: Limits = LIMITS) -> StreamRequest:
    """Read a request.

    Raises:
        FormatError: Not JSON, wrong types, too large, too many items, or a nonce that is none.
    """
    request = decode_json(DECODER, data, subject=subject, cap=limits.stream_request_bytes)
    if text_fault(request.nonce) or len(request.nonce) not in NONCE_LENGTHS:
        found = repr(shorten(request.nonce))
        raise FormatError(
            "this is no nonce", subject=subject, path="$.nonce", found=found, expected="16 to 128 characters"
        )
    counts = (
        ("$.exposes", len(request.exposes or ()), limits.exposes_per_entry),
        ("$.have", len(request.have), limits.stream_modules),
    )
    refuse_excess(counts, subject)
    return request


def wanted_files(entry: ServerEntry, exposes: Collection[str] | None) -> frozenset[str]:
    """Return the files of a build that somebody who asks for exposed modules needs first.

    Beside those of the modules these are the copies of shared packages that they, or what they import, could
    be given: whoever decides about versions needs no second request. A Module Federation container loads its
    chunks by itself, so it is wanted as a whole.

    Args:
        entry: The build.
        exposes: Keys of exposed modules, and paths of pages; None for all files.

    Raises:
        FormatError: There is no such key or path.
    """
    pages = {page.path: page.module for page in entry.pages}
    named = {**pages, **entry.exposes}
    keys = () if exposes is None else exposes
    if missing := next((key for key in sorted(keys) if key not in named), None):
        raise FormatError(f"it exposes no `{shorten(missing)}`", subject=entry.name)
    if exposes is None or entry.container is not None:
        return frozenset(entry.modules)
    return close_over(entry, {named[key] for key in exposes})


def close_over(entry: ServerEntry, files: set[str]) -> frozenset[str]:
    """Return files with all that they import, and with the build's own copies of shared packages they use."""
    copies: dict[str, set[str]] = {}
    for item in entry.shared:
        for specifier, file in (item.entries or {}).items():
            copies.setdefault(specifier, set()).add(file)
            copies.setdefault(item.package_name, set()).add(file)
        if item.out_file_name is not None:
            copies.setdefault(item.package_name, set()).add(item.out_file_name)
    found: set[str] = set()
    waiting = [*files]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            module = entry.modules[file]
            waiting += module.imports
            waiting += (copy for package in module.externals for copy in copies.get(package, ()))
    return frozenset(found)
