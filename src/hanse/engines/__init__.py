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
from hanse.engines.deno import DenoEngine
from hanse.engines.pool import Pool, PoolCounts, PooledGeneration, PoolOptions

__all__ = [
    "JSON",
    "ContainerSource",
    "DenoEngine",
    "Engine",
    "EngineLimits",
    "Exposed",
    "Generation",
    "Pool",
    "PoolCounts",
    "PoolOptions",
    "PooledGeneration",
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
