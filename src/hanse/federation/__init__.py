"""The live federation: fetch, resolve, swap snapshots, keep the last good one."""

from __future__ import annotations

from hanse.federation.modules import Preload, RemoteModule
from hanse.federation.newcomers import Delta
from hanse.federation.snapshot import Health, RemoteHealth, Snapshot

__all__ = ["Delta", "Health", "Preload", "RemoteHealth", "RemoteModule", "Snapshot"]
