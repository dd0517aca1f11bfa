"""The container that a bundler builds around a remote: what it does when a host initialises it.

Sources: `initContainerEntry` and `initializeSharing` of `@module-federation/webpack-bundler-runtime` 2.9.2.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hanse.errors import ShareError
from hanse.share.options import DEFAULT_SCOPE, App, Exposed
from hanse.share.registering import Token
from hanse.share.remotes import Container, InitOptions

if TYPE_CHECKING:
    from hanse.share.entries import Packages
    from hanse.share.instance import Instance
    from hanse.share.microtasks import Promise
    from hanse.share.runtime import Runtime

__all__ = ["make_container"]


def make_container(app: App, runtime: Runtime) -> Container:
    """Make an application's container; what is broken about the application is broken in it."""

    def get(module: str) -> object:
        if app.exposes is not None and module not in app.exposes:
            return None
        return runtime.queue.resolved(partial(Exposed, app.name, module))

    if app.broken == "no-init":
        return Container(get)
    return Container(get, Bundle(app, runtime).init)


class Bundle:
    """The part of a remote's script that shares with hosts."""

    def __init__(self, app: App, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._tokens: dict[str, Token] = {}
        self._started: dict[str, Promise[object]] = {}

    def init(self, packages: Packages, tokens: list[Token], options: InitOptions) -> object:
        """Take over the host's scopes, and register in them; return a promise for the end.

        Raises:
            ShareError: The application is one whose container cannot be initialised.
        """
        if self._app.broken == "init":
            raise ShareError(f"init failed: {self._app.name}", subject=self._app.name)
        instance = self._runtime.find(self._app.name) or self._runtime.start(self._app)
        instance.init_options()
        self._adopt(instance, packages, options)
        own = self._app.share_scope
        keys = (own or DEFAULT_SCOPE,) if own is None or isinstance(own, str) else own
        together = self._runtime.queue.all_of([self._start(instance, key, tokens) for key in keys])
        return together.then(lambda _: True)

    def _adopt(self, instance: Instance, packages: Packages, options: InitOptions) -> None:
        """Put the host's scopes in the place of the instance's own.

        A host that names several scopes gives all of them to a remote that names one; a remote that names
        several takes those from the host, whatever the host names.
        """
        own, given, host = self._app.share_scope, options.share_scope_keys, options.share_scope_map
        if own is None or isinstance(own, str):
            if isinstance(given, str):
                instance.init_share_scope_map(own or DEFAULT_SCOPE, packages, host_map=host)
                return
            keys = given
        else:
            keys = own
        for key in keys:
            instance.init_share_scope_map(key, host.setdefault(key, {}), host_map=host)

    def _start(self, instance: Instance, key: str, tokens: list[Token]) -> Promise[object]:
        """Initialise one scope, once; who comes by again on the same way finds its own token."""
        queue = self._runtime.queue
        token = self._tokens.setdefault(key, Token(instance.name))
        if any(one is token for one in tokens):
            return queue.resolved(None)
        tokens.append(token)
        if key not in self._started:
            promises = instance.initialize_sharing(
                key, tokens=tokens, from_build=True, strategy=instance.options.share_strategy
            )
            done: Promise[object] = queue.resolved(None)
            self._started[key] = (
                queue.all_of(promises).then(lambda _: self._finish(key)) if promises else done
            )
        return self._started[key]

    def _finish(self, key: str) -> None:
        """Have those who come later wait for nothing."""
        self._started[key] = self._runtime.queue.resolved(None)
