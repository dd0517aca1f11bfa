"""How Module Federation reads versions and ranges."""

from __future__ import annotations

from hanse.resolve.container_uses import Accepts
from hanse.semver import satisfies

__all__ = ["module_federations_reading"]


def module_federations_reading() -> Accepts:
    """Return what tells whether a version satisfies a range to Module Federation: prereleases take part."""
    return lambda version, range_: satisfies(version, range_, include_prerelease=True)
