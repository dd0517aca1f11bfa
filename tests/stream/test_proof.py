"""Proofs: what RFC 9421 says, and each way in which one is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import RefusedError
from hanse.limits import LIMITS
from hanse.stream import key_id, key_ring
from hanse.stream.proof import Asked, Proof, ReplayWindow, check_body, check_proof, proof_key, prove

KEY = b"k" * 32
RING = key_ring([KEY])
NONCE = "n" * 32
NOW = 1_700_000_000.0
ASKED = Asked(method="POST", authority="shop.example", path="/_hanse/stream")
BODY = b'{"have":[]}'
EMPTY_DIGEST = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def signed(
    asked: Asked = ASKED, body: bytes = BODY, *, now: float = NOW, nonce: str = NONCE
) -> dict[str, str]:
    return dict(prove(asked, body, ring=RING, remote="shop", nonce=nonce, now=now))


def check(headers: dict[str, str], asked: Asked = ASKED, *, now: float = NOW, remote: str = "shop") -> Proof:
    return check_proof(asked, headers.items(), ring=RING, remote=remote, now=now)


def refusal(headers: dict[str, str], asked: Asked = ASKED, *, now: float = NOW, remote: str = "shop") -> str:
    with pytest.raises(RefusedError) as caught:
        check(headers, asked, now=now, remote=remote)
    return caught.value.reason


def mac(lines: list[str], key: bytes) -> str:
    return base64.b64encode(hmac.digest(key, "\n".join(lines).encode(), "sha256")).decode()


def test_the_example_of_the_standard() -> None:
    """RFC 9421, B.2.5: what `mac` makes of a signature base is what the standard has."""
    key = base64.b64decode(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
    )
    params = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    base = [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        f'"@signature-params": {params}',
    ]
    assert mac(base, key) == "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


def test_a_proof_is_what_the_standard_makes_of_the_request() -> None:
    headers = signed()
    label, _, params = headers["signature-input"].partition("=")
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    base = [
        '"@method": POST',
        '"@authority": shop.example',
        '"@path": /_hanse/stream',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    ]
    expected = mac(base, proof_key(KEY, remote="shop"))
    assert headers["content-digest"] == digest
    assert headers["signature"] == f"{label}=:{expected}:"
    assert label == "hanse"
    for part in (f"created={NOW:.0f}", f'keyid="{key_id(KEY)}"', f'nonce="{NONCE}"', 'tag="hanse"'):
        assert part in params


def test_what_was_proved_is_accepted_and_says_with_which_key() -> None:
    proof = check(signed())
    assert (proof.key, proof.nonce) == (key_id(KEY), NONCE)
    check_body(proof, BODY, remote="shop")
    empty = signed(replace(ASKED, method="GET"), b"")
    assert empty["content-digest"] == EMPTY_DIGEST
    check_body(check(empty, replace(ASKED, method="GET")), b"", remote="shop")


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, method="GET"),
        replace(ASKED, authority="cart.example"),
        replace(ASKED, path="/_hanse/server-entry.json"),
        replace(ASKED, path="/_hanse/stream/"),
    ],
)
def test_a_proof_is_for_one_request_alone(other: Asked) -> None:
    assert refusal(signed(), other) == "signature"


def test_a_proof_for_one_remote_is_none_for_another_with_the_same_key() -> None:
    assert refusal(signed(), remote="cart") == "signature"


def test_another_body_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        check_body(check(signed()), b'{"have":[1]}', remote="shop")
    assert caught.value.reason == "digest"


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (59, True), (-59, True), (61, False), (-61, False)]
)
def test_a_proof_lasts_a_minute_and_may_be_as_much_in_the_future(seconds: int, *, accepted: bool) -> None:
    headers = signed(now=NOW - seconds)
    assert (check(headers).nonce == NONCE) if accepted else (refusal(headers) == "stale")


def test_an_unknown_key_is_told_from_a_wrong_signature() -> None:
    ring = key_ring([b"x" * 32])
    headers = dict(prove(ASKED, BODY, ring=ring, remote="shop", nonce=NONCE, now=NOW))
    assert refusal(headers) == "key"
    forged = {**headers, "signature-input": headers["signature-input"].replace(ring.in_use, RING.in_use)}
    assert refusal(forged) == "signature"


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_each_header_is_needed_and_may_be_there_once(name: str) -> None:
    headers = signed()
    rest = {key: value for key, value in headers.items() if key != name}
    assert refusal(rest) == "proof"
    twice = [*headers.items(), (name, headers[name])]
    with pytest.raises(RefusedError) as caught:
        check_proof(ASKED, twice, ring=RING, remote="shop", now=NOW)
    assert caught.value.reason == "proof"
    assert refusal({**headers, name: headers[name] + " " * 2000}) == "proof"


def test_what_covers_less_or_is_tagged_for_something_else_is_no_proof() -> None:
    headers = signed()
    for part, instead in (
        (' "@path"', ""),
        (' "content-digest"', ""),
        ('tag="hanse"', 'tag="other"'),
        (f'nonce="{NONCE}"', 'nonce="other-nonce-that-is-long"'),
        (f"created={NOW:.0f}", f"created={NOW + 1:.0f}"),
    ):
        assert part in headers["signature-input"]
        changed = headers["signature-input"].replace(part, instead)
        assert refusal({**headers, "signature-input": changed}) == "signature"


def resigned(params: str, lines: list[str]) -> dict[str, str]:
    """Sign anything with the right key."""
    base = [*lines, f'"@signature-params": {params}']
    value = mac(base, proof_key(KEY, remote="shop"))
    return {
        "content-digest": EMPTY_DIGEST,
        "signature-input": f"hanse={params}",
        "signature": f"hanse=:{value}:",
    }


LINES = {
    "@method": '"@method": POST',
    "@authority": '"@authority": shop.example',
    "@path": '"@path": /_hanse/stream',
    "content-digest": f'"content-digest": {EMPTY_DIGEST}',
}


@pytest.mark.parametrize("left_out", [*LINES, "created", "keyid", "nonce", "tag"])
def test_whoever_has_the_key_must_sign_all_of_it(left_out: str) -> None:
    names = [name for name in LINES if name != left_out]
    said = {"created": f"{NOW:.0f}", "keyid": f'"{key_id(KEY)}"', "nonce": f'"{NONCE}"', "tag": '"hanse"'}
    said.pop(left_out, None)
    quoted = " ".join(f'"{name}"' for name in names)
    params = f"({quoted});" + ";".join(f"{name}={value}" for name, value in said.items())
    assert refusal(resigned(params, [LINES[name] for name in names])) in {"signature", "proof"}


@pytest.mark.parametrize("nonce", ["short", "n" * 129])
def test_a_nonce_has_a_length(nonce: str) -> None:
    assert refusal(signed(nonce=nonce)) == "proof"


@given(st.sampled_from(["signature", "signature-input", "content-digest"]), st.text(max_size=300))
def test_whatever_the_headers_are_it_is_a_refusal(name: str, value: str) -> None:
    assert refusal({**signed(), name: value}) in {"signature", "proof", "key"}


@given(st.data())
def test_a_proof_with_one_letter_changed_is_none(data: st.DataObject) -> None:
    headers = signed()
    name = data.draw(st.sampled_from(sorted(headers)))
    at = data.draw(st.integers(0, len(headers[name]) - 1))
    letter = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    changed = headers[name][:at] + letter + headers[name][at + 1 :]
    try:
        proof = check({**headers, name: changed})
    except RefusedError:
        return
    # White space and labels are not signed; what was, is as it was.
    check_body(proof, BODY, remote="shop")
    assert (proof.key, proof.nonce) == (key_id(KEY), NONCE)


def test_a_proof_counts_once() -> None:
    window = ReplayWindow("shop")
    proof = check(signed())
    window.admit(proof, now=NOW)
    for later in (NOW, NOW + 60, NOW + 119):
        with pytest.raises(RefusedError) as caught:
            window.admit(proof, now=later)
        assert caught.value.reason == "replay"
    window.admit(replace(proof, nonce="m" * 32), now=NOW)


def test_proofs_are_forgotten_when_they_are_too_old_to_be_used_again() -> None:
    window = ReplayWindow("shop")
    for second in range(1000):
        window.admit(Proof(key="k", nonce=str(second), digest=""), now=NOW + second)
    assert len(window) <= 2 * LIMITS.proof_window + 1


def test_a_full_memory_turns_new_proofs_away_and_forgets_none() -> None:
    window = ReplayWindow("shop", replace(LIMITS, proofs_kept=3))
    for nonce in "abc":
        window.admit(Proof(key="k", nonce=nonce, digest=""), now=NOW)
    for nonce, reason in (("d", "rate"), ("a", "replay")):
        with pytest.raises(RefusedError) as caught:
            window.admit(Proof(key="k", nonce=nonce, digest=""), now=NOW)
        assert caught.value.reason == reason
    window.admit(Proof(key="k", nonce="d", digest=""), now=NOW + 121)
