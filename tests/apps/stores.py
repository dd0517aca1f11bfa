"""Copies of the store, built, which a test may change and deploy."""

from __future__ import annotations

import shutil
from pathlib import Path

from examples.omni.serve import APPS, HERE, free_ports
from scripts.build_examples import STORE, build_examples

__all__ = ["copy_store", "free_ports"]


def copy_store(folder: Path) -> Path:
    """Put the store's apps, with their builds, into a folder; what they are built with is shared."""
    build_examples(folders=STORE)
    for app in APPS:
        shutil.copytree(
            HERE / app, folder / app, ignore=shutil.ignore_patterns("node_modules", ".hanse", "__pycache__")
        )
        (folder / app / "node_modules").symlink_to(HERE / app / "node_modules")
    return folder
