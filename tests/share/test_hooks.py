"""Hooks fire as they did in a live `@module-federation/runtime` 2.9.2, whose trace is recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import HanseError, ShareError
from hanse.share import HOOKS, App, Exposed, HookArgs, Instance, Remote, Runtime, Shared
from hanse.share.remotes import Container

TRACE = json.loads((Path(__file__).parents[1] / "cases" / "mf-hooks.json").read_text())
KINDS = {
    "SyncHook": "sync",
    "AsyncHook": "async",
    "SyncWaterfallHook": "sync-waterfall",
    "AsyncWaterfallHook": "async-waterfall",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def test_every_hook_is_there_with_its_kind() -> None:
    assert {snake(hook["hook"]): KINDS[hook["kind"]] for hook in TRACE["hooks"]} == HOOKS


MANIFEST = {
    "metaData": {
        "publicPath": "http://h.invalid/b/",
        "remoteEntry": {"name": "remoteEntry.js", "path": ""},
        "ssrRemoteEntry": {"name": "remoteEntry.js", "path": "server"},
    },
    "exposes": [],
    "shared": [],
}


class Listener:
    """A plugin that listens to every hook and writes the trace the recording has."""

    name = "listener"

    def __init__(self) -> None:
        self.trace: list[str] = []

    def fetched(self, *data: object) -> object:
        kinds = ["string" if isinstance(part, str) else "object" for part in data]
        self.trace += [f"fetch({','.join(kinds)})", f">>fetch {data[0]}"]
        return MANIFEST

    def __getattr__(self, hook: str) -> Callable[..., Any]:
        if hook not in HOOKS:
            raise AttributeError(hook)

        def listen(*data: Any) -> Any:
            if hook == "fetch":
                return self.fetched(*data)
            (args,) = data
            self.trace.append(f"{hook}({','.join(key for key, value in args.items() if value is not None)})")
            return None

        return listen


def recorded(trace: str) -> list[str]:
    """Return a recorded trace by the names in snake_case, with the arguments in the alphabet's order."""
    lines = [line for line in TRACE["traces"][trace] if not line.startswith("---remoteInfo")]
    return [in_order(re.sub(r"\w+", lambda word: snake(word[0]), line)) for line in lines]


def in_order(line: str) -> str:
    hook, _, args = line.rstrip(")").partition("(")
    return f"{hook}({','.join(sorted(args.split(',')))})" if args else hook


class Loads(Listener):
    """The same, with a container script that is at hand."""

    def load_entry(self, args: HookArgs) -> Container:
        given = ",".join(key for key, value in args.items() if value is not None)
        self.trace.append(f"load_entry({given})")

        def get(module: str) -> Callable[[], Exposed]:
            def factory() -> Exposed:
                self.trace.append(">>factory")
                return Exposed("a", module)

            self.trace.append(">>container.get")
            return factory

        def init(*_: object) -> None:
            self.trace.append(">>container.init")

        return Container(get, init)


class Offline(Listener):
    """The same, with a container script that cannot be had."""

    def load_entry(self, args: HookArgs) -> None:
        given = ",".join(key for key, value in args.items() if value is not None)
        self.trace.append(f"load_entry({given})")
        raise ShareError("offline")


def start(*plugins: Any, shared: tuple[Shared, ...] = (), remotes: tuple[Remote, ...] = ()) -> Instance:
    return Runtime().start(App("host", shared=shared, remotes=remotes, plugins=plugins))


def trace_two_loads(plugin: Listener, entry: str) -> list[str]:
    host = start(plugin, remotes=(Remote("a", entry=entry),))
    plugin.trace.append("---init done")
    for place in range(2):
        try:
            host.runtime.run(host.load_remote("a/x"))
        except HanseError as error:
            plugin.trace.append(f">>throw {error.message}")
        if not place:
            plugin.trace.append("---second load")
    return [in_order(line) for line in plugin.trace]


def test_loading_a_module_fires_what_was_recorded() -> None:
    assert trace_two_loads(Loads(), "http://h.invalid/a/remoteEntry.js") == recorded("js-entry")


def test_loading_by_a_manifest_fires_what_was_recorded() -> None:
    plugin = Loads()
    wanted = recorded("manifest-entry")
    assert trace_two_loads(plugin, "http://h.invalid/b/mf-manifest.json") == wanted


def test_a_manifest_says_where_the_script_is() -> None:
    asked: list[str] = []
    runtime = Runtime(documents={"http://h.invalid/b/mf-manifest.json": MANIFEST})
    runtime.offer(App("b"))
    plugins = (Named("n", "load_entry", lambda args: asked.append(args["remote_info"].entry)),)
    remotes = (Remote("b", entry="http://h.invalid/b/mf-manifest.json"),)
    host = runtime.start(App("host", remotes=remotes, plugins=plugins))
    assert runtime.run(host.load_remote("b/x")) == Exposed("b", "./x")
    assert asked == ["http://h.invalid/b/server/remoteEntry.js"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (None, "003"),
        ({}, "013"),
        ({**MANIFEST, "exposes": None}, "013"),
        ({**MANIFEST, "metaData": {"x": 1}}, "011"),
    ],
)
def test_a_manifest_that_is_none_fails_with_the_runtimes_code(document: Any, code: str) -> None:
    heard: list[str] = []
    url = "http://h.invalid/b/mf-manifest.json"
    runtime = Runtime(documents={} if document is None else {url: document})
    runtime.offer(App("b"))
    plugins = (Named("n", "error_load_remote", lambda args: heard.append(args["lifecycle"])),)
    host = runtime.start(App("host", remotes=(Remote("b", entry=url),), plugins=plugins))
    with pytest.raises(ShareError, match=f"RUNTIME-{code}"):
        runtime.run(host.load_remote("b/x"))
    assert heard == (["onLoad"] if code == "011" else ["afterResolve", "onLoad"])


