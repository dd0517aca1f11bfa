"""Module Federation's sharing: layers, presets, remote strings, a build's steps. Pure and deterministic."""

from __future__ import annotations

__all__: list[str] = []
