"""Sealing: what travels between two servers that share a key is read by nobody else, and changed by nobody.

The payload is age's STREAM (C2SP `age.md`, "Payload"): chunks of 64 KiB in ChaCha20-Poly1305, whose nonce is
a counter of eleven bytes, big-endian, and one byte that is 1 for the last chunk; the key is HKDF-SHA256 of a
file key, salted with sixteen random bytes that stand before the chunks. A chunk that is empty is the last of
an empty payload, and nothing else. So a payload that was cut, continued or reordered does not open.

Around it stands Hanse's envelope: a line that names it, the id of the shared key, and the salt. The key of
the chunks is also derived from remote, version and direction: what was sealed for one opens for no other.

A shared key says that one of those who have it wrote this, not who: `hanse.stream.signing` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hanse.errors import FormatError, StreamError, UsageError
from hanse.limits import LIMITS, Limits
from hanse.names import check_remote_name
from hanse.stream.keys import KeyRing, check_key_id

__all__ = [
    "CHUNK_BYTES",
    "NONCE_BYTES",
    "Binding",
    "Direction",
    "open_payload",
    "open_sealed",
    "opened_size",
    "payload_key",
    "seal",
    "seal_payload",
]

CHUNK_BYTES: Final = 1 << 16
NONCE_BYTES: Final = 16
TAG_BYTES: Final = 16
SEALED_CHUNK: Final = CHUNK_BYTES + TAG_BYTES
ID_BYTES: Final = 16

MAGIC: Final = b"hanse-sealed-1\n"
ENVELOPE_BYTES: Final = len(MAGIC) + ID_BYTES + NONCE_BYTES

LABEL: Final = b"hanse/stream/v1"
AGE_INFO: Final = b"payload"

Direction = Literal["request", "answer"]
"""Whether a consumer sealed this for a remote, or a remote for a consumer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a seal is bound to: it opens only for the same remote, version and direction."""

    remote: str
    version: str
    direction: Direction = "answer"

    def info(self, used: str) -> bytes:
        """Return what HKDF is told beside key and salt: each part with its length, so that none runs over."""
        parts = (self.remote, self.version, self.direction, used)
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        return LABEL + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def payload_key(file_key: bytes, nonce: bytes, *, info: bytes = AGE_INFO) -> bytes:
    """Derive the key of the chunks from a file key and its nonce; `info` is age's own where none is given."""
    return HKDF(algorithm=SHA256(), length=32, salt=nonce, info=info).derive(file_key)


