"""Outbound HTTP: guarded, bounded, cached, and with a last good copy for when an origin fails."""

from __future__ import annotations

from hanse.net.breaker import BreakerState
from hanse.net.client import Client, Validate
from hanse.net.documents import Document, Reply, Stats
from hanse.net.event_parser import Event
from hanse.net.flights import Flights
from hanse.net.guard import Access
from hanse.net.integrity import digest, verify_integrity
from hanse.net.resolver import Resolver
from hanse.net.watching import Hear, Interrupted, Opened

__all__ = [
    "Access",
    "BreakerState",
    "Client",
    "Document",
    "Event",
    "Flights",
    "Hear",
    "Interrupted",
    "Opened",
    "Reply",
    "Resolver",
    "Stats",
    "Validate",
    "digest",
    "verify_integrity",
]
