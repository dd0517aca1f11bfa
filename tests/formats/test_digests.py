"""Integrity metadata, judged as text."""

from __future__ import annotations

import base64
import hashlib

import pytest

from hanse.formats.digests import digest_fault, integrity_fault


def digest(algorithm: str) -> str:
    """Return a digest of nothing."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, b'').digest()).decode()}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_three_algorithms_count(algorithm: str) -> None:
    assert digest_fault(digest(algorithm)) is None
    assert integrity_fault(f" {digest(algorithm)}?ct=application/javascript  {digest('sha384')} ") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha384",
        "md5-1B2M2Y8AsgTpgAmY7PhCfg==",
        "sha384-",
        "sha384-abc",
        "sha384-?",
        "sha256-" + "A" * 64,
        "sha384-é",
    ],
)
def test_the_rest_does_not(text: str) -> None:
    assert digest_fault(text)
    assert integrity_fault(text)


def test_a_digest_is_one() -> None:
    assert digest_fault(f"{digest('sha256')} {digest('sha384')}")
