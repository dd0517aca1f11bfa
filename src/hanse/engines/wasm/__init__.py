"""The engine for code that nobody vouches for: QuickJS in WebAssembly, a fresh machine for every call.

It needs the extra `hanse[wasm]`.
"""

from __future__ import annotations

from hanse.errors import EngineError

try:
    from hanse.engines.wasm.engine import WasmEngine
except ModuleNotFoundError as error:
    if error.name != "wasmtime":
        raise
    raise EngineError(
        "wasmtime is not installed", reason="start", subject="wasm", hint="install hanse[wasm]"
    ) from None

__all__ = ["WasmEngine"]
