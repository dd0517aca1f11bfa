"""The hooks of Module Federation's runtime, for plugins written in Python.

A plugin is any object with a `name` and methods named after hooks. A hook's kind decides what becomes of what
the methods return:

* `sync` calls all of them; the last value that is not None counts.
* `async` calls them one after the other and waits for each; `False` ends it; the last value that is neither
  None nor the arguments themselves counts.
* `sync-waterfall` and `async-waterfall` hand the arguments from one to the next. A method returns the
  arguments or a table with at least the same keys, or None for "unchanged". Anything else is an error.

Methods of asynchronous hooks may be `async def`, and await what the model gives them. Sources: the hooks of a
live instance of `@module-federation/runtime` 2.9.2, dumped.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast, runtime_checkable

from hanse.errors import ShareError

if TYPE_CHECKING:
    from hanse.share.microtasks import Microtasks, Promise

__all__ = ["HOOKS", "HookArgs", "Hooks", "Kind", "RuntimePlugin", "prefixed"]

Kind = Literal["sync", "async", "sync-waterfall", "async-waterfall"]

# What a hook is told, by Module Federation's names in snake_case. Plugins change it in place: it is a table.
HookArgs = dict[str, Any]
Listener = Callable[..., object]

HOOKS: Final[Mapping[str, Kind]] = {
    "before_init": "sync-waterfall",
    "init": "sync",
    "before_init_container": "async-waterfall",
    "init_container": "async-waterfall",
    "before_register_remote": "sync-waterfall",
    "register_remote": "sync-waterfall",
    "before_request": "async-waterfall",
    "after_match_remote": "async",
    "on_load": "async",
    "after_load_remote": "async",
    "handle_preload_module": "sync",
    "error_load_remote": "async",
    "before_preload_remote": "async",
    "generate_preload_assets": "async",
    "after_preload_remote": "async",
    "load_entry": "async",
    "before_register_share": "sync-waterfall",
    "after_register_share": "sync",
    "after_resolve": "async-waterfall",
    "before_load_share": "async-waterfall",
    "load_share": "async",
    "after_load_share": "sync",
    "error_load_share": "sync",
    "resolve_share": "sync-waterfall",
    "init_container_share_scope_map": "sync-waterfall",
    "before_load_remote_snapshot": "async",
    "load_snapshot": "async-waterfall",
    "load_remote_snapshot": "async-waterfall",
    "after_load_snapshot": "async-waterfall",
    "before_load_manifest": "async",
    "after_load_manifest": "async",
    "get_module_info": "sync",
    "create_script": "sync",
    "create_link": "sync",
    "fetch": "async",
    "load_entry_error": "async",
    "after_load_entry": "async",
    "before_init_remote": "async",
    "after_init_remote": "async",
    "before_get_expose": "async",
    "after_get_expose": "async",
    "before_execute_factory": "async",
    "after_execute_factory": "async",
    "get_module_factory": "async",
    "before_bridge_render": "sync",
    "after_bridge_render": "sync",
    "before_bridge_destroy": "sync",
    "after_bridge_destroy": "sync",
    "after_bridge_route_sync": "sync",
}

# What the runtime's messages begin with.
_PREFIX: Final = "[ Federation Runtime ]"


@runtime_checkable
class RuntimePlugin(Protocol):
    """A runtime plugin: a name, and a method for each hook of `HOOKS` that it takes part in.

    ```
    class Pin:
        name = "pin"

        def resolve_share(self, args: HookArgs) -> HookArgs:
            ...
            return args
    ```
    """

    @property
    def name(self) -> str:
        """The plugin's name; of two plugins with one name the first counts."""


