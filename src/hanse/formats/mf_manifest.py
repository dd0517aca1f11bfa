"""`mf-manifest.json`: what a Module Federation container exposes, shares and consumes, as its build says.

Read in the variants that webpack, rspack, Vite and Next write: fields are missing in each, none is demanded.
`getPublicPath`, JavaScript in a text that the official runtime evaluates, is never run. What the document
comes to is for `hanse.formats.container.read_container` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, decode_json, encode_json
from hanse.formats.mf_checks import check_mf_counts, mf_violations
from hanse.formats.mf_structs import MfManifest
from hanse.formats.remote_entry import Check
from hanse.limits import LIMITS, Limits

__all__ = ["MfManifest", "decode_mf_manifest", "encode_mf_manifest", "mf_manifest_violations"]

DECODER: Final = msgspec.json.Decoder(MfManifest)


def decode_mf_manifest(
    data: bytes | str | Mapping[str, object],
    *,
    subject: str,
    limits: Limits = LIMITS,
    check: Check = "refuse",
) -> MfManifest:
    """Decode a manifest; unknown fields are ignored, types are not coerced, everything may be missing.

    Args:
        data: The document, or its decoded JSON.
        subject: Where it came from, for messages.
        limits: The caps on sizes and counts: those of remote entries.
        check: With `report`, names and files outside the grammar do not raise; ask
            `mf_manifest_violations`.

    Raises:
        FormatError: Not JSON, wrong types, too many parts, or (unless `report`) a name or file outside the
            grammar.
    """
    if isinstance(data, Mapping):
        manifest = convert_value(data, MfManifest, subject=subject)
    else:
        manifest = decode_json(DECODER, data, subject=subject, cap=limits.remote_entry_bytes)
    check_mf_counts(manifest, subject, limits)
    if check == "refuse":
        for violation in mf_violations(manifest, subject):
            raise violation
    return manifest


def encode_mf_manifest(manifest: MfManifest) -> bytes:
    """Encode a manifest as compact JSON; what is absent stays absent.

    Raises:
        FormatError: A text in it is not Unicode.
    """
    return encode_json(manifest, subject=manifest.name or "mf-manifest")


def mf_manifest_violations(manifest: MfManifest, *, subject: str = "") -> list[FormatError]:
    """List each name and file of a manifest that is outside the grammar."""
    return list(mf_violations(manifest, subject or manifest.name or "mf-manifest"))
