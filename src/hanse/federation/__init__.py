"""The live federation: fetch, resolve, swap snapshots, keep the last good one."""

from __future__ import annotations

from hanse.federation.holdings import Outcome
from hanse.federation.hub import News, Subscription
from hanse.federation.ledger import Listener
from hanse.federation.live import Federation
from hanse.federation.modules import Preload, RemoteModule, find_module, split_module
from hanse.federation.newcomers import Delta
from hanse.federation.refreshing import Refresh, RefreshListener
from hanse.federation.snapshot import Health, RemoteHealth, Snapshot
from hanse.federation.sync import SyncFederation
from hanse.federation.verifying import Fault, RemoteReport, Report

__all__ = [
    "Delta",
    "Fault",
    "Federation",
    "Health",
    "Listener",
    "News",
    "Outcome",
    "Preload",
    "Refresh",
    "RefreshListener",
    "RemoteHealth",
    "RemoteModule",
    "RemoteReport",
    "Report",
    "Snapshot",
    "Subscription",
    "SyncFederation",
    "find_module",
    "split_module",
]
