"""Which names a module imports of which others."""

from __future__ import annotations

import pytest

from hanse.graph.names import imported_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import Card from 'x';", {"default"}),
        ("import{a as b,c}from'x';", {"a", "c"}),
        ("import Card, { a } from 'x';", {"default", "a"}),
        ("import * as all from 'x';", {"*"}),
        ("import { 'odd name' as odd, default as d } from 'x';", {"odd name", "default"}),
        ("import 'x';", set()),
        ("export { a as b, default } from 'x';", {"a", "default"}),
        ("export * from 'x';", {"*"}),
        ("export * as all from 'x';", {"*"}),
        ("import a from 'x'; import { b } from \"x\";", {"default", "b"}),
        ("import { a } from '\\x78';", {"a"}),
        ("export const a = 1; import { b } from 'x'; const c = `import { d } from 'x'`;", {"b"}),
    ],
)
def test_names_of_statements(text: str, names: set[str]) -> None:
    assert imported_names(text.encode()) == {"x": frozenset(names)}


@pytest.mark.parametrize("text", ["", "import('x')", "export const x = 1;", "<html>", "import {", "\xff\x00"])
def test_what_imports_nothing_by_a_statement(text: str) -> None:
    assert imported_names(text.encode("latin-1")) == {}
