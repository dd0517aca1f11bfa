"""Resolving: remote entries in, a plan with its import map and its reasons out. Pure and deterministic."""

from __future__ import annotations

from hanse.resolve.plan import CopyPlan, Notice, PackagePlan, Plan, Reason
from hanse.resolve.policy import FAMILIES, Feature, Policy, PolicyName, Profile, Strict
from hanse.resolve.remote import Remote
from hanse.resolve.resolution import resolve

__all__ = [
    "FAMILIES",
    "CopyPlan",
    "Feature",
    "Notice",
    "PackagePlan",
    "Plan",
    "Policy",
    "PolicyName",
    "Profile",
    "Reason",
    "Remote",
    "Strict",
    "resolve",
]
