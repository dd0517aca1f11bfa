"""Delegates: Python functions that decide, and JavaScript modules that connect."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from hanse.errors import BlockedError, DeadlineError, FetchError, FormatError, HanseError, UsageError
from hanse.federation.delegate_modules import read_delegate
from hanse.federation.delegates import (
    DEFAULT,
    Decision,
    RequestContext,
    decide,
    is_python,
    load_delegate,
)
from hanse.limits import LIMITS

pytestmark = pytest.mark.anyio

CONTEXT = RequestContext(remote="shop", tenant="visby", experiments={"cart": "b"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answering(answer: object) -> Callable[[RequestContext], Awaitable[Decision | str | None]]:
    async def delegate(_: RequestContext) -> Decision | str | None:
        return answer  # type: ignore[return-value]

    return delegate


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (None, DEFAULT),
        ("shop", DEFAULT),
        ("shop-beta", Decision("remote", "shop-beta")),
        ("@acme/shop", Decision("remote", "@acme/shop")),
        ("https://b.example", Decision("server", "https://b.example/")),
        ("https://B.example/x/../app#y", Decision("server", "https://b.example/app/")),
        (
            "https://b.example/remoteEntry.json?v=2",
            Decision("entry", "https://b.example/remoteEntry.json?v=2"),
        ),
        ("https://b.example/remoteEntry.js", Decision("entry", "https://b.example/remoteEntry.js")),
        (Decision("entry", "https://b.example/e"), Decision("entry", "https://b.example/e")),
        (Decision("remote", "shop"), DEFAULT),
    ],
)
async def test_answers_are_decisions(answer: object, decision: Decision) -> None:
    assert await decide(answering(answer), CONTEXT) == decision


@pytest.mark.parametrize(
    "answer",
    [7, b"x", ("a",), "", "a b", "__proto__", "file:///etc/passwd", "ftp://x/y", Decision("server", "shop")],
)
async def test_other_answers_are_refused(answer: object) -> None:
    with pytest.raises(UsageError) as caught:
        await decide(answering(answer), CONTEXT)
    assert caught.value.subject == "delegate of shop"


async def test_a_delegate_is_told_of_the_request() -> None:
    async def delegate(context: RequestContext) -> str | None:
        return f"shop-{context.tenant}" if context.experiments.get("cart") == "b" else None

    assert (await decide(delegate, CONTEXT)).value == "shop-visby"
    with pytest.raises(FrozenInstanceError):
        CONTEXT.tenant = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        CONTEXT.experiments["cart"] = "a"  # type: ignore[index]


async def test_a_delegate_has_a_deadline() -> None:
    async def slow(_: RequestContext) -> None:
        await asyncio.sleep(30)

    with pytest.raises(DeadlineError, match="longer than"):
        await decide(slow, CONTEXT, limits=replace(LIMITS, delegate_deadline=0.05))


async def test_what_a_delegate_raises_is_told() -> None:
    async def broken(_: RequestContext) -> None:
        raise KeyError("tenant")

    async def impatient(_: RequestContext) -> None:
        raise TimeoutError("its own")

    async def known(_: RequestContext) -> None:
        raise FetchError("no flags today", subject="flags")

    with pytest.raises(UsageError, match="KeyError: 'tenant'"):
        await decide(broken, CONTEXT)
    with pytest.raises(UsageError, match="TimeoutError: its own"):
        await decide(impatient, CONTEXT)
    with pytest.raises(FetchError, match="no flags today"):
        await decide(known, CONTEXT)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def forget(*names: str) -> None:
    for name in names:
        sys.modules.pop(name, None)


async def test_delegates_are_loaded_by_name(package: Path) -> None:
    (package / "towns_delegates.py").write_text(
        "async def shop(context):\n    return f'shop-{context.tenant}'\n"
        "class Ask:\n    async def __call__(self, context):\n        return None\n"
        "ask = Ask()\n"
        "def late(context):\n    return None\n"
    )
    try:
        delegate = load_delegate("towns_delegates:shop", remote="shop")
        assert (await decide(delegate, CONTEXT)).value == "shop-visby"
        assert await decide(load_delegate("towns_delegates:ask"), CONTEXT) == DEFAULT
        with pytest.raises(UsageError, match="no async function"):
            load_delegate("towns_delegates:late")
        with pytest.raises(UsageError, match="has no nothing"):
            load_delegate("towns_delegates:nothing")
    finally:
        forget("towns_delegates")


async def test_a_module_that_cannot_be_imported_says_why(package: Path) -> None:
    (package / "towns_broken.py").write_text("raise RuntimeError('no database')\n")
    try:
        with pytest.raises(UsageError, match="RuntimeError: no database") as caught:
            load_delegate("towns_broken:shop", remote="shop")
        assert caught.value.subject == "delegate 'towns_broken:shop' of shop"
        with pytest.raises(UsageError, match="towns_absent cannot be imported: ModuleNotFoundError"):
            load_delegate("towns_absent:shop")
    finally:
        forget("towns_broken")


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("a.b:c", True),
        ("a:b.c", True),
        ("./delegates/shop.js", False),
        ("delegates/shop.js", False),
        ("a.b", False),
        ("a:b:c", False),
    ],
)
def test_files_and_functions_are_told_apart(text: str, python: bool) -> None:
    assert is_python(text) is python


# --- delegates in JavaScript ---------------------------------------------------------------------------


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def failing(folder: Path, delegate: str) -> HanseError:
    with pytest.raises(HanseError) as caught:
        await read_delegate(delegate, folder, name="shop")
    return caught.value


async def test_a_delegate_comes_with_what_it_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        "delegates/shop.js",
        "import { a } from '../lib/a.js'; import 'react'; export default a(require('./c.cjs'));",
    )
    write(
        tmp_path,
        "lib/a.js",
        "export const a = () => import('shop-v2/./Card'); import './data.json' with { type: 'json' };",
    )
    write(tmp_path, "lib/data.json", "{}")
    write(tmp_path, "delegates/c.cjs", "module.exports = require('react-dom/server');")
    write(tmp_path, "secret.txt", "")
    member = await read_delegate("./delegates/shop.js", tmp_path, name="team/shop")
    entry = member.build.entry
    assert member.open
    assert member.formats == {
        "delegates/shop.js": "esm",
        "lib/a.js": "esm",
        "lib/data.json": "json",
        "delegates/c.cjs": "cjs",
    }
    assert entry.container is not None
    assert entry.container.script == "delegates/shop.js"
    assert entry.container.global_name == "team_shop"
    assert entry.modules["lib/a.js"].externals == ("shop-v2/Card",)
    assert entry.modules["delegates/c.cjs"].externals == ("react-dom/server",)
    assert set(member.build.contents) == set(member.formats)


@pytest.mark.parametrize(
    "text", ["module.exports = 1;", "// import x from 'y'\nmodule.exports = import('react');"]
)
async def test_commonjs_is_known_by_what_it_lacks(tmp_path: Path, text: str) -> None:
    write(tmp_path, "shop.js", text)
    assert (await read_delegate("./shop.js", tmp_path, name="shop")).formats == {"shop.js": "cjs"}


async def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    home = tmp_path / "site"
    write(tmp_path, "outside.js", "export default 1;")
    write(home, "shop.js", "import '../outside.js';")
    (home / "link.js").symlink_to(tmp_path / "outside.js")
    assert isinstance(await failing(home, "./shop.js"), FormatError)
    assert isinstance(await failing(home, "../outside.js"), FormatError)
    assert isinstance(await failing(home, str(tmp_path / "outside.js")), FormatError)
    assert isinstance(await failing(home, "./link.js"), BlockedError)


async def test_files_that_are_missing_or_named_without_their_suffix_are_named(tmp_path: Path) -> None:
    write(tmp_path, "shop.js", "import './lib/a';")
    error = await failing(tmp_path, "./shop.js")
    assert isinstance(error, FormatError)
    assert "'./lib/a'" in error.found
    assert ".mjs" in error.expected
    assert "there" in (await failing(tmp_path, "./none.js")).hint


async def test_a_delegate_that_imports_without_end_is_refused(tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path, f"d{number}.js", f"import './d{number + 1}.js';")
    with pytest.raises(UsageError, match="more than 4 files"):
        await read_delegate("./d0.js", tmp_path, name="shop", limits=replace(LIMITS, delegate_files=4))
