"""Signatures: who wrote a stream, which a shared key cannot say. ed25519 (RFC 8032).

A publisher signs with a private key; a consumer keeps, for each remote, the public keys it trusts. A key that
is trusted for one remote says nothing about another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hanse.errors import StreamError
from hanse.names import check_remote_name
from hanse.stream.keys import check_length, key_id

__all__ = ["SIGNATURE_BYTES", "Publishers", "Signature", "public_key", "sign", "trust", "verify"]

SIGNATURE_BYTES: Final = 64

# What is signed begins with this, so that a signature made for another purpose is none here.
LABEL: Final = b"hanse/stream/v1 signature\0"

Publishers = Mapping[str, Mapping[str, bytes]]
"""Remote -> id -> public key: whom a consumer trusts, for each remote."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and the id of the public key that verifies it."""

    key: str
    value: bytes


def public_key(private: bytes) -> bytes:
    """Return the public half of a private key, both of 32 bytes.

    Raises:
        UsageError: The key has another length.
    """
    check_length(private)
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(data: bytes, *, private: bytes) -> Signature:
    """Sign bytes as a publisher.

    Raises:
        UsageError: The key has another length than 32 bytes.
    """
    check_length(private)
    value = Ed25519PrivateKey.from_private_bytes(private).sign(LABEL + data)
    return Signature(key_id(public_key(private)), value)


def trust(keys: Mapping[str, Iterable[bytes]]) -> Publishers:
    """Say which public keys are trusted for which remote; several, where one is being replaced.

    Raises:
        UsageError: A key has another length than 32 bytes.
        FormatError: A name cannot be a remote's.
    """
    publishers: dict[str, dict[str, bytes]] = {}
    for remote, trusted in keys.items():
        check_remote_name(remote, subject="trusted publishers")
        publishers[remote] = {}
        for key in trusted:
            check_length(key)
            publishers[remote][key_id(key)] = key
    return publishers


def verify(data: bytes, signature: Signature, *, remote: str, publishers: Publishers) -> None:
    """Raise unless a publisher that is trusted for this remote signed these bytes.

    Raises:
        StreamError: `publisher`: the key is not trusted for this remote; `signature`: it did not sign this.
    """
    key = publishers.get(remote, {}).get(signature.key)
    if key is None:
        raise StreamError(
            f"it was signed with the key {signature.key}, which is not trusted for this remote",
            reason="publisher",
            subject=remote,
            hint="ask the remote's owner for the public key, and trust it for this remote",
        )
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature.value, LABEL + data)
    except (InvalidSignature, ValueError):
        raise StreamError(
            f"what stands in it is not what {signature.key} signed", reason="signature", subject=remote
        ) from None
