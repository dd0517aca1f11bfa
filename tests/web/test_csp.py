"""Nonces and the default policy."""

from __future__ import annotations

import base64

import pytest

from hanse.errors import UsageError
from hanse.web.csp import check_nonce, default_policy, is_dynamic, make_nonce


def test_a_nonce_has_128_bits_and_is_never_there_twice() -> None:
    nonces = {make_nonce() for _ in range(100_000)}
    assert len(nonces) == 100_000
    assert all(len(base64.urlsafe_b64decode(one)) * 8 >= 128 for one in [*nonces][:1000])


def test_the_policy_runs_nothing_but_what_has_the_nonce() -> None:
    assert default_policy("abc") == (
        "script-src 'nonce-abc' 'strict-dynamic'; object-src 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )


@pytest.mark.parametrize("nonce", ["AAAAAAAAAAAAAAAAAAAAAA", "0" * 64, "AAAA+/-_AAAAAAAAAAAAAAA=="])
def test_a_nonce_of_somebody_else_is_taken(nonce: str) -> None:
    assert check_nonce(nonce) == nonce


@pytest.mark.parametrize(
    "nonce",
    ["", "short", "A" * 21, "A" * 300, "A" * 22 + "'", "A" * 22 + '"', "A" * 22 + " ", "A" * 22 + "\n"],
)
def test_what_could_be_guessed_or_ends_the_policy_is_refused(nonce: str) -> None:
    with pytest.raises(UsageError):
        check_nonce(nonce)


@pytest.mark.parametrize(
    ("policy", "dynamic"),
    [
        (default_policy("abc"), True),
        ("frame-ancestors 'self'", True),
        ("script-src 'nonce-abc' 'STRICT-DYNAMIC'", True),
        ("script-src 'nonce-abc'", False),
        ("default-src 'self'", False),
        ("default-src 'self'; script-src 'nonce-abc' 'strict-dynamic'", True),
        ("script-src 'strict-dynamic'; script-src-elem 'nonce-abc'", False),
        ("script-src 'nonce-abc'; script-src 'strict-dynamic'", False),
        ("style-src 'strict-dynamic'; script-src 'nonce-abc';", False),
        ("script-src 'strict-dynamic', script-src 'nonce-abc'", False),
    ],
)
def test_whether_preloads_need_a_nonce_is_read_from_the_policy(policy: str, *, dynamic: bool) -> None:
    assert is_dynamic(policy) is dynamic
