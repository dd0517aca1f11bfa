"""How the server side of a federation is, for those who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanse.engines.pool_counts import PoolCounts

__all__ = ["ServerHealth", "Status"]

Status: TypeAlias = Literal["ok", "stale", "failed", "starting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """How the server side of one remote is.

    Attributes:
        remote: Its name.
        status: `ok`; `starting` (a build is being opened, while the one before runs on); `stale` (the one
            before runs, for the latest could not be had or does not run); `failed` (none runs).
        engine: The kind of engine.
        trusted: Whether it shares a realm with others.
        build: The digest of the build that runs; empty where none does.
        serial: Its serial; 0 where it came without.
        generation: The id of the generation it runs in.
        since: When the latest build came, Unix time in seconds.
        error: What is wrong, on one line; None where nothing is.
        refusals: How many of its builds were refused, for they do not run.
        refusal: Why the last of them was, on one line; None where none was.
        group: What it shares a generation with: `deno`, `wasm`, or `wasm of NAME`.
        pool: What the processes of its generation have done; None where it has none that are pooled.
    """

    remote: str
    status: Status
    engine: str
    trusted: bool
    build: str
    serial: int
    generation: str
    since: float
    error: str | None
    refusals: int = 0
    refusal: str | None = None
    group: str = ""
    pool: PoolCounts | None = None
