"""What a module imports, by its text."""

from __future__ import annotations

import json
import subprocess
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.graph import Lexed, lex
from hanse.limits import Limits
from scripts.node import ensure_node
from tests.soak.counts import often

EXAMPLES = Path(__file__).parents[2] / "examples" / "basic"


def of(source: str | bytes) -> Lexed:
    return lex(source.encode() if isinstance(source, str) else source, subject="test.js")


@pytest.mark.parametrize(
    ("source", "imports"),
    [
        ("import a from './a.js'", ["./a.js"]),
        ("import a, * as b from 'a'; import {c as d, default as e} from \"b\"", ["a", "b"]),
        ("import{a}from'./a.js';import'./b.js';export*from'./c.js'", ["./a.js", "./b.js", "./c.js"]),
        ("export { x, y as z } from './a'; export * as all from './b'; export { x }", ["./a", "./b"]),
        ("import './a'; import './b'; import './a'", ["./a", "./b"]),
        ("// import './no'\n/* import './no' */ import './yes'", ["./yes"]),
        ("import /* from 'no' */ './yes'", ["./yes"]),
        ("const text = \"import './no'\"; const other = `import './no'`", []),
        ("const found = /import '.\\/no'/; a / b; import './yes'", ["./yes"]),
        ("const t = `${`${import.meta.url} import './no'`}`; export default t", []),
        ("export const a = 1; export default function () {}", []),
        ("import data from './d.json' with { type: 'json' }; import './x'", ["./d.json", "./x"]),
        ("export * as n from './d' with { type: 'json' };\nimport './x'", ["./d", "./x"]),
        ("import { a as 'b c' } from './a'", ["./a"]),
        ("import defer * as a from './a'; import './b'", ["./a", "./b"]),
        ("\ufeffimport './a'", ["./a"]),
        ("#!/usr/bin/env node\nimport './a'", ["./a"]),
        ("import\n'./a'\nimport\n'./b'", ["./a", "./b"]),
        ("import {} from './a'", ["./a"]),
        ("a.import('./no'); ({ import() {} }); class B { import() {} }; a.export.from; $import('./no')", []),
    ],
)
def test_static_imports(source: str, imports: list[str]) -> None:
    assert [*of(source).imports] == imports


@pytest.mark.parametrize(
    ("source", "dynamic", "opaque"),
    [
        ("import('./a')", ["./a"], False),
        ("await import(`./a`)", ["./a"], False),
        ("import(/* webpackChunkName: 'x' */ './a')", ["./a"], False),
        ("import('./a', { with: { type: 'json' } })", ["./a"], False),
        ("x => { try { return import ( './a' ) } catch {} }", ["./a"], False),
        ("import(name)", [], True),
        ("import(`./${name}`)", [], True),
        ("import('./' + name); import('./a')", ["./a"], True),
        ("import.meta.url; import.meta.resolve('./a'); new URL('./a', import.meta.url)", [], False),
        ("[...await import('./a')]", ["./a"], False),
        ("`${import('./a')}`", ["./a"], False),
        ("import(import('./a'))", ["./a"], True),
    ],
)
def test_dynamic_imports(source: str, dynamic: list[str], opaque: bool) -> None:
    found = of(source)
    assert ([*found.dynamic], found.opaque, found.imports) == (dynamic, opaque, ())


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"'./\x61\u0062\u{63}'", "./abc"),
        (r"'\ud83d\ude00\u{1F600}'", "😀😀"),
        (r"'\ud83d'", "\ufffd"),
        (r"'a\'b\"c\\d\/e'", "a'b\"c\\d/e"),
        ("'a\\\nb\\\r\nc'", "abc"),
        (r"'\n\t\0\101\8\q'", "\n\t\0A8q"),
        ("'ä😀'", "ä😀"),
        ('""', ""),
    ],
)
def test_escapes_are_undone(literal: str, text: str) -> None:
    assert of(f"import {literal}").imports == (text,)
    assert of(f"import({literal})").dynamic == (text,)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@settings(deadline=None, max_examples=often(25, soak=1000))
