"""Outbound HTTP: guarded, bounded, cached, and with a last good copy for when an origin fails."""

from __future__ import annotations

from hanse.net.breaker import BreakerState
from hanse.net.client import Client, Validate
from hanse.net.documents import Document, Stats
from hanse.net.guard import Access
from hanse.net.integrity import digest, verify_integrity
from hanse.net.resolver import Resolver

__all__ = [
    "Access",
    "BreakerState",
    "Client",
    "Document",
    "Resolver",
    "Stats",
    "Validate",
    "digest",
    "verify_integrity",
]
