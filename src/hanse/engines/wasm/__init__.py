"""The engine for code that nobody vouches for: QuickJS in WebAssembly, a fresh machine for every call."""

from __future__ import annotations

from hanse.engines.wasm.engine import WasmEngine

__all__ = ["WasmEngine"]
