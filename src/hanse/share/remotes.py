"""A remote's container script, as an instance holds it: loaded once, initialised once, asked for modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import iscoroutine
from typing import TYPE_CHECKING, cast

from hanse.errors import ShareError
from hanse.share.microtasks import Promise
from hanse.share.options import DEFAULT_SCOPE, Remote

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hanse.share.entries import Packages, ShareScopeMap
    from hanse.share.hooks import HookArgs
    from hanse.share.instance import Instance
    from hanse.share.registering import Token

__all__ = ["Container", "InitOptions", "Loading", "Matched", "RemoteModule", "match_remote"]


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What a host hands to a container's `init` beside the scope.

    Attributes:
        share_scope_keys: The scopes the host gives, as its configuration names them.
        share_scope_map: The host's map itself.
        version: The remote's version, where the host knows it.
    """

    share_scope_keys: str | tuple[str, ...]
    share_scope_map: ShareScopeMap
    version: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """What a container script offers.

    Attributes:
        get: Given a module's name (`./Card`), gives its factory or a promise for it; None for no module.
        init: Given the scope, the tokens and the options, shares with the host; None where it is missing.
    """

    get: Callable[[str], object]
    init: Callable[[Packages, list[Token], InitOptions], object] | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A remote that a request leads to, and the module asked of it."""

    remote: Remote
    expose: str
    name: str


@dataclass(frozen=True, slots=True)
class Loading:
    """A container script that is being loaded, and for which instance."""

    promise: Promise[object]
    origin: Instance


def match_remote(remotes: list[Remote], request: str) -> Matched | None:
    """Find the remote a request such as `shop/Card` leads to, by its name or alias."""
    for remote in remotes:
        for name in filter(None, (remote.name, remote.alias)):
            if not request.startswith(name):
                continue
            rest = request[len(name) :]
            if rest.startswith("/"):
                return Matched(remote, f".{rest}", name)
            if not rest:
                return Matched(remote, ".", name)
    return None


def request_of(name: str, expose: str | None) -> str:
    """Return the request for a module of a remote."""
    return name if expose in (None, "", ".") else f"{name}/{str(expose).removeprefix('./')}"


class RemoteModule:
    """One remote of one instance."""

    def __init__(self, remote: Remote, origin: Instance) -> None:
        self.remote = replace(remote, share_scope=remote.share_scope or (DEFAULT_SCOPE,))
        self.initialising = False
        self.container: Container | None = None
        self._initialised = False
        self._init: Promise[object] | None = None
        self._origin = origin
        self._hooks = origin.hooks
        self._runtime = origin.runtime
        self._queue = origin.runtime.queue

    @property
    def loading_key(self) -> str:
        """The name under which its script is being loaded, for everybody."""
        return f"{self.remote.name}:{self.remote.entry}"

    def start_entry(self, context: HookArgs) -> Promise[Container]:
        """Load its script; return a promise for the container."""
        return self._queue.start(self._get_entry(context))

    async def _get_entry(self, context: HookArgs) -> Container:
        found = await self._queue.start(self._load_entry(context))
        if not found:
            raise ShareError(
                f"[ Federation Runtime ]: remoteEntryExports is undefined \n {self.remote.name}",
                subject=self.remote.name,
            )
        self.container = cast("Container", found)
        return self.container

    async def _load_entry(self, context: HookArgs) -> object:
        if self.container is not None:
            await self._tell_entry(context, exports=self.container, cached=True)
            return self.container
        loading = self._runtime.loading.get(self.loading_key)
        if loading is None:
            loading = self._start_loading(context)
        if loading.origin is self._origin:
            return loading.promise
        try:
            found = await loading.promise
        except Exception as error:
            await self._tell_entry(context, error=error)
            raise
        await self._tell_entry(context, exports=found)
        return found

    def _start_loading(self, context: HookArgs) -> Loading:
        """Ask the hook `load_entry`, then whoever knows the script."""
        queue, key = self._queue, self.loading_key
        asked = self._hooks.ask(
            "load_entry",
            {
                "origin": self._origin,
                "loader_hook": self._hooks,
                "remote_info": self.remote,
                "remote_entry_exports": None,
                "resource_context": context,
            },
        )

        async def tell(found: object) -> object:
            await self._tell_entry(context, exports=found)
            return found

        async def fail(error: Exception) -> object:
            await self._tell_entry(context, error=error)
            raise error

        promise = (
            asked.then(lambda found: found or self._runtime.find_container(self.remote.name))
            .then(lambda found: queue.start(tell(found)))
            .then(None, lambda error: queue.start(fail(error)))
        )
        loading = self._runtime.loading[key] = Loading(promise, self._origin)

        def forget(_: Exception) -> None:
            if self._runtime.loading.get(key) is loading:
                del self._runtime.loading[key]

        promise.then(None, forget)
        return loading

    def _tell_entry(
        self,
        context: HookArgs,
        *,
        exports: object = None,
        error: Exception | None = None,
        cached: bool = False,
    ) -> Promise[object]:
        args: HookArgs = {
            "origin": self._origin,
            "remote_info": self.remote,
            "remote_entry_exports": exports,
            "resource_context": context,
        }
        return self._hooks.ask("after_load_entry", args | _said(error=error, cached=cached or None))

    def start(
        self,
        context: HookArgs,
        *,
        request: str | None = None,
        tokens: list[Token] | None = None,
        snapshot: object = None,
    ) -> Promise[Container]:
        """Initialise its container, once; return a promise for the container."""
        about: HookArgs = {"id": request, "remote_snapshot": snapshot}
        return self._queue.start(self._initialise(context, tokens, about))

    async def _initialise(self, context: HookArgs, tokens: list[Token] | None, about: HookArgs) -> Container:
        container = await self.start_entry(context)
        if self._initialised:
            await self._tell_init(about, container, cached=True)
            return container
        first = self._init is None
        if self._init is None:
            self.initialising = True
            self._init = self._queue.start(self._run_init(about, container, tokens))
        try:
            await self._init
            await self._tell_init(about, container, cached=not first)
        except Exception as error:
            await self._tell_init(about, container, cached=not first, error=error)
            raise
        finally:
            if first:
                self.initialising, self._init = False, None
        return container

    async def _run_init(self, about: HookArgs, container: Container, tokens: list[Token] | None) -> None:
        info: HookArgs = {"remote_info": self.remote, "origin": self._origin}
        await self._hooks.ask("before_init_remote", {**about, **info})
        scope, options = self._offer()
        given = await self._hooks.pass_on_later(
            "before_init_container",
            {
                "share_scope": scope,
                "remote_entry_init_options": options,
                "init_scope": [] if tokens is None else tokens,
                **info,
            },
        )
        await self._call_init(container, given)
        await self._hooks.pass_on_later(
            "init_container",
            {**given, **about, "remote_entry_exports": container},
        )
        self._initialised = True

    def _offer(self) -> tuple[Packages, InitOptions]:
        """Return the scope and the options that the container is initialised with."""
        named = self.remote.share_scope
        keys = (named,) if isinstance(named, str) else named
        scopes = self._origin.share_scope_map
        for key in keys:
            scopes.setdefault(key, {})
        return scopes[keys[0]], InitOptions(named, scopes)

    async def _call_init(self, container: Container, given: HookArgs) -> None:
        if container.init is None:
            raise _failure("002", 'The remote entry interface does not contain "init"', self.remote.name)
        queue = self._queue
        try:
            answered = container.init(
                given["share_scope"], given["init_scope"], given["remote_entry_init_options"]
            )
            await queue.resolved(
                queue.start(cast("Coroutine[object, object, object]", answered))
                if iscoroutine(answered)
                else answered
            )
        except Exception as error:
            raise _failure("015", "Remote container initialization failed.", self.remote.name) from error

    def _tell_init(
        self,
        about: HookArgs,
        container: Container,
        *,
        cached: bool = False,
        error: Exception | None = None,
    ) -> Promise[object]:
        args: HookArgs = {
            **about,
            "remote_info": self.remote,
            "remote_entry_exports": container,
            **_said(error=error, cached=cached or None),
            "origin": self._origin,
        }
        return self._hooks.ask("after_init_remote", args)

    def start_get(
        self, request: str, expose: str, *, load_factory: bool = True, snapshot: object = None
    ) -> Promise[object]:
        """Get one of its modules; return a promise for the module, or its factory."""
        return self._queue.start(self._get(request, expose, load_factory=load_factory, snapshot=snapshot))

    async def _get(self, request: str, expose: str, *, load_factory: bool, snapshot: object) -> object:
        context: HookArgs = {
            "initiator": "loadRemote",
            "id": request_of(self.remote.name, expose),
            "resource_type": "remoteEntry",
            "url": self.remote.entry,
            "expose": expose,
        }
        container = await self.start(context, request=request, snapshot=snapshot)
        about: HookArgs = {"id": request, "expose": expose, "module_info": self.remote}
        told: HookArgs = {**about, "remote_entry_exports": container, "origin": self._origin}
        await self._hooks.ask("before_get_expose", told)
        try:
            factory = await self._find_factory(container, expose)
            await self._hooks.ask("after_get_expose", {**told, "module_factory": factory})
        except Exception as error:
            await self._hooks.ask("after_get_expose", {**told, "error": error})
            raise
        if not load_factory:
            return factory
        return await self._execute(factory, {**about, "load_factory": load_factory, "origin": self._origin})

    async def _find_factory(self, container: Container, expose: str) -> Callable[[], object]:
        asked = {"remote_entry_exports": container, "expose": expose, "module_info": self.remote}
        found = await self._hooks.ask("get_module_factory", asked)
        if not callable(found):
            found = await self._queue.resolved(container.get(expose))
        if not found:
            raise _failure("014", "The remote does not expose the requested module.", self.remote.name)
        return cast("Callable[[], object]", found)

    async def _execute(self, factory: Callable[[], object], about: HookArgs) -> object:
        await self._hooks.ask("before_execute_factory", about)
        try:
            made = factory()
            # The runtime marks what a promise gives, which takes a turn.
            module = await (made.then() if isinstance(made, Promise) else self._queue.resolved(made))
            await self._hooks.ask("after_execute_factory", {**about, "expose_module": module})
        except Exception as error:
            await self._hooks.ask("after_execute_factory", {**about, "error": error})
            raise
        return module


def _said(**args: object) -> HookArgs:
    """Return the arguments that have a value."""
    return {name: value for name, value in args.items() if value is not None}


def _failure(code: str, message: str, remote: str) -> ShareError:
    return ShareError(
        f"[ Federation Runtime ]: {message} #RUNTIME-{code}", runtime_code=f"RUNTIME-{code}", subject=remote
    )
