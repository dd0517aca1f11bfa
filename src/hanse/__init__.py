"""Hanse composes one website out of independently deployed front ends, from Python.

The names below are what most programs need. Each is loaded when it is first used, so that a program which
only compares versions, or reads one document, does not load an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hanse.errors import (
        BlockedError,
        BreakerError,
        BuildError,
        DeadlineError,
        EngineError,
        FetchError,
        FormatError,
        GoneError,
        HanseError,
        IntegrityError,
        Mistake,
        NetworkError,
        NotFoundError,
        OverrideError,
        RefusedError,
        ResolveError,
        ShareError,
        SpecifierError,
        StatusError,
        StreamError,
        TooLargeError,
        UsageError,
    )
    from hanse.federation import (
        Delta,
        Federation,
        Preload,
        Refresh,
        RemoteHealth,
        RemoteModule,
        Snapshot,
        SyncFederation,
    )
    from hanse.formats.import_map import ImportMap
    from hanse.limits import LIMITS, Limits
    from hanse.resolve import Notice, Plan, Policy, Remote

__version__ = "0.1.0"

__all__ = [
    "LIMITS",
    "BlockedError",
    "BreakerError",
    "BuildError",
    "DeadlineError",
    "Delta",
    "EngineError",
    "Federation",
    "FetchError",
    "FormatError",
    "GoneError",
    "HanseError",
    "ImportMap",
    "IntegrityError",
    "Limits",
    "Mistake",
    "NetworkError",
    "NotFoundError",
    "Notice",
    "OverrideError",
    "Plan",
    "Policy",
    "Preload",
    "Refresh",
    "RefusedError",
    "Remote",
    "RemoteHealth",
    "RemoteModule",
    "ResolveError",
    "ShareError",
    "Snapshot",
    "SpecifierError",
    "StatusError",
    "StreamError",
    "SyncFederation",
    "TooLargeError",
    "UsageError",
    "__version__",
]

# Where the names are that are not errors.
HOMES = {
    "LIMITS": "hanse.limits",
    "Delta": "hanse.federation",
    "Federation": "hanse.federation",
    "ImportMap": "hanse.formats.import_map",
    "Limits": "hanse.limits",
    "Mistake": "hanse.errors",
    "Notice": "hanse.resolve",
    "Plan": "hanse.resolve",
    "Policy": "hanse.resolve",
    "Preload": "hanse.federation",
    "Refresh": "hanse.federation",
    "Remote": "hanse.resolve",
    "RemoteHealth": "hanse.federation",
    "RemoteModule": "hanse.federation",
    "Snapshot": "hanse.federation",
    "SyncFederation": "hanse.federation",
}


if not TYPE_CHECKING:  # A type checker takes the imports above, and tells of names that are not there.

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module 'hanse' has no attribute {name!r}")
        found: object = getattr(import_module(HOMES.get(name, "hanse.errors")), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """List what the module gives."""
    return [*__all__]
