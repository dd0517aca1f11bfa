"""A process that waits evaluates what lasts of a generation, and serves the next one if that has the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hanse.engines import EngineLimits, Generation, RenderCall
from hanse.engines.deno import DenoEngine
from hanse.errors import EngineError
from tests.engines.spares import spare_of
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(open=30.0, call=10.0)
FRAMEWORK = """
import { part } from './part.js';
let warmed = 0;
export const warm = () => { warmed += 1; };
export const state = () => [warmed, part()];
export const fail = () => { throw new Error('no wind'); };
"""
PART = "export const part = () => 'part';"
USER = (
    "import { state, fail } from 'framework'; export const ask = () => state(); export const render = fail;"
)


def build(
    *, framework: str = FRAMEWORK, remote: str = "lubeck", user: str = USER, part: str = PART
) -> Generation:
    """Return a generation in which `home` uses the framework that some remote brings."""
    files = modules(**{f"{remote}__framework_js": framework, f"{remote}__part_js": part, "home__a_js": user})
    made = generation(files, imports={"framework": f"{remote}/framework.js"})
    lasting = f"{remote}/framework.js"
    return replace(made, id=f"g-{abs(hash(str(made)))}", warm=("home/a.js", lasting), lasting=(lasting,))


@pytest.fixture
async def engine() -> AsyncIterator[DenoEngine]:
    made = DenoEngine(spares=1)
    yield made
    await made.close()


async def test_what_lasts_was_evaluated_and_warmed_before_the_next_generation_came(
    engine: DenoEngine,
) -> None:
    first = await engine.open(build(), LIMITS)
    assert await first.call("home/a.js", "ask", []) == [0, "part"]
    pid = await spare_of(engine)

    second = await engine.open(build(user=USER + "export const more = 1;"), LIMITS)

    assert second.pid == pid
    assert await second.call("home/a.js", "ask", []) == [1, "part"]


async def test_the_same_module_serves_under_another_name_which_is_the_one_that_is_told(
    engine: DenoEngine,
) -> None:
    await engine.open(build(), LIMITS)
    pid = await spare_of(engine)

    realm = await engine.open(build(remote="riga"), LIMITS)

    assert realm.pid == pid
    assert await realm.call("home/a.js", "ask", []) == [1, "part"]
    with pytest.raises(EngineError) as caught:
        await realm.render(RenderCall(module="home/a.js"))
    assert "riga/framework.js:6" in caught.value.stack
    assert "prepared" not in f"{caught.value.stack}{caught.value.message}"


async def test_modules_that_were_prepared_are_named_among_those_used(engine: DenoEngine) -> None:
    user = "import { state } from 'framework'; export const render = () => String(state());"
    await engine.open(build(user=user), LIMITS)
    await spare_of(engine)

    realm = await engine.open(build(user=user, remote="riga"), LIMITS)
    rendered = await realm.render(RenderCall(module="home/a.js"))

    assert rendered.html == "1,part"
    assert rendered.modules == ("home/a.js", "riga/framework.js", "riga/part.js")


@pytest.mark.parametrize(
    "other",
    [
        {"framework": FRAMEWORK + "export const later = 1;"},
        {"part": "export const part = () => 'other';"},
    ],
    ids=["itself", "what it imports"],
)
async def test_a_process_that_has_evaluated_something_else_is_not_used(
    engine: DenoEngine, other: dict[str, str]
) -> None:
    await engine.open(build(), LIMITS)
    pid = await spare_of(engine)

    realm = await engine.open(build(**other), LIMITS)

    assert realm.pid != pid
    assert await realm.call("home/a.js", "ask", []) == [0, "other" if "part" in other else "part"]


async def test_generations_that_take_turns_find_processes_that_wait_with_nothing(engine: DenoEngine) -> None:
    one, other = build(), build(part="export const part = () => 'other';")
    await engine.open(one, LIMITS)
    await spare_of(engine)
    await engine.open(other, LIMITS)
    pid = await spare_of(engine)

    realm = await engine.open(one, LIMITS)

    assert realm.pid == pid
    assert await realm.call("home/a.js", "ask", []) == [0, "part"]


@pytest.mark.parametrize(
    "framework",
    [
        FRAMEWORK + "export const later = () => import('./part.js');",
        FRAMEWORK.replace("warmed += 1;", "throw new Error('cold');"),
        FRAMEWORK.replace("warmed += 1;", "import_ = 1;"),
    ],
    ids=["it loads something later", "its warming fails", "its warming is wrong"],
)
async def test_a_module_that_cannot_be_prepared_runs_all_the_same(engine: DenoEngine, framework: str) -> None:
    await engine.open(build(framework=framework), LIMITS)
    await spare_of(engine)

    realm = await engine.open(build(framework=framework, user=USER + "//"), LIMITS)

    assert await realm.call("home/a.js", "ask", []) == [0, "part"]


async def test_what_was_prepared_cannot_be_asked_for_by_its_number(engine: DenoEngine) -> None:
    user = USER + "export const peek = (name) => import(name).then(() => 'seen', (error) => error.message);"
    await engine.open(build(), LIMITS)
    await spare_of(engine)

    realm = await engine.open(build(user=user), LIMITS)

    said = await realm.call("home/a.js", "peek", ["hanse://prepared/0.js"])
    assert isinstance(said, str)
    assert "does not name" in said


async def test_what_was_prepared_has_nothing_either(engine: DenoEngine) -> None:
    framework = FRAMEWORK.replace(
        "let warmed = 0;", "let warmed = [typeof Deno, typeof fetch, typeof Worker, process.platform].join();"
    ).replace("warmed += 1;", "")
    await engine.open(build(framework=framework), LIMITS)
    await spare_of(engine)

    realm = await engine.open(build(framework=framework, user=USER + "//"), LIMITS)

    assert await realm.call("home/a.js", "ask", []) == ["undefined,undefined,undefined,hanse", "part"]
