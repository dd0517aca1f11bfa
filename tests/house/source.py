"""The source tree as the house rules look at it: modules, functions, classes, tracked files."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "SRC", "Function", "Module", "all_functions", "modules", "tracked_files", "tracked_texts"]

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "hanse"
MADE = re.compile(
    r"(^|/)(\.venv[^/]*|\.[a-z_]*cache|node_modules|dist|site|__pycache__|[^/]*\.egg-info)(/|$)"
)
type_def = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of src/: its node, its dotted name below `hanse`, and whether outsiders may call it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    name: str
    public: bool
    nested: bool

    @property
    def lines(self) -> int:
        """How many lines it has, signature and docstring included, decorators not."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def decorators(self) -> set[str]:
        """The last part of every decorator's name."""
        return {ast.unparse(item).split("(")[0].split(".")[-1] for item in self.node.decorator_list}

    @property
    def arguments(self) -> list[ast.arg]:
        """Every argument, `self` and `cls` left out."""
        spec = self.node.args
        found = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        found += [item for item in (spec.vararg, spec.kwarg) if item is not None]
        return [item for item in found if item.arg not in {"self", "cls"}]


@dataclass(frozen=True, slots=True)
class Module:
    """A module of src/: its path below `src/`, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def dotted(self) -> str:
        """Its name below `hanse`: `formats.manifest`; empty for the package itself."""
        return (
            self.path.removeprefix("hanse/")
            .removesuffix(".py")
            .removesuffix("__init__")
            .strip("/")
            .replace("/", ".")
        )


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    return tuple(_read(file) for file in sorted(SRC.rglob("*.py")))


def _read(file: Path) -> Module:
    text = file.read_text(encoding="utf-8")
    return Module(file.relative_to(SRC.parent).as_posix(), text, ast.parse(text))


@cache
def all_functions() -> tuple[Function, ...]:
    """Return every function and method of the package, nested ones too."""
    return tuple(
        function for module in modules() for function in _walk(module.tree, module.dotted, public=True)
    )


def _walk(parent: ast.AST, prefix: str, *, public: bool, nested: bool = False) -> Iterator[Function]:
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, (*type_def, ast.ClassDef)):
            yield from _walk(node, prefix, public=public, nested=nested)
            continue
        name, seen = f"{prefix}.{node.name}", public and not node.name.startswith("_")
        if isinstance(node, ast.ClassDef):
            yield from _walk(node, name, public=seen, nested=nested)
        else:
            yield Function(node, name, seen and not nested, nested)
            yield from _walk(node, name, public=False, nested=True)


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file the project keeps: what git tracks, or all there is where git is absent."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        found = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        found = [file for file in ROOT.rglob("*") if not MADE.search(file.relative_to(ROOT).as_posix())]
    return tuple(file for file in found if file.is_file())


@cache
def tracked_texts() -> tuple[tuple[str, str], ...]:
    """Return every tracked text file: its path from the root, and its content."""
    texts = []
    for file in tracked_files():
        content = file.read_bytes()
        if b"\0" not in content:
            texts.append((file.relative_to(ROOT).as_posix(), content.decode("utf-8", "replace")))
    return tuple(texts)
