"""Nothing of one user's rendering is found in another's: not in modules, in globals, or in what is shared."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hanse.engines import EngineLimits, Realm, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open, OpenPool, Promises
from tests.engines.single import single

pytestmark = pytest.mark.anyio

# The long version is part of the soak.
ROUNDS = 5000 if os.environ.get("HANSE_SOAK") else 40
STATE = (Path(__file__).parent / "isolation.js").read_text()


# Warm, so that state would have a place to stay.
GENERATION = single(
    STATE,
    isle__store_js="export const store = {};",
    isle__late_js="export const state = {};",
    isle__plain_cjs="exports.createRequire = {};",
    warm=("isle/main.js", "isle/late.js"),
)
LIMITS = EngineLimits(call=10.0, open=30.0)


@pytest.fixture
async def fresh(open_realm: Open, open_pool: OpenPool, promises: Promises) -> Realm:
    """What promises a fresh start for every call: a realm, or a pool with `isolation="request"`."""
    if promises.fresh:
        return await open_realm(GENERATION)
    return await open_pool(GENERATION, LIMITS, size=2, isolation="request", spares=2)


async def test_users_in_turn_never_see_each_other(fresh: Realm, promises: Promises) -> None:
    for round_number in range(ROUNDS if promises.fresh else ROUNDS // 4):
        for user in ("anna", "ben"):
            secret = f"{user}-{round_number}"
            call = RenderCall(module="isle/main.js", props={"user": user, "secret": secret})
            assert (await fresh.render(call)).html == f"<p>{user}:{secret}</p><i></i>"


async def test_users_at_once_never_see_each_other(fresh: Realm, promises: Promises) -> None:
    async def one(number: int) -> None:
        user = f"user{number % 2}"
        call = RenderCall(module="isle/main.js", props={"user": user, "secret": f"s{number}"})
        assert (await fresh.render(call)).html == f"<p>{user}:s{number}</p><i></i>"

    for start in range(0, ROUNDS if promises.fresh else ROUNDS // 4, 10):
        await asyncio.gather(*(one(number) for number in range(start, start + 10)))


async def test_every_call_draws_lots_of_its_own(fresh: Realm) -> None:
    drawn = [await fresh.call("isle/main.js", "lots", []) for _ in range(5)]
    assert len({str(part) for lots in drawn if isinstance(lots, list) for part in lots}) == 15


async def test_a_call_that_failed_leaves_nothing(open_pool: OpenPool) -> None:
    text = """
    let count = 0;
    export const fail = () => { count += 1; throw new Error('x'); };
    export const loop = () => { count += 1; for (;;); };
    export const look = () => count;
    """
    realm = await open_pool(
        single(text, warm=("isle/main.js",)), LIMITS, size=1, isolation="request", spares=1
    )
    for export, deadline in (("fail", None), ("loop", 0.1)):
        with pytest.raises(EngineError):
            await realm.call("isle/main.js", export, [], deadline=deadline)
    assert await realm.call("isle/main.js", "look", []) == 0
