"""Proof: who asks a publisher for server modules has the shared key. HTTP message signatures (RFC 9421).

Signed with hmac-sha256 are `@method`, `@authority`, `@path` and `content-digest` (RFC 9530), and as
parameters `created`, `keyid`, `nonce` and the tag `hanse`. `@target-uri` is not among them: it has the
scheme, which a server behind a proxy that ends TLS does not see. Authority and path are what proxies pass on;
one that does not is told of in the publisher's settings. There is no query, and who has one is refused.

The key is derived from the shared one for proofs of one remote: what seals is not what signs, and what was
signed for one remote is no proof to another that happens to have the same key.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HMAC_SHA256
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.structures import VerifyResult

from hanse.errors import RefusedError
from hanse.limits import LIMITS, Limits
from hanse.stream.keys import KeyRing

__all__ = ["Asked", "Proof", "ReplayWindow", "check_body", "check_proof", "proof_key", "prove"]

TAG: Final = "hanse"
COMPONENTS: Final = ("@method", "@authority", "@path", "content-digest")
HEADERS: Final = ("content-digest", "signature-input", "signature")
# What our own signer writes is 400 characters.
HEADER_LENGTH: Final = 1024
NONCE_LENGTHS: Final = range(16, 129)
# The moment is checked here, with the caller's clock; the library would read one itself.
ANY_AGE: Final = timedelta(days=365 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as it is signed.

    Attributes:
        method: In capitals.
        authority: Host, and port where it is not the scheme's own.
        path: As it stands in the URL, percent-encoded.
    """

    method: str
    authority: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof whose signature was verified.

    Attributes:
        key: The id of the shared key.
        nonce: What the asker called the request.
        digest: The `Content-Digest` header that the body must have.
    """

    key: str
    nonce: str
    digest: str


@dataclass(slots=True)
class Signed:
    """A request in the shape that the signature library reads, and puts its headers into."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class Keys(HTTPSignatureKeyResolver):
    """Gives the library keys by id, and knows afterwards whether it asked for one that is not there."""

    def __init__(self, ring: KeyRing, remote: str) -> None:
        self._ring = ring
        self._remote = remote
        self.unknown = False

    def resolve_private_key(self, key_id: str) -> bytes:
        """Return the key to sign with."""
        return proof_key(self._ring.keys[key_id], remote=self._remote)

    def resolve_public_key(self, key_id: str) -> bytes | None:
        """Return the key to verify with; None where the ring has none of this id."""
        if key_id not in self._ring.keys:
            self.unknown = True
            return None
        return self.resolve_private_key(key_id)


class Verifier(HTTPMessageVerifier):
    """The library's verifier, without a look at the clock."""

    max_clock_skew = ANY_AGE


def proof_key(shared: bytes, *, remote: str) -> bytes:
    """Derive the key that signs requests to one remote."""
    name = remote.encode("utf-8", "surrogatepass")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hanse/proof/v1\0" + name).derive(shared)


def content_digest(body: bytes) -> str:
    """Return a body's `Content-Digest` header."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def prove(
    asked: Asked, body: bytes, *, ring: KeyRing, remote: str, nonce: str, now: float
) -> Mapping[str, str]:
    """Return the headers that prove a request, by the ring's key in use.

    Args:
        asked: The request.
        body: Its body; empty where it has none.
        ring: The keys shared with the remote.
        remote: Whom it is for.
        nonce: 16 to 128 letters that were never used before.
        now: Seconds of Unix time.
    """
    message = Signed(asked.method, url_of(asked), {"content-digest": content_digest(body)})
    signer = HTTPMessageSigner(signature_algorithm=HMAC_SHA256, key_resolver=Keys(ring, remote))
    signer.sign(
        message,
        key_id=ring.in_use,
        created=datetime.fromtimestamp(int(now), tz=UTC),
        nonce=nonce,
        label=TAG,
        tag=TAG,
        covered_component_ids=COMPONENTS,
        use_existing_digest=True,
    )
    return {name.lower(): value for name, value in message.headers.items()}


def url_of(asked: Asked) -> str:
    """Return a URL that has the request's authority and path; its scheme is not signed."""
    return f"https://{asked.authority}{asked.path}"


