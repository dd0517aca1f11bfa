"""Where server JavaScript runs: engines that may do nothing but compute.

An engine opens a realm for one generation of server modules; a realm renders, streams and calls.
"""

from __future__ import annotations

from hanse.engines.base import (
    JSON,
    ContainerSource,
    Engine,
    EngineLimits,
    Exposed,
    Generation,
    Realm,
    RenderCall,
    Rendered,
    RenderStream,
    SharedCopy,
    Shell,
    Source,
    Target,
    module_name,
)

__all__ = [
    "JSON",
    "ContainerSource",
    "Engine",
    "EngineLimits",
    "Exposed",
    "Generation",
    "Realm",
    "RenderCall",
    "RenderStream",
    "Rendered",
    "SharedCopy",
    "Shell",
    "Source",
    "Target",
    "module_name",
]
