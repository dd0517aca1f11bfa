"""Digests, as browsers read them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import IntegrityError
from hanse.net import digest, verify_integrity
from hanse.net.integrity import Algorithm

DATA = b'{"name":"shop"}'
WRONG = b"{}"

GOOD256, GOOD384, GOOD512 = digest(DATA, "sha256"), digest(DATA), digest(DATA, "sha512")
BAD256, BAD384, BAD512 = digest(WRONG, "sha256"), digest(WRONG), digest(WRONG, "sha512")


def test_digest_is_what_openssl_says() -> None:
    # printf '' | openssl dgst -sha256 -binary | openssl base64
    assert digest(b"", "sha256") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_digest_verifies(algorithm: Algorithm) -> None:
    verify_integrity(DATA, digest(DATA, algorithm))
    with pytest.raises(IntegrityError):
        verify_integrity(WRONG, digest(DATA, algorithm))


@pytest.mark.parametrize(
    "integrity",
    [
        f" \t{GOOD384}\n",
        f"{GOOD384}?ct=application/json",
        GOOD384.replace("sha384", "SHA384"),
        GOOD384.replace("+", "-").replace("/", "_"),
        f"{BAD384} {GOOD384}",
        f"{BAD256} {GOOD384}",
        f"{BAD256} {BAD384} {GOOD512}",
        f"md5-1B2M2Y8AsgTpgAmY7PhCfg== {GOOD256}",
        f"sha384-short {GOOD256}",
        f"nonsense {GOOD384}",
    ],
)
def test_one_of_the_strongest_digests_has_to_match(integrity: str) -> None:
    verify_integrity(DATA, integrity)


@pytest.mark.parametrize(
    "integrity", [BAD384, f"{GOOD256} {BAD384}", f"{GOOD384} {BAD512}", f"{BAD256} {BAD256}"]
)
def test_a_weaker_digest_does_not_help(integrity: str) -> None:
    with pytest.raises(IntegrityError, match="the bytes have sha") as caught:
        verify_integrity(DATA, integrity, subject="https://shop.example/x.js")
    assert caught.value.subject == "https://shop.example/x.js"
    assert caught.value.hint


@pytest.mark.parametrize(
    "integrity",
    [
        "",
        "  ",
        "sha384",
        "sha384-",
        "sha384-====",
        "md5-1B2M2Y8AsgTpgAmY7PhCfg==",
        GOOD384[:-1],
        GOOD384 + "A",
        GOOD256.rstrip("="),
        GOOD384.replace("-", ":"),
        f"sha256-{GOOD384[7:]}",
        f"{GOOD384},{GOOD256}",
        f"sha384-{hashlib.sha384(DATA).hexdigest()}",
        "sha384-" + "ä" * 64,
        "\0",
    ],
)
def test_a_value_without_a_digest_is_a_fault_and_not_a_wildcard(integrity: str) -> None:
    with pytest.raises(IntegrityError, match="no digest that can be read"):
        verify_integrity(DATA, integrity)


@given(data=st.binary(max_size=200), other=st.binary(max_size=200))
def test_only_the_same_bytes_have_the_same_digest(data: bytes, other: bytes) -> None:
    verify_integrity(data, digest(data))
    if data != other:
        with pytest.raises(IntegrityError):
            verify_integrity(other, digest(data))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(integrity: str) -> None:
    with pytest.raises(IntegrityError):
        verify_integrity(DATA, integrity)


@given(st.binary(min_size=48, max_size=48))
def test_any_other_digest_is_refused(value: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify_integrity(DATA, f"sha384-{base64.b64encode(value).decode()}")
