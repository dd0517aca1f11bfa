from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hanse.errors import FormatError, StreamError, UsageError
from hanse.stream import Signature, public_key, sign, trust, verify

PRIVATE, OTHER = bytes(range(32)), bytes(range(1, 33))
PUBLISHERS = trust({"shop": [public_key(PRIVATE)], "cart": [public_key(OTHER)]})


def reason_of(signature: Signature, data: bytes = b"data", remote: str = "shop") -> str:
    with pytest.raises(StreamError) as caught:
        verify(data, signature, remote=remote, publishers=PUBLISHERS)
    return caught.value.reason


def test_a_trusted_publisher_is_believed() -> None:
    verify(b"data", sign(b"data", private=PRIVATE), remote="shop", publishers=PUBLISHERS)


def test_trust_in_one_remote_is_none_in_another() -> None:
    assert reason_of(sign(b"data", private=OTHER)) == "publisher"
    assert reason_of(sign(b"data", private=PRIVATE), remote="cart") == "publisher"
    assert reason_of(sign(b"data", private=PRIVATE), remote="blog") == "publisher"


def test_other_data_and_other_signatures_are_refused() -> None:
    signature = sign(b"data", private=PRIVATE)
    assert reason_of(signature, b"date") == "signature"
    assert reason_of(replace(signature, value=bytes(64))) == "signature"
    assert reason_of(replace(sign(b"data", private=OTHER), key=signature.key)) == "signature"


def test_a_signature_made_for_another_purpose_is_none() -> None:
    bare = Ed25519PrivateKey.from_private_bytes(PRIVATE).sign(b"data")
    assert reason_of(Signature(sign(b"data", private=PRIVATE).key, bare)) == "signature"


def test_two_keys_are_trusted_while_one_replaces_the_other() -> None:
    both = trust({"shop": [public_key(PRIVATE), public_key(OTHER)]})
    for private in (PRIVATE, OTHER):
        verify(b"data", sign(b"data", private=private), remote="shop", publishers=both)


def test_keys_and_names_are_what_they_should_be() -> None:
    with pytest.raises(UsageError):
        sign(b"data", private=b"short")
    with pytest.raises(UsageError):
        trust({"shop": [b"short"]})
    with pytest.raises(FormatError):
        trust({"__proto__": [public_key(PRIVATE)]})
