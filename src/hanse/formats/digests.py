"""Integrity metadata as text: `sha384-` and the digest in base64.

Source: W3C Subresource Integrity; which algorithms count is the same in browsers and in the orchestrator.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

__all__ = ["digest_fault", "integrity_fault"]

SIZES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}


def digest_fault(digest: str) -> str | None:
    """Say why this is not a single digest, or return None.

    The orchestrator takes nothing else for a manifest or a remote entry.
    """
    algorithm, dash, encoded = digest.partition("-")
    if not dash or algorithm not in SIZES:
        return "it does not begin with sha256-, sha384- or sha512-"
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return "what follows the algorithm is not base64"
    if size != SIZES[algorithm]:
        return f"a {algorithm} digest has {SIZES[algorithm]} bytes, this one {size}"
    return None


def integrity_fault(integrity: str) -> str | None:
    """Say why this is not integrity metadata for a module, or return None.

    Several digests may stand side by side, and options after a question mark; browsers take the strongest.
    """
    digests = integrity.split()
    if not digests:
        return "it is empty, and a browser then checks nothing"
    faults = [digest_fault(digest.partition("?")[0]) for digest in digests]
    return next((fault for fault in faults if fault), None)
