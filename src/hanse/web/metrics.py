"""Metrics for Prometheus: what was asked of this server, and how the federation behind it is doing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse.federation import Federation
from hanse.limits import LIMITS, Limits
from hanse.web.counters import SECONDS, FederationCounters, FragmentCounters
from hanse.web.gauges import FederationCollector

__all__ = ["CountRequests", "Metrics"]

# Whatever else a client calls its method would become a time series.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class Metrics:
    """The metrics of one app, in a registry of its own.

    Args:
        federation: Asked for its state whenever metrics are.
        limits: `remotes_metered` is used.
    """

    def __init__(self, federation: Federation, *, limits: Limits = LIMITS) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hanse_http_requests",
            "Requests answered, by path, method and status.",
            ["path", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "hanse_http_request_seconds",
            "Time until an answer was complete.",
            ["path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.counters = FederationCounters(federation, self.registry, limits)
        if federation.renderer is not None:
            self.fragments = FragmentCounters(federation.renderer, self.registry, self.counters.remotes)
        self.registry.register(FederationCollector(federation))
        ProcessCollector(registry=self.registry)

    def count(self, *, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `path` is the route's, so that there are not more series than routes."""
        known = method if method in METHODS else "other"
        self.requests.labels(path, known, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def expose(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics in the format an `Accept` header asks for, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class CountRequests:
    """Counts and times what the app answers.

    Args:
        app: The app.
        metrics: Where it is counted.
        paths: The path of each endpoint; what no endpoint answers is counted as `other`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Mapping[object, str]) -> None:
        self.app = app
        self.metrics = metrics
        self.paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it whatever becomes of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.count(
                path=self.paths.get(scope.get("endpoint"), "other"),
                method=scope["method"],
                status=status,
                seconds=seconds,
            )
