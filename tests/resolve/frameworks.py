"""Remotes as real builders write them: React, Angular and Vue, flat and dense."""

from __future__ import annotations

from hanse.formats.remote_entry import Shared
from hanse.resolve import Remote
from tests.resolve.federations import flat, remote, shared

__all__ = ["ANGULAR", "REACT", "VUE", "dense", "flattened", "specifiers"]

Framework = dict[str, tuple[str, ...]]
"""Package -> its secondary entrypoints, as subpaths."""

REACT: Framework = {"react": ("jsx-runtime",), "react-dom": ("client",)}
ANGULAR: Framework = {
    "@angular/common": ("http",),
    "@angular/core": ("primitives/signals", "rxjs-interop"),
    "@angular/platform-browser": ("animations",),
    "@angular/router": (),
}
VUE: Framework = {"vue": (), "@vue/compiler-dom": (), "@vue/runtime-dom": (), "@vue/shared": ()}


def specifiers(framework: Framework) -> list[str]:
    """Return every specifier of a framework."""
    return [name for package, paths in framework.items() for name in entrypoints(package, paths)]


def entrypoints(package: str, paths: tuple[str, ...]) -> list[str]:
    """Return a package's specifiers, its own first."""
    return [package, *(f"{package}/{path}" for path in paths)]


def dense(
    name: str,
    framework: Framework,
    version: str,
    required: str | None = None,
    *more: Shared,
    host: bool = False,
) -> Remote:
    """Write a remote of a builder with dense externals: one item a package."""
    items = [
        shared(package, version, required, entries=entrypoints(package, paths))
        for package, paths in framework.items()
    ]
    return remote(name, *items, *more, host=host)


def flattened(
    name: str,
    framework: Framework,
    version: str,
    required: str | None = None,
    *more: Shared,
    host: bool = False,
) -> Remote:
    """Write a remote of a builder's default: each entrypoint is a package of its own."""
    items = [flat(specifier, version, required) for specifier in specifiers(framework)]
    return remote(name, *items, *more, host=host)
