"""What is rendered: one source, built as containers for the peer and as plain modules for Hanse."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from shutil import rmtree

from benchmarks.ssr.children import ROOT, ChildError
from scripts.node import find_node

__all__ = [
    "FIRST_BUILD",
    "NODE_MODULES",
    "REMOTES",
    "build_name",
    "ensure_built",
    "find_version",
    "node_program",
    "read_files",
    "read_imports",
    "read_version",
]

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parent / "node_modules"
FOLDER = ROOT / ".cache" / "bench-ssr"
REMOTES = ("home", "shop", "flat", "levels", "chain")
# What stands in the sources; a server of builds puts another build's name of the same length there.
FIRST_BUILD = "build-000000"
DEADLINE = 120.0
MISSING = "The peer needs Node and its packages: `python -m scripts.node benchmarks` gets both."


def node_program() -> Path:
    """Return the Node that the peer runs in.

    Raises:
        ChildError: There is none, or its packages are not installed.
    """
    node = find_node()
    if node is None or not (NODE_MODULES / "@module-federation" / "node").is_dir():
        raise ChildError(MISSING)
    return node.program


def find_version() -> str:
    """Return the version of that Node, or `none`."""
    node = find_node()
    return ".".join(map(str, node.version)) if node else "none"


def build_name(number: int) -> str:
    """Return the name of a build: `build-000017`."""
    return f"build-{number:06}"


def ensure_built() -> Path:
    """Build everything where a source has changed, and return the folder: `peer/shop`, `hanse/shop`, and on.

    Raises:
        ChildError: It could not be built.
    """
    digest = digest_sources()
    stamp = FOLDER / "built"
    if not stamp.is_file() or stamp.read_text() != digest:
        rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        command = [str(node_program()), str(HERE / "build.mjs"), str(FOLDER)]
        done = subprocess.run(command, timeout=DEADLINE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChildError(f"the remotes could not be built:\n{done.stdout}{done.stderr}")
        stamp.write_text(digest)
    return FOLDER


def digest_sources() -> str:
    """Return a digest of all that a build is made from."""
    digest = hashlib.sha256((NODE_MODULES.parent / "package-lock.json").read_bytes())
    for file in sorted([HERE / "build.mjs", *(HERE / "sources").iterdir()]):
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@cache
def read_files(side: str, remote: str) -> dict[str, bytes]:
    """Return a remote's files by name, as they were built for one side: `peer` or `hanse`."""
    folder = ensure_built() / side / remote
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in list_files(folder)}


def list_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a build, without what only describes it."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix == ".js":
            yield file


@cache
def read_imports(remote: str) -> dict[str, dict[str, list[str]]]:
    """Return which file of Hanse's build imports which: `imports` and `externals` by file."""
    document: dict[str, dict[str, list[str]]] = json.loads(
        (ensure_built() / "hanse" / remote / "files.json").read_bytes()
    )
    return document


@cache
def read_version(package: str) -> str:
    """Return the version of an installed npm package."""
    return str(json.loads((NODE_MODULES / package / "package.json").read_text())["version"])
