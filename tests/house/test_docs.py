"""The documentation keeps its word: links lead somewhere, code is code, commands exist."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked_files

PAGES = tuple(file for file in tracked_files() if file.suffix == ".md" and "node_modules" not in file.parts)
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, the language it claims, and its text."""

    page: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text()
        for found in FENCE.finditer(text):
            indent = len(found["indent"])
            code = "".join(line[indent:] for line in found["code"].splitlines(keepends=True))
            yield Block(page, text.count("\n", 0, found.start()) + 1, found["language"], code)


BLOCKS = tuple(read_blocks())


def in_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def prose(page: Path) -> str:
    """Return the page without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and mkdocs both make them of plain words."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page.read_text()), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {re.sub(r" ", "-", heading.strip()) for heading in plain} | {
        re.sub(r"[ -]+", "-", heading.strip()) for heading in plain
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("block", in_language("python", "py", "pycon"), ids=str)
def test_python_compiles_and_imports_what_exists(block: Block) -> None:
    code = block.code
    if code.lstrip().startswith(">>>"):
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    tree = compile(code, str(block), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "hanse":
            module = importlib.import_module(node.module or "")
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_python_sessions_print_what_they_show() -> None:
    """Run the `>>>` examples of each page in one session, in the page's order."""
    failures = []
    for page in PAGES:
        sessions = [block for block in BLOCKS if block.page == page and block.code.lstrip().startswith(">>>")]
        names: dict[str, object] = {}
        for block in sessions:
            test = doctest.DocTestParser().get_doctest(block.code, names, str(block), str(page), block.line)
            report: list[str] = []
            result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
                test, out=report.append, clear_globs=False
            )
            names = test.globs
            failures += report if result.failed else []
    assert "".join(failures) == ""


def test_documents_parse() -> None:
    broken = []
    for block in in_language("json", "toml"):
        try:
            (json.loads if block.language == "json" else tomllib.loads)(block.code)
        except ValueError as error:
            broken.append(f"{block}: {error}")
    assert broken == []


def commands(program: str) -> list[str]:
    """Return the first word after the program's name, in every shell block and inline code."""
    shell = "\n".join(block.code for block in in_language("sh", "bash", "console", "shell"))
    inline = "\n".join(
        code for page in PAGES for code in re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))
    )
    return re.findall(rf"(?:^|[\n$] *){program} ([a-z][a-z-]*)", f"{shell}\n{inline}")


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(commands("make")) - targets == set()


def test_hanse_commands_exist() -> None:
    program = [sys.executable, "-c", "from hanse.cli import main; main()", "--help"]
    result = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    known = set(re.findall(r"^\W*([a-z][a-z-]+) ", result.stdout, re.MULTILINE))
    assert set(commands("hanse")) - known == set()
