"""Build the examples' remotes with their official toolchains, where their sources changed.

Run as `python -m scripts.build_examples`; `--force` builds them whether they changed or not, `--toolchains`
builds what only tests need instead, `--store` the apps of the store.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.node import ROOT, Node, ToolError, ensure_node, install_packages, run_npm

__all__ = ["REMOTES", "TOOLCHAINS", "build_examples"]

REMOTES = tuple(
    ROOT / "examples" / name
    for name in (
        "basic/catalog",
        "basic/basket",
        "basic/crier",
        "basic/minstrel",
        "containers/harbour",
        "containers/ferry",
        "containers/lighthouse",
    )
)
# Apps, which Hanse builds itself: they are built anew when it has changed, too.
STORE = tuple(ROOT / "examples" / "omni" / name for name in ("home", "shop", "checkout"))
BUILDER = ROOT / "src" / "hanse" / "apps"
# What only tests need: builds in the shapes that other toolchains give them.
TOOLCHAINS = (*(ROOT / "tests" / "toolchains" / name for name in ("webpack", "next")), *STORE)
BUILT = frozenset({"node_modules", "dist", "__pycache__", "server.published"})
SOURCES = frozenset({".py", ".js", ".mjs"})
# Files that a build writes beside its sources.
GENERATED = ".generated.mjs"
# What is known of a remote by other remotes; a build is there when one of these is.
ENTRIES = (
    "remoteEntry.json",
    "mf-manifest.json",
    "web/mf-manifest.json",
    "quay/mf-manifest.json",
    "static/ssr/mf-manifest.json",
    "browser/remoteEntry.json",
)


def build_examples(*, force: bool = False, folders: tuple[Path, ...] = REMOTES) -> None:
    """Bring every remote's `dist/` up to date.

    Args:
        force: Whether they changed or not.
        folders: The remotes.

    Raises:
        ToolError: Node cannot be had, or a build failed.
    """
    with _only_one():
        stale = [folder for folder in folders if force or not is_built(folder)]
        if not stale:
            print("built already, and no source changed since")
            return
        node = ensure_node()
        for folder in stale:
            build_remote(folder, node)


def build_remote(folder: Path, node: Node) -> None:
    """Install the remote's npm packages, build it, and remember what it was built from."""
    started = time.perf_counter()
    install_packages(folder, node)
    print(f"{folder.relative_to(ROOT)}: building", flush=True)
    run_npm(node, ["run", "--silent", "build"], folder)
    _stamp(folder).write_text(digest_sources(folder))
    print(f"{folder.relative_to(ROOT)}: built in {time.perf_counter() - started:.1f} s", flush=True)


def is_built(folder: Path) -> bool:
    """Tell whether `dist/` is there and was built from the sources as they are now."""
    stamp = _stamp(folder)
    if not stamp.is_file() or not any((folder / "dist" / entry).is_file() for entry in ENTRIES):
        return False
    return stamp.read_text() == digest_sources(folder)


def digest_sources(folder: Path) -> str:
    """Return a digest of every source file's name and content."""
    digest = hashlib.sha256()
    builder = (file for file in BUILDER.rglob("*") if file.suffix in SOURCES) if folder in STORE else ()
    for file in sorted((*_sources(folder), *builder)):
        digest.update(
            f"{os.path.relpath(file, folder)}\0{file.stat().st_size}\0".encode() + file.read_bytes()
        )
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for child in folder.iterdir():
        if child.name in BUILT or child.name.endswith(GENERATED):
            continue
        yield from (child,) if child.is_file() else (file for file in child.rglob("*") if file.is_file())


def _stamp(folder: Path) -> Path:
    return folder / "node_modules" / ".built"


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold a lock, so that two builds started at once do not write the same files."""
    lock = ROOT / ".cache" / "build-examples.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build what changed; return 1 where that is not possible."""
    try:
        given = sys.argv[1:]
        folders = TOOLCHAINS if "--toolchains" in given else STORE if "--store" in given else REMOTES
        build_examples(force="--force" in sys.argv[1:], folders=folders)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