class Hooks:
    """The plugins of one instance, and who listens to which hook."""

    def __init__(self, queue: Microtasks, warn: Callable[[Exception], None]) -> None:
        self._queue = queue
        self._warn = warn
        self._listeners: dict[str, list[Listener]] = {hook: [] for hook in HOOKS}
        self.plugins: dict[str, RuntimePlugin] = {}

    def register(self, plugins: Sequence[RuntimePlugin]) -> None:
        """Take plugins in, except those whose name is taken.

        Raises:
            ShareError: A plugin has no name.
        """
        for plugin in plugins:
            if not getattr(plugin, "name", None):
                raise ShareError(f"{_PREFIX}: A name must be provided by the plugin.", subject="plugin")
            if plugin.name in self.plugins:
                continue
            self.plugins[plugin.name] = plugin
            for hook, listeners in self._listeners.items():
                method = getattr(plugin, hook, None)
                if callable(method):
                    listeners.append(method)

    def tell(self, hook: str, args: HookArgs) -> object:
        """Emit a `sync` hook; return the last value that is not None."""
        result = None
        for listener in list(self._listeners[hook]):
            found = listener(args)
            if found is not None:
                result = found
        return result

    def pass_on(self, hook: str, args: HookArgs) -> HookArgs:
        """Emit a `sync-waterfall` hook; return what the last plugin handed on.

        Raises:
            ShareError: A plugin returned something unusable.
            Exception: What a plugin raised, after it was noted as a warning.
        """
        for listener in list(self._listeners[hook]):
            try:
                found = listener(args)
                if found is None:
                    continue
                if not _has_keys_of(args, found):
                    raise _unusable("an unacceptable", hook)
            except Exception as error:
                fault = prefixed(error)
                self._warn(fault)
                if fault is error:
                    raise
                raise fault from error
            args = cast("HookArgs", found)
        return args

    def ask(self, hook: str, *data: object) -> Promise[object]:
        """Emit an `async` hook; return a promise for its result.

        Raises:
            Exception: What the first plugin raised before it waited for anything.
        """
        listeners = list(self._listeners[hook])

        def call(place: int, before: object) -> object:
            if before is False or place == len(listeners):
                return before

            def go_on(found: object) -> object:
                same = len(data) == 1 and found is data[0]
                return call(place + 1, before if found is None or same else found)

            return self._promised(listeners[place](*data)).then(go_on)

        return self._queue.resolved(call(0, None))

    def pass_on_later(self, hook: str, args: HookArgs) -> Promise[HookArgs]:
        """Emit an `async-waterfall` hook; return a promise for what the last plugin handed on.

        Raises:
            Exception: What the first plugin raised before it waited for anything.
        """
        listeners = list(self._listeners[hook])

        def fail(error: Exception) -> object:
            self._warn(error)
            raise prefixed(error)

        def call(place: int, current: HookArgs, found: object) -> object:
            if found is not None:
                if not _has_keys_of(current, found):
                    raise prefixed(_unusable("an incorrect", hook))
                current = cast("HookArgs", found)
            if place == len(listeners):
                return current
            try:
                later = self._promised(listeners[place](current))
            except Exception as error:  # noqa: BLE001 - it is raised again, as the runtime does it
                return fail(error)
            return later.then(lambda found: call(place + 1, current, found), fail)

        return cast("Promise[HookArgs]", self._queue.resolved(call(0, args, None)))

    def _promised(self, value: object) -> Promise[object]:
        if iscoroutine(value):
            return self._queue.start(cast("Coroutine[object, object, object]", value))
        return self._queue.resolved(value)


def prefixed(error: Exception) -> Exception:
    """Return the error with the runtime's prefix before its message, where that is the runtime's to write."""
    if isinstance(error, ShareError) and not error.message.startswith(_PREFIX):
        error.message = f"{_PREFIX}: {error.message}"
    return error


def _unusable(what: str, hook: str) -> ShareError:
    return ShareError(f'A plugin returned {what} value for the "{hook}" type.', subject=hook)


def _has_keys_of(args: HookArgs, found: object) -> bool:
    return found is args or (isinstance(found, dict) and args.keys() <= found.keys())
