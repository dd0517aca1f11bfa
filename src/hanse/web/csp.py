"""Content security policy: nonces, and the policy under which everything Hanse writes works."""

from __future__ import annotations

import re
import secrets
from typing import Final

from hanse.errors import UsageError

__all__ = ["check_nonce", "default_policy", "is_dynamic", "make_nonce"]

# 144 bits; a multiple of three bytes needs no padding.
NONCE_BYTES: Final = 18

# The grammar of CSP's `base64-value`, with at least the 128 bits it asks for, and a bound.
NONCE: Final = re.compile(r"[A-Za-z0-9+/_-]{22,256}={0,2}")

# Those that decide about a module, the most particular first.
DIRECTIVES: Final = ("script-src-elem", "script-src", "default-src")


def make_nonce() -> str:
    """Return a nonce for one response: 24 characters, 144 random bits."""
    return secrets.token_urlsafe(NONCE_BYTES)


def check_nonce(nonce: str) -> str:
    """Return a nonce that somebody else made.

    Raises:
        UsageError: It is not base64, or so short that it could be guessed.
    """
    if NONCE.fullmatch(nonce) is None:
        raise UsageError(
            "this nonce is not base64 of at least 128 bits",
            subject="nonce",
            hint="leave it out, and take the page's own for the policy",
        )
    return nonce


def default_policy(nonce: str) -> str:
    """Return a policy that runs scripts with this nonce and the modules they import, and no others."""
    return (
        f"script-src 'nonce-{nonce}' 'strict-dynamic'; object-src 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )


def is_dynamic(policy: str) -> bool:
    """Tell whether modules may be preloaded without a nonce under all the policies of a header."""
    return all(map(lets_through, policy.lower().split(",")))


def lets_through(policy: str) -> bool:
    """Tell whether one policy has `strict-dynamic` for scripts, or nothing about them."""
    # Of a directive that comes twice the first counts.
    words = [words for one in reversed(policy.split(";")) if (words := one.split())]
    directives = {name: sources for name, *sources in words}
    found = next((directives[name] for name in DIRECTIVES if name in directives), None)
    return found is None or "'strict-dynamic'" in found