def test_what_json_writes_is_read_back(specifier: str) -> None:
    for literal in (json.dumps(specifier), json.dumps(specifier, ensure_ascii=False)):
        found = of(f"import a from {literal}; import({literal}); export * from {literal}")
        assert found == Lexed((specifier,), (specifier,))


def test_attributes_say_what_is_no_script() -> None:
    found = of(
        "import a from './a.json' with { type: 'json' }; import b from './b.js' with { lazy: 'true' };"
        "import('./c.css', { with: { 'type': 'css' } }); import './d.js'"
    )
    assert found.others == ("./a.json", "./c.css")


@pytest.mark.parametrize(
    "source",
    [
        "<!doctype html><script type=module>import './app.js'; import('./x')</script>",
        "\n <html>\nimport './x'",
        '{"imports": {"a": "import(\'./x\')"}, "export": "from"}',
        "@import './x.css'; a::before { content: \"import './y'\" }",
        "Please import 5 apples from the shop.",
        "\0asm\1\0\0\0import",
        "",
    ],
)
def test_what_is_no_javascript_imports_nothing(source: str) -> None:
    assert of(source) == Lexed()


def test_syntax_errors_cost_no_more_than_what_they_stand_in() -> None:
    found = of("import './a';\nconst = ;\nfunction { \n}\nimport './b';\nfoo(]);\nimport('./c');\n")
    assert found == Lexed(("./a", "./b"), ("./c",))


def test_bytes_that_are_no_unicode_are_read_as_browsers_read_them() -> None:
    assert of(b"// \xff\xfe\nimport './a\xff'").imports == ("./a\ufffd",)


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(deadline=None, max_examples=often(75, soak=1000))
def test_nothing_makes_it_fail(before: bytes, after: bytes) -> None:
    of(before + b" import './a'; export * from 'b'; import(" + after)


TOKENS = [
    "import",
    "export",
    "from",
    "'x'",
    "(",
    ")",
    "{",
    "}",
    "`",
    "${",
    "*",
    "as",
    "a",
    ";",
    "\n",
    "/",
    "=>",
    "with",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=60))
@settings(deadline=None, max_examples=often(75, soak=1000))
def test_no_order_of_tokens_makes_it_fail(tokens: list[str]) -> None:
    found = of(" ".join(tokens))
    assert {*found.imports, *found.dynamic} <= {"x"} or "`" in tokens


STATEMENTS = [
    "import 'a';",
    "import{a}from'b';",
    'import * as x from "c";',
    "import d,{e as f,default as g}from 'd';",
    "import from from 'e';",
    "import $from, * as _from from 'f' ;",
    "import 'g'\n",
    "import j from 'j' with { type: 'json' };",
    "import { a as 'b' } from 'k';",
    "imports\n'no';",
    "import$from\n'no';",
    "import ä from 'l';",
    "import /* 'no' */ 'm';",
    "import '\\x6e';",
    "export{a,b as c};",
    "export { a } from 'o';",
    "export { a } /**/ from 'p';",
    "export { a }\nfrom 'q';",
    "export { a }\u00a0from 'u';",
    "export { a }\u2028from 'v';",
    "export { a }\ufefffrom 'w';",
    "export*from'r';",
    "export * as all from 's';",
    "export default 1;",
    "export default function from() {}",
    "export const y=1, from='no';",
    "export class B { import() {} }",
    "export async function h() { return import('t'); }",
    "const { export: z, import: i } = q;",
    "const s='import \"no\";', t=\"export * from 'no';\";",
    "`import 'no'; ${import.meta.url} export * from 'no';`;",
    "a.import('no'); b.export.from;",
    "import.meta.url;",
    "// import 'no';\n",
    "/* export * from 'no'; */",
]