def seal_payload(plain: bytes, *, key: bytes, before: bytes = b"") -> bytes:
    """Return the chunks of a payload, under the key that `payload_key` derived for it and nothing else.

    Args:
        plain: The payload.
        key: Thirty-two bytes, used once.
        before: What stands before the chunks, as it is.
    """
    cipher = ChaCha20Poly1305(key)
    count = max(1, -(-len(plain) // CHUNK_BYTES))
    source = memoryview(plain)
    chunks = [
        cipher.encrypt(
            chunk_nonce(index, last=index == count - 1),
            source[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES],
            None,
        )
        for index in range(count)
    ]
    return b"".join((before, *chunks))


def open_payload(sealed: bytes | memoryview, *, key: bytes, subject: str) -> bytes:
    """Return what a payload's chunks hold, after the last of them was verified.

    Raises:
        StreamError: `seal`: a chunk was changed, cut off, added or moved, or sealed under another key.
    """
    if opened_size(len(sealed)) is None:
        raise broken(subject, "it ends in the middle of a chunk")
    cipher = ChaCha20Poly1305(key)
    source = memoryview(sealed)
    count = -(-len(sealed) // SEALED_CHUNK)
    chunks = []
    for index in range(count):
        chunk = source[index * SEALED_CHUNK : (index + 1) * SEALED_CHUNK]
        try:
            chunks.append(cipher.decrypt(chunk_nonce(index, last=index == count - 1), chunk, None))
        except InvalidTag:
            raise broken(subject, f"chunk {index + 1} of {count} is not what was sealed") from None
    return b"".join(chunks)


def opened_size(size: int) -> int | None:
    """Return how many bytes chunks of this size hold; None where no payload has that size."""
    whole, rest = divmod(size, SEALED_CHUNK)
    if rest == 0:
        return whole * CHUNK_BYTES if whole else None
    # A last chunk that holds nothing is that of an empty payload.
    if rest < TAG_BYTES or (rest == TAG_BYTES and whole):
        return None
    return whole * CHUNK_BYTES + rest - TAG_BYTES


def chunk_nonce(index: int, *, last: bool) -> bytes:
    """Return the nonce of a chunk: its number, and whether it is the last."""
    return index.to_bytes(11, "big") + (b"\1" if last else b"\0")


def seal(plain: bytes, *, ring: KeyRing, binding: Binding, nonce: bytes) -> bytes:
    """Seal bytes under the ring's key in use.

    Args:
        plain: What to seal.
        ring: The keys shared with the other side.
        binding: For which remote, version and direction.
        nonce: Sixteen bytes from a secure source of randomness, never used before.

    Raises:
        UsageError: The nonce has another length.
        FormatError: The binding's remote cannot be one.
    """
    if len(nonce) != NONCE_BYTES:
        raise UsageError(f"a nonce has {NONCE_BYTES} bytes, this one {len(nonce)}")
    check_remote_name(binding.remote, subject="sealed stream")
    key = payload_key(ring.keys[ring.in_use], nonce, info=binding.info(ring.in_use))
    return seal_payload(plain, key=key, before=MAGIC + ring.in_use.encode("ascii") + nonce)


def open_sealed(sealed: bytes, *, ring: KeyRing, binding: Binding, limits: Limits = LIMITS) -> bytes:
    """Open what `seal` sealed. Nothing is returned before the last chunk was verified.

    Args:
        sealed: All of it.
        ring: The keys shared with the other side; each of them opens what it sealed.
        binding: For which remote, version and direction it must have been sealed.
        limits: `stream_bytes` caps what is opened.

    Raises:
        FormatError: It is no sealed stream, or too large.
        StreamError: `key`: it was sealed with a key that is not known; `seal`: it was changed, or sealed for
            another remote, version or direction.
    """
    subject = binding.remote
    used, nonce, payload = split_envelope(sealed, subject, limits)
    shared = ring.keys.get(used)
    if shared is None:
        raise StreamError(
            f"it was sealed with the key {used}, which is not known here",
            reason="key",
            subject=subject,
            hint="give this server the key that the remote uses; both may have several",
        )
    key = payload_key(shared, nonce, info=binding.info(used))
    return open_payload(payload, key=key, subject=subject)


def split_envelope(sealed: bytes, subject: str, limits: Limits) -> tuple[str, bytes, memoryview]:
    """Take an envelope apart: the key's id, the nonce and the chunks.

    Raises:
        FormatError: It is no sealed stream, or too large.
    """
    if not sealed.startswith(MAGIC) or len(sealed) < ENVELOPE_BYTES:
        raise FormatError(
            "this is no sealed stream", subject=subject, expected="`hanse-sealed-1` and a key's id"
        )
    size = opened_size(len(sealed) - ENVELOPE_BYTES)
    if size is not None and size > limits.stream_bytes:
        raise FormatError(
            "the sealed stream is too large",
            subject=subject,
            found=f"{size} bytes",
            expected=f"at most {limits.stream_bytes} bytes",
        )
    start = len(MAGIC)
    used = sealed[start : start + ID_BYTES].decode("latin-1")
    check_key_id(used, subject=subject)
    return used, sealed[start + ID_BYTES : ENVELOPE_BYTES], memoryview(sealed)[ENVELOPE_BYTES:]


def broken(subject: str, detail: str) -> StreamError:
    """Say that a seal does not open."""
    return StreamError(
        f"the seal does not open: {detail}",
        reason="seal",
        subject=subject,
        hint="it was changed on its way, or sealed for another remote, version or direction",
    )
