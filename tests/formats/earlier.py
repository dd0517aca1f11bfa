"""Storage documents of the shape the orchestrator had before share scopes and `entries`."""

from __future__ import annotations

from typing import Any

__all__ = ["EARLIER"]

EARLIER: dict[str, dict[str, Any]] = {
    "shared-externals": {
        "dep-a": [
            {
                "version": "1.2.3",
                "file": "https://example.org/mfe1/dep-a.js",
                "requiredVersion": "~1.2.1",
                "strictVersion": False,
                "action": "share",
                "host": False,
                "cached": True,
            },
            {
                "version": "1.2.2",
                "file": "https://example.org/mfe2/dep-a.js",
                "requiredVersion": "^1.2.1",
                "strictVersion": True,
                "action": "skip",
                "host": False,
                "cached": False,
            },
        ]
    },
    "scoped-externals": {"https://example.org/mfe1/": {"dep-b": {"version": "4.5.6", "file": "dep-b.js"}}},
}
