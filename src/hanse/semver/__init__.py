"""npm's versions and ranges: a package of its own that knows nothing of federation."""

from __future__ import annotations

from hanse.semver.algebra import intersects, is_above, is_below, min_version
from hanse.semver.increments import increment, truncate
from hanse.semver.line import Line
from hanse.semver.ranges import (
    Interval,
    Range,
    max_satisfying,
    min_satisfying,
    parse_range,
    satisfies,
    valid_range,
)
from hanse.semver.subset import subset
from hanse.semver.versions import (
    Version,
    coerce,
    compare,
    compare_loose,
    parse,
    parse_loose,
    sort,
    valid,
)

__all__ = [
    "Interval",
    "Line",
    "Range",
    "Version",
    "coerce",
    "compare",
    "compare_loose",
    "increment",
    "intersects",
    "is_above",
    "is_below",
    "max_satisfying",
    "min_satisfying",
    "min_version",
    "parse",
    "parse_loose",
    "parse_range",
    "satisfies",
    "sort",
    "subset",
    "truncate",
    "valid",
    "valid_range",
]
