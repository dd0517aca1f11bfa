"""An instance of Module Federation's runtime: one application's view of what is shared."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Literal, cast

from hanse.share.hooks import HookArgs, Hooks, RuntimePlugin
from hanse.share.loading import Loader, Request, Resolver
from hanse.share.manifests import Snapshots
from hanse.share.options import DEFAULT_SCOPE, App, Custom, Remote, Shared, check_items
from hanse.share.registering import Options, Registry, Token
from hanse.share.requesting import Requests

if TYPE_CHECKING:
    from hanse.share.entries import Packages, ShareScopeMap
    from hanse.share.microtasks import Promise
    from hanse.share.runtime import Runtime

__all__ = ["Instance", "Loaded", "Made"]

# What a load gives: a factory, which gives the package's copy when it is called; or False.
Made = Callable[[], object]
Loaded = Made | Literal[False]


class Instance:
    """One application at run time; `Runtime.start` makes it.

    Attributes:
        name: The application's name.
        runtime: The JavaScript global it lives in.
        options: What it was set up with.
        hooks: Its plugins.
        share_scope_map: Its share scopes: scope, package, version, entry.
        requests: Its remotes.
    """

    def __init__(self, app: App, runtime: Runtime) -> None:
        self.name = app.name
        self.runtime = runtime
        self.hooks = Hooks(runtime.queue, runtime.warn)
        self.options = Options(name=app.name, id=f"{app.name}@model", share_strategy=app.share_strategy)
        self._registry = Registry(
            options=self.options, hooks=self.hooks, queue=runtime.queue, layers=runtime.layers
        )
        self._registry.origin = self
        self._loader = Loader(
            registry=self._registry, hooks=self.hooks, queue=runtime.queue, warn=runtime.warn
        )
        self.share_scope_map: ShareScopeMap = self._registry.scopes
        runtime.share_maps.setdefault(self.name, self._registry.scopes)
        self.requests = Requests(self)
        self._registry.start_remote = self.requests.start_initialising
        self.register_plugins([Snapshots(self), *app.plugins])
        self._take_options(app.remotes, app.shared)

    def init_options(self, *, remotes: Sequence[Remote | str] = (), shared: Sequence[Shared] = ()) -> None:
        """Add to what the instance was set up with, as another `init` of the same name does."""
        self._take_options(remotes, shared)

    def _take_options(self, remotes: Sequence[Remote | str], shared: Sequence[Shared]) -> None:
        check_items(shared, Shared, "shared", 'values such as Shared("react", "19.1.0")')
        check_items(remotes, (Remote, str), "remotes", 'names, or values such as Remote("shop")')
        args: HookArgs = {
            "origin": self,
            "user_options": {"name": self.name, "remotes": tuple(remotes), "shared": tuple(shared)},
            "options": self.options,
            "share_info": self._registry.describe_shared(shared),
        }
        told = self.hooks.pass_on("before_init", args)["user_options"]
        self.requests.add(told["remotes"])
        self.options.shared = self._registry.register_shared(told["shared"])
        self.hooks.tell("init", {"origin": self, "options": self.options})

    def register_plugins(self, plugins: Sequence[RuntimePlugin]) -> None:
        """Add plugins; one whose name is taken is left out."""
        self.hooks.register(plugins)

    def register_shared(self, shared: Sequence[Shared]) -> None:
        """Share more. As in the runtime, packages new to the instance get into its share scopes only.

        Raises:
            UsageError: One of them is no `Shared`.
        """
        check_items(shared, Shared, "shared", 'values such as Shared("react", "19.1.0")')
        self._registry.register_shared(shared)

    def register_remotes(self, remotes: Sequence[Remote | str], *, force: bool = False) -> None:
        """Add remotes; with `force`, one that is there is removed first, with what only it uses.

        Raises:
            UsageError: One of them is neither a `Remote` nor a name.
        """
        check_items(remotes, (Remote, str), "remotes", 'names, or values such as Remote("shop")')
        self.requests.add(remotes, force=force)

    def load_share(
        self, package: str, *, custom: Custom | None = None, resolver: Resolver | None = None
    ) -> Promise[Loaded]:
        """Load a shared package; return a promise for its factory, or for False: take your own copy.

        Args:
            package: The package's name.
            custom: What this load asks for, over what the application says.
            resolver: Another way to choose among the application's own entries, given as a list or None.
        """
        request = Request(package, custom, resolver)
        loading = self.runtime.queue.start(self._pass_on(self._loader.load(request)))
        return cast("Promise[Loaded]", loading)

    def load_share_sync(
        self,
        package: str,
        *,
        custom: Custom | None = None,
        resolver: Resolver | None = None,
        from_build: bool = False,
    ) -> Made:
        """Load a shared package at once; return its factory.

        Raises:
            ShareError: It is not to be had at once, or no version fits.
        """
        return cast("Made", self._loader.load_now(Request(package, custom, resolver, from_build)))

    def load_remote(self, request: str, *, load_factory: bool = True) -> Promise[object]:
        """Load a module of a remote (`shop/Card`); return a promise for it, or for its factory."""
        loading = self.requests.load(request, load_factory=load_factory)
        return self.runtime.queue.start(self._pass_on(loading))

    async def _pass_on(self, coroutine: Coroutine[object, object, object]) -> object:
        """Start an asynchronous function in another; its promise is adopted, which takes turns of its own."""
        return self.runtime.queue.start(coroutine)

    def initialize_sharing(
        self,
        scope: str = DEFAULT_SCOPE,
        *,
        tokens: list[Token] | None = None,
        from_build: bool = False,
        strategy: str | None = None,
    ) -> list[Promise[object]]:
        """Register all own entries of a scope, and start the remotes that have it; return their promises."""
        return self._registry.initialise(scope, tokens=tokens, from_build=from_build, strategy=strategy)

    def init_share_scope_map(
        self, scope: str, packages: Packages, *, host_map: ShareScopeMap | None = None
    ) -> None:
        """Take over a scope of the host: from now on both write into the same one."""
        self._registry.scopes[scope] = packages
        args: HookArgs = {
            "share_scope": packages,
            "options": self.options,
            "origin": self,
            "scope_name": scope,
            "host_share_scope_map": host_map,
        }
        self.hooks.pass_on("init_container_share_scope_map", args)
