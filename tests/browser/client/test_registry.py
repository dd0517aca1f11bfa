"""The event registry: latches and streams, as remotes of native federation use them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.client.stage import Stage

pytestmark = pytest.mark.browser

REGISTRY = "const registry = window.__NF_REGISTRY__; const log = [];"


def run(page: Page, body: str) -> Any:
    """Run statements with `registry` and `log`, wait for microtasks, and return the log."""
    return page.evaluate(f"async () => {{ {REGISTRY} {body}; await Promise.resolve(); return log; }}")


@pytest.fixture
def registry(tab: Page, stage: Stage) -> Page:
    tab.goto(stage.url)
    return tab


def open_with(tab: Page, stage: Stage, **configuration: float) -> Page:
    """Open a page whose registry remembers more than the last event."""
    stage.data = {"registry": configuration}
    tab.goto(stage.url)
    return tab


def test_the_loader_registers_itself(registry: Page) -> None:
    assert run(registry, "registry.onReady('orch.init-ready', (api) => log.push(api === hanse))") == [True]
    assert registry.evaluate("Object.isFrozen(__NF_REGISTRY__)")
    assert registry.evaluate("Object.keys(__NF_REGISTRY__).sort()") == sorted(
        ["register", "onReady", "emit", "update", "on", "clear"]
    )


def test_a_registry_that_is_there_is_kept(tab: Page, stage: Stage) -> None:
    stage.before = (
        '<script nonce="{nonce}">window.registered = []; window.__NF_REGISTRY__ ='
        " Object.freeze({ register: (...given) => registered.push(given) })</script>"
    )
    tab.goto(stage.url)
    assert tab.evaluate("registered.map(([type, api]) => [type, api === hanse])") == [
        ["orch.init-ready", True]
    ]


def test_a_latch_tells_those_who_wait_and_those_who_come_later(registry: Page) -> None:
    body = """
      registry.onReady('x', (value) => log.push(['early', value]));
      const leave = registry.onReady('x', (value) => log.push(['gone', value]));
      leave();
      registry.register('x', 1);
      registry.onReady('x', (value) => log.push(['late', value]));
      log.push('synchronous');
      registry.register('x', 2);
      registry.onReady('x', (value) => log.push(['again', value]))"""
    assert run(registry, body) == [["early", 1], ["late", 1], "synchronous", ["again", 2]]


def test_a_latch_takes_what_a_function_returns(registry: Page) -> None:
    body = """
      registry.onReady('x', (value) => log.push(value));
      await registry.register('x', async () => 7);
      await registry.register('y', () => { throw Error('no'); }).catch(({ message }) => log.push(message));
      registry.onReady('y', () => log.push('never'));
      await registry.register('z', undefined);
      registry.onReady('z', () => log.push('never'))"""
    assert run(registry, body) == [7, "no"]


def test_listeners_hear_events_and_the_last_one_before_they_came(registry: Page) -> None:
    body = """
      const before = Date.now();
      registry.emit('x', 'first');
      registry.emit('x', 'second');
      const leave = registry.on('x', ({ data, timestamp }) => log.push([data, timestamp >= before]));
      log.push('not yet');
      await Promise.resolve();
      registry.emit('x', 'third');
      leave();
      registry.emit('x', 'fourth');
      registry.on('x', () => log.push('never'), { replay: 0 })"""
    assert run(registry, body) == ["not yet", ["second", True], ["third", True]]


def test_an_event_is_heard_once(registry: Page) -> None:
    """What comes between joining and being told of what was missed is not doubled; who left hears nothing."""
    body = """
      registry.emit('x', 1);
      registry.on('x', ({ data }) => log.push(data));
      registry.emit('x', 2);
      registry.on('x', () => log.push('never'))();"""
    assert run(registry, body) == [2, 1]


def test_what_is_told_again_is_a_copy(registry: Page) -> None:
    body = """
      const data = { list: [1] };
      registry.emit('x', data);
      const leave = registry.on('x', ({ data: { list } }) => { list.push(2); log.push(list.join()); });
      await Promise.resolve();
      leave();
      log.push(data.list.join());
      registry.update('x', (last) => { last.list.push(3); return last.list.join(); });
      log.push(data.list.join());
      registry.on('x', (event) => log.push(event.data));
      registry.emit('function', { call: () => 'called' });
      registry.on('function', (event) => log.push(event.data.call()))"""
    assert run(registry, body) == ["1,2", "1", "1", "1,3", "called"]


def test_update_gets_the_last_value(registry: Page) -> None:
    body = """
      for (let i = 0; i < 3; i++) registry.update('x', (last) => (last ?? 10) + 1);
      registry.on('x', ({ data }) => log.push(data))"""
    assert run(registry, body) == [13]


def test_one_listener_that_fails_does_not_keep_others_from_hearing(registry: Page) -> None:
    body = """
      registry.on('x', () => { throw new Error('deaf'); });
      registry.on('x', ({ data }) => log.push(data));
      registry.onReady('y', () => { throw new Error('deaf'); });
      registry.onReady('y', (value) => log.push(value));
      registry.emit('x', 1);
      registry.register('y', 2)"""
    assert run(registry, body) == [1, 2]


def test_clear_forgets_one_or_everything(registry: Page) -> None:
    body = """
      for (const type of ['x', 'y']) {
        registry.on(type, () => log.push('never'), { replay: 0 });
        registry.onReady(`${type}!`, () => log.push('never'));
      }
      registry.register('z', 1);
      registry.clear('x'); registry.clear('x!'); registry.clear('z');
      registry.emit('x', 1); registry.register('x!', 1);
      registry.onReady('z', () => log.push('never'));
      registry.on('x', ({ data }) => log.push(data));
      await Promise.resolve();
      registry.clear();
      registry.emit('y', 1); registry.register('y!', 1); registry.emit('x', 2)"""
    assert run(registry, body) == [1]


@pytest.mark.parametrize(
    ("configuration", "kept"),
    [
        ({}, [5]),
        ({"maxEvents": 4}, [3, 4, 5]),
        ({"maxEvents": 4, "removePercentage": 0.5}, [4, 5]),
        ({"maxEvents": 4, "removePercentage": 1}, [5]),
        ({"maxEvents": 9}, [1, 2, 3, 4, 5]),
    ],
)
def test_streams_are_trimmed_when_they_are_full(
    tab: Page, stage: Stage, configuration: dict[str, float], kept: list[int]
) -> None:
    page = open_with(tab, stage, **configuration)
    body = """
      for (let i = 1; i <= 5; i++) registry.emit('x', i);
      registry.on('x', ({ data }) => log.push(data), { replay: 9 })"""
    assert run(page, body) == kept


def test_streams_that_were_used_longest_ago_are_dropped(tab: Page, stage: Stage) -> None:
    page = open_with(tab, stage, maxStreams=2)
    body = """
      registry.emit('a', 1); registry.emit('b', 2); registry.emit('a', 3); registry.emit('c', 4);
      for (const type of 'abc') registry.on(type, ({ data }) => log.push(type + data))"""
    assert run(page, body) == ["a3", "c4"]


def test_types_with_names_that_objects_have_are_types(registry: Page) -> None:
    body = """
      for (const type of ['constructor', '__proto__', 'toString']) {
        registry.onReady(type, (value) => log.push(value));
        registry.on(type, ({ data }) => log.push(data));
        await Promise.resolve();
        registry.emit(type, 1);
        registry.register(type, 2);
      }
      log.push(({}).polluted === undefined)"""
    assert run(registry, body) == [1, 2, 1, 2, 1, 2, True]