@given(st.lists(st.sampled_from(STATEMENTS), max_size=8), st.sampled_from(["", " ", "\n", "\t", ";"]))
@settings(deadline=None, max_examples=often(200, soak=5000))
def test_what_is_read_without_a_parser_is_what_the_parser_reads(statements: list[str], between: str) -> None:
    source = between.join(statements)
    # A computed `import()` is always left to the parser.
    found, parsed = of(source), of(f"{source}\n;import(x)")
    assert (found.imports, found.dynamic, found.others) == (parsed.imports, parsed.dynamic, parsed.others)


@pytest.mark.parametrize(
    "unit",
    [
        b"(",
        b"[",
        b"import(",
        b"import(/**/",
        b"import ",
        b"import {",
        b"`${",
        b"export * as n from'x'with{} ",
        b"import'x';",
        b"import a,{b}from'x';",
        b"export{a}",
        b" ",
        b"'",
    ],
)
def test_depth_and_garbage_cost_time_in_proportion(unit: bytes) -> None:
    """Four times as much may take ten times as long, and not sixteen: nothing in it is quadratic."""

    def cost(size: int) -> float:
        began = time.thread_time()
        lex(
            b"import './a';" + unit * (size // len(unit)),
            subject="test.js",
            limits=Limits(imports_per_module=1 << 30),
        )
        return time.thread_time() - began

    small, large = min(cost(32 << 10) for _ in range(3)), cost(128 << 10)
    assert large < 10 * max(small, 0.02)


def test_a_caller_can_end_it() -> None:
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 50

    with pytest.raises(FormatError, match="takes too long") as caught:
        lex(b"import './a';\n" * 100_000, subject="https://x.example/a.js", stop=stop)
    assert caught.value.subject == "https://x.example/a.js"
    asked.clear()
    assert lex(b"x" * 1_000_000, subject="x", stop=lambda: True) == Lexed()


def test_size_and_imports_are_capped() -> None:
    with pytest.raises(FormatError, match="too large"):
        lex(b" " * 11, subject="x", limits=Limits(module_bytes=10))
    source = "".join(f"import './{number}';" for number in range(11)).encode()
    with pytest.raises(FormatError, match="imports too much"):
        lex(source, subject="x", limits=Limits(imports_per_module=10))
    assert len(lex(source, subject="x", limits=Limits(imports_per_module=11)).imports) == 11


ASK_NODE = """
const vm = require('node:vm'), fs = require('node:fs');
const answer = {};
for (const file of process.argv.slice(1)) {
  answer[file] = [...new vm.SourceTextModule(fs.readFileSync(file, 'utf8')).dependencySpecifiers];
}
console.log(JSON.stringify(answer));
"""


@pytest.mark.node
def test_node_finds_the_same_static_imports_in_real_builds() -> None:
    files = sorted(EXAMPLES.glob("*/dist/*.js"))
    assert len(files) > 10
    program = [str(ensure_node().program), "--experimental-vm-modules", "--no-warnings", "-e", ASK_NODE, "--"]
    answer = subprocess.run([*program, *map(str, files)], capture_output=True, check=True, timeout=60)
    expected = {Path(file): names for file, names in json.loads(answer.stdout).items()}
    assert {file: [*of(file.read_bytes()).imports] for file in files} == expected


def test_nothing_of_a_module_is_kept_once_it_was_read() -> None:
    source = b"import './a.js';\n" + b"export const x = [1, 2, 3];\n" * 8000 + b"import './z.js';\n"
    assert of(source).imports == ("./a.js", "./z.js")
    small = [f"import './{number % 10}.js';\n".encode() * (1 + number % 50) for number in range(500)]
    for one in small:
        of(one)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(4):
            of(source)
            for one in small:
                of(one)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Not even a few bytes of each.
    assert after - before < 20_000


def test_threads_read_different_modules_at_once() -> None:
    sources = [f"import './{name}.js';\n" + "x();\n" * 30_000 + f"import('./{name}');" for name in "abcdefgh"]
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(of, sources)]
    assert found == [Lexed((f"./{name}.js",), (f"./{name}",)) for name in "abcdefgh"]