def check_proof(
    asked: Asked,
    headers: Iterable[tuple[str, str]],
    *,
    ring: KeyRing,
    remote: str,
    now: float,
    limits: Limits = LIMITS,
) -> Proof:
    """Return the proof that a request's headers have; whether it was used before, `ReplayWindow` knows.

    The body is not looked at: `check_body` compares it, before anybody reads it.

    Raises:
        RefusedError: `proof`, `key`, `signature` or `stale`.
    """
    found = pick_headers(headers, remote)
    keys = Keys(ring, remote)
    message = Signed(asked.method, url_of(asked), found)
    verifier = Verifier(signature_algorithm=HMAC_SHA256, key_resolver=keys)
    try:
        results = verifier.verify(message, max_age=None, expect_tag=TAG, require_components=COMPONENTS)
    except HTTPMessageSignaturesException:
        if keys.unknown:
            raise refuse("key", "its proof was made with a key that is not known here", remote) from None
        raise refuse("signature", "its signature is not that of this request", remote) from None
    if len(results) != 1:
        raise refuse("proof", f"it has {len(results)} proofs", remote)
    return read_result(results[0], found["content-digest"], remote=remote, now=now, limits=limits)


def pick_headers(headers: Iterable[tuple[str, str]], remote: str) -> dict[str, str]:
    """Return the headers that a proof consists of.

    Raises:
        RefusedError: `proof`: one is missing, there twice, or too long to be one of ours.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if name in HEADERS:
            if name in found or len(value) > HEADER_LENGTH:
                raise refuse("proof", f"its header {name} is there twice, or too long", remote)
            found[name] = value
    if missing := next((name for name in HEADERS if name not in found), None):
        raise refuse("proof", f"it has no header {missing}", remote)
    return found


def read_result(result: VerifyResult, digest: str, *, remote: str, now: float, limits: Limits) -> Proof:
    """Return the proof that a verified signature is.

    Raises:
        RefusedError: `proof`: it covers more than ours, or its nonce is none; `stale`.
    """
    said = result.parameters
    created, key, nonce = said.get("created"), said.get("keyid"), said.get("nonce")
    if len(result.covered_components) != len(COMPONENTS) + 1:
        raise refuse("proof", "its proof covers other components than ours", remote)
    if not isinstance(created, int) or not isinstance(key, str) or not isinstance(nonce, str):
        raise refuse("proof", "its proof has no time, key or nonce", remote)
    if len(nonce) not in NONCE_LENGTHS:
        raise refuse("proof", f"its nonce has {len(nonce)} characters", remote)
    if abs(now - created) > limits.proof_window:
        ago = now - created
        hint = "compare the clocks of both servers"
        raise refuse("stale", f"its proof was made {ago:.0f} seconds ago", remote, hint)
    return Proof(key=key, nonce=nonce, digest=digest)


def check_body(proof: Proof, body: bytes, *, remote: str) -> None:
    """Raise unless a body is the one whose digest was signed.

    Raises:
        RefusedError: `digest`.
    """
    # The one spelling that our signer writes: a comparison of texts leaves nothing to be read.
    if proof.digest != content_digest(body):
        raise refuse("digest", "its body is not the one that was signed", remote)


def refuse(reason: str, message: str, remote: str, hint: str = "") -> RefusedError:
    """Say why a request is turned away."""
    return RefusedError(message, reason=reason, subject=remote, hint=hint)


class ReplayWindow:
    """Remembers proofs for as long as they could be used again, in bounded memory.

    A proof may be as much too young as it may be too old, so each is remembered for two windows. Where
    there is no room, new ones are turned away: forgetting an old one would let it in again.

    Args:
        remote: Whose publisher this is, for messages.
        limits: `proof_window` and `proofs_kept` are used.
    """

    def __init__(self, remote: str, limits: Limits = LIMITS) -> None:
        self._remote = remote
        self._limits = limits
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def admit(self, proof: Proof, *, now: float) -> None:
        """Remember a proof.

        Raises:
            RefusedError: `replay`: it is known already; `rate`: there is no room.
        """
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        name = (proof.key, proof.nonce)
        if name in self._until:
            raise refuse("replay", "its proof was used before", self._remote)
        if len(self._until) >= self._limits.proofs_kept:
            raise refuse("rate", "there are too many proofs to remember", self._remote)
        self._until[name] = now + 2 * self._limits.proof_window
