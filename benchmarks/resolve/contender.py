"""Hanse's side: from the bytes of all remote entries to the import map."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from benchmarks.resolve.federations import FederationKind
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import decode_remote_entry
from hanse.resolve import Plan, Policy, Remote, resolve

__all__ = ["POLICIES", "decode", "policy_for", "resolve_bytes", "resolve_decoded"]

POLICIES = ("compatible", "coherent")


def policy_for(name: str, kind: FederationKind) -> Policy:
    """Build the policy `name` with the options the peer runs with on this kind."""
    make = Policy.compatible if name == "compatible" else Policy.coherent
    return make(use_auto_external_pooling=kind.pooling)


def decode(manifest: Mapping[str, str], documents: Mapping[str, bytes]) -> list[Remote]:
    """Decode every remote entry, in the manifest's order."""
    return [
        Remote(name=name, url=url, entry=decode_remote_entry(documents[url], subject=url))
        for name, url in manifest.items()
    ]


def resolve_bytes(
    manifest: Mapping[str, str], documents: Mapping[str, bytes], policy: Policy
) -> tuple[float, ImportMap]:
    """Decode and resolve; return the seconds it took to have the import map, and the map."""
    start = time.perf_counter()
    import_map = resolve(decode(manifest, documents), policy).import_map
    return time.perf_counter() - start, import_map


def resolve_decoded(
    remotes: Sequence[Remote], policy: Policy, previous: Plan | None = None
) -> tuple[float, Plan]:
    """Resolve decoded entries, after `previous` where it is given; return the seconds and the plan."""
    start = time.perf_counter()
    plan = resolve(remotes, policy, previous)
    _ = plan.import_map
    return time.perf_counter() - start, plan
