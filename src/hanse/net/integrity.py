"""Subresource integrity, over the bytes a browser's `fetch()` would hand to a script.

The grammar and the choice of the strongest algorithm are those of the W3C's Subresource Integrity. One
thing is stricter: a browser takes a value it cannot read as no claim at all, and here it is a fault.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final, Literal

from hanse.errors import IntegrityError

__all__ = ["Algorithm", "digest", "verify_integrity"]

Algorithm = Literal["sha256", "sha384", "sha512"]

# By strength; the length is that of the digest in base64, with its padding.
LENGTHS: Final[dict[Algorithm, int]] = {"sha512": 88, "sha384": 64, "sha256": 44}
TOKEN: Final = re.compile(
    r"(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?[\x21-\x7e]*)?", re.IGNORECASE
)


def digest(data: bytes, algorithm: Algorithm = "sha384") -> str:
    """Return the integrity value of the bytes, as `sha384-…`."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, data).digest()).decode('ascii')}"


def verify_integrity(data: bytes, integrity: str, *, subject: str = "") -> None:
    """Check bytes against an integrity value: one of its strongest digests has to be theirs.

    Args:
        data: The bytes, after content decoding.
        integrity: One or more `sha256-…`, `sha384-…` or `sha512-…`, separated by white space.
        subject: The URL or file, for the error.

    Raises:
        IntegrityError: No digest matches, or the value holds none that can be read.
    """
    algorithm, wanted = strongest(integrity, subject=subject)
    found = digest(data, algorithm)
    if not any(hmac.compare_digest(found, claim) for claim in wanted):
        raise IntegrityError(
            f"the bytes have {found}, and not {' or '.join(sorted(wanted))}",
            subject=subject,
            hint="the file has changed since its integrity was written down: deploy both together",
        )


def strongest(integrity: str, *, subject: str) -> tuple[Algorithm, frozenset[str]]:
    """Return the strongest algorithm claimed, and the digests claimed for it."""
    claims = [claim for token in integrity.split() if (claim := read_token(token)) is not None]
    for algorithm in LENGTHS:
        wanted = frozenset(value for name, value in claims if name == algorithm)
        if wanted:
            return algorithm, wanted
    raise IntegrityError(
        f"the integrity {integrity[:200]!r} holds no digest that can be read",
        subject=subject,
        hint="it should look like sha384-… with the digest in base64",
    )


def read_token(token: str) -> tuple[Algorithm, str] | None:
    """Read one claim; None if it is malformed or of an algorithm that is not known."""
    match = TOKEN.fullmatch(token)
    if match is None:
        return None
    for algorithm, length in LENGTHS.items():
        if match[1].lower() == algorithm and len(match[2]) == length:
            # Browsers take the URL-safe alphabet as the same digest.
            return algorithm, f"{algorithm}-{match[2].replace('-', '+').replace('_', '/')}"
    return None