def test_failing_to_load_a_script_fires_what_was_recorded() -> None:
    assert trace_two_loads(Offline(), "http://h.invalid/c/remoteEntry.js") == recorded("js-entry-offline")


class Named:
    """A plugin of one hook."""

    def __init__(self, name: str, hook: str, method: Callable[..., Any]) -> None:
        self.name = name
        setattr(self, hook, method)


REACT = Shared("react", "18.2.0", provide="sync")


def test_plugins_are_unique_by_name_and_the_first_counts() -> None:
    heard: list[str] = []
    host = start(Named("a", "init", lambda args: heard.append("first")), Named("a", "init", heard.append))
    host.register_plugins([Named("a", "before_register_share", lambda args: heard.append("third"))])
    host.register_shared([REACT])
    assert heard == ["first"]
    assert [plugin for plugin in host.hooks.plugins if plugin == "a"] == ["a"]


def test_a_plugin_needs_a_name() -> None:
    with pytest.raises(ShareError, match="name"):
        start(Named("", "init", print))


@pytest.mark.parametrize("bad", [False, 1, "x", [], {}, {"scope": "default"}])
@pytest.mark.parametrize("hook", ["resolve_share", "before_register_share", "before_init"])
def test_a_bad_value_of_a_waterfall_is_an_error(hook: str, bad: object) -> None:
    with pytest.raises(ShareError, match="unacceptable value"):
        start(Named("bad", hook, lambda args: bad), shared=(REACT,)).load_share_sync("react")


@pytest.mark.parametrize("bad", [False, 1, "x", [], {}])
@pytest.mark.parametrize("later", [False, True])
def test_a_bad_value_of_an_asynchronous_waterfall_is_an_error(bad: object, later: bool) -> None:
    async def answer(args: HookArgs) -> object:
        return bad

    host = start(Named("bad", "before_load_share", answer if later else lambda args: bad), shared=(REACT,))
    with pytest.raises(ShareError, match="incorrect value"):
        host.runtime.run(host.load_share("react"))


@pytest.mark.parametrize("hook", ["resolve_share", "before_load_share"])
def test_what_a_waterfall_raises_is_warned_of_and_raised(hook: str) -> None:
    def fail(args: HookArgs) -> None:
        raise ValueError("no")

    host = start(Named("bad", hook, fail), shared=(REACT,))
    with pytest.raises(ValueError, match="no"):
        host.runtime.run(host.load_share("react"))
    assert any("no" in line.text for line in host.runtime.log)


@pytest.mark.parametrize("hook", ["after_load_share", "error_load_share"])
def test_what_is_raised_afterwards_is_only_warned_of(hook: str) -> None:
    def fail(args: HookArgs) -> None:
        raise ValueError("no")

    host = start(Named("bad", hook, fail), shared=(REACT,))
    with pytest.raises(ShareError, match="006"):
        host.load_share_sync("nothing")
    assert host.load_share_sync("react") is not None
    assert [line.text for line in host.runtime.log] == ["[ Federation Runtime ] [ Federation Runtime ]: no"]


def test_waterfalls_hand_on_and_may_replace() -> None:
    def pick(args: HookArgs) -> HookArgs:
        args["share_info"].config = args["share_info"].config.under(Shared("", required_version="^17").config)
        return dict(args)

    shared = (Shared("react", "18.2.0"), Shared("react", "17.0.2"))
    host = start(Named("pick", "before_load_share", pick), shared=shared)
    factory: Any = host.runtime.run(host.load_share("react"))
    assert factory().version == "17.0.2"


def test_asynchronous_hooks_end_at_false_and_take_the_last_value() -> None:
    heard: list[str] = []

    def say(word: str, value: object) -> Callable[[HookArgs], object]:
        def listen(args: HookArgs) -> object:
            heard.append(word)
            return value

        return listen

    async def wait(args: HookArgs) -> object:
        heard.append("waited")
        return lambda: "wrapped"

    runtime = Runtime()
    runtime.offer(App("shop"))
    plugins = (
        Named("a", "on_load", wait),
        Named("b", "on_load", say("b", None)),
        Named("c", "error_load_remote", say("c", False)),
        Named("d", "error_load_remote", say("d", "stand-in")),
    )
    host = runtime.start(App("host", remotes=("shop",), plugins=plugins))
    loaded: Any = runtime.run(host.load_remote("shop/Card"))
    assert loaded() == "wrapped"
    with pytest.raises(ShareError, match="RUNTIME-004"):
        runtime.run(host.load_remote("elsewhere/Card"))
    assert heard == ["waited", "b", "c"]


def test_a_plugin_may_stand_in_for_a_remote_that_fails() -> None:
    host = start(Named("d", "error_load_remote", lambda args: "stand-in"), remotes=(Remote("gone"),))
    assert host.runtime.run(host.load_remote("gone/Card")) == "stand-in"


def test_sync_hooks_return_the_last_value_that_is_there() -> None:
    host = start(
        Named("a", "get_module_info", lambda args: 1),
        Named("b", "get_module_info", lambda args: 2),
        Named("c", "get_module_info", lambda args: None),
    )
    assert host.hooks.tell("get_module_info", {}) == 2
