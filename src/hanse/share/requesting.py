"""An instance's remotes: adding and removing them, and what happens when a module of one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from hanse.errors import ShareError
from hanse.share.entries import each_entry, list_keys
from hanse.share.options import DEFAULT_SCOPE, Remote
from hanse.share.remotes import Container, RemoteModule, match_remote

if TYPE_CHECKING:
    from hanse.share.hooks import HookArgs
    from hanse.share.instance import Instance
    from hanse.share.microtasks import Promise
    from hanse.share.registering import Token

__all__ = ["Requests"]


class Requests:
    """The remotes of one instance, and the modules they were asked for."""

    def __init__(self, origin: Instance) -> None:
        self._origin = origin
        self._hooks = origin.hooks
        self._queue = origin.runtime.queue
        self._remotes = origin.options.remotes
        self._modules: dict[str, RemoteModule] = {}

    def add(self, remotes: Sequence[Remote | str], *, force: bool = False) -> None:
        """Add remotes; one whose name is known is left out, or replaced by force.

        Raises:
            ShareError: An alias begins another remote's name or alias.
        """
        for given in remotes:
            remote = Remote(given) if isinstance(given, str) else given
            self._hooks.pass_on("before_register_remote", {"remote": remote, "origin": self._origin})
            known = next((one for one in self._remotes if one.name == remote.name), None)
            if known is not None:
                if not force:
                    continue
                self.remove(known)
            self._append(remote)
            if known is not None:
                self._origin.runtime.log_line(
                    "warn",
                    f'[ Federation Runtime ]: The remote "{remote.name}" is already registered. '
                    "Please note that overriding it may cause unexpected errors.",
                )

    def _append(self, remote: Remote) -> None:
        if remote.alias:
            for known in self._remotes:
                if known.name.startswith(remote.alias) or known.alias.startswith(remote.alias):
                    raise ShareError(
                        f"[ Federation Runtime ]: The alias {remote.alias} of remote {remote.name} is not "
                        f"allowed to be the prefix of {known.name} name or alias",
                        subject=remote.name,
                    )
        added = replace(remote, share_scope=DEFAULT_SCOPE) if remote.share_scope == "" else remote
        self._remotes.append(added)
        self._hooks.pass_on("register_remote", {"remote": added, "origin": self._origin})

    def remove(self, remote: Remote) -> None:
        """Remove a remote, and the copies that it provides and nobody else uses.

        As in the runtime, what others had loaded names them as its provider, and so it stays.
        """
        self._remotes[:] = [one for one in self._remotes if one.name != remote.name]
        module = self._modules.get(remote.name)
        if module is None:
            return
        runtime = self._origin.runtime
        runtime.loading.pop(module.loading_key, None)
        if not self._forget_instance(remote.name):
            return
        del self._modules[remote.name]

    def _forget_instance(self, name: str) -> bool:
        """Drop an instance and its copies; return whether all went well."""
        runtime = self._origin.runtime
        place = next((at for at, one in enumerate(runtime.instances) if one.name == name), None)
        if place is None:
            return True
        unused: list[tuple[str, str, str, str]] = []
        in_use = False
        for owner in list_keys(runtime.share_maps):
            for scope, package, version, entry in each_entry(runtime.share_maps[owner]):
                if entry.from_ != name:
                    continue
                if entry.loaded or entry.loading is not None:
                    if entry.use_in is None:
                        runtime.log_line(
                            "error",
                            "[ Federation Runtime ] removeRemote failed: "
                            "Cannot read properties of undefined (reading 'filter')",
                        )
                        return False
                    entry.use_in = [user for user in entry.use_in if user != name]
                    if entry.use_in:
                        in_use = True
                        continue
                unused.append((owner, scope, package, version))
        if not in_use:
            runtime.instances[place].share_scope_map = {}
        for owner, scope, package, version in unused:
            runtime.share_maps[owner].get(scope, {}).get(package, {}).pop(version, None)
        del runtime.instances[place]
        return True

    def start_initialising(self, name: str, tokens: list[Token] | None) -> Promise[object]:
        """Initialise a remote before anything is chosen; return a promise for its end."""
        return self._queue.start(self._initialise(name, tokens))

    async def _initialise(self, name: str, tokens: list[Token] | None) -> object:
        """Load a remote's script and initialise its container; one that cannot be loaded is skipped."""
        module, _ = await self._queue.start(self._find_module(name))
        context: HookArgs = {
            "initiator": "loadShare",
            "id": name,
            "resource_type": "remoteEntry",
            "url": module.remote.entry,
        }
        try:
            found: object = await module.start_entry(context)
        except Exception as error:  # noqa: BLE001 - a remote that cannot be loaded is not anybody else's end
            found = await self._hooks.ask(
                "error_load_remote",
                {
                    "id": name,
                    "error": error,
                    "from": "runtime",
                    "lifecycle": "beforeLoadShare",
                    "remote": module.remote,
                    "origin": self._origin,
                },
            )
        if found and getattr(found, "init", None) is not None and not module.initialising:
            module.container = cast("Container", found)
            await module.start(context, tokens=tokens)
        return None

    async def _find_module(self, request: str) -> tuple[RemoteModule, HookArgs]:
        """Find the remote that a request leads to, through the hooks that may change it."""
        request = await self._ask_request(request)
        options = self._origin.options
        matched = match_remote(self._remotes, request)
        if matched is None:
            error = ShareError(
                "[ Federation Runtime ]: Failed to locate remote. #RUNTIME-004",
                runtime_code="RUNTIME-004",
                subject=request,
            )
            told: HookArgs = {"id": request, "options": options, "error": error, "origin": self._origin}
            await self._hooks.ask("after_match_remote", told)
            raise error
        about: HookArgs = {
            "id": request,
            "pkg_name_or_alias": matched.name,
            "expose": matched.expose,
            "remote": matched.remote,
            "options": options,
        }
        await self._hooks.ask(
            "after_match_remote", {**about, "remote_info": matched.remote, "origin": self._origin}
        )
        resolved = await self._hooks.pass_on_later(
            "after_resolve", {**about, "origin": self._origin, "remote_info": matched.remote}
        )
        return self._module_of(resolved), resolved

    async def _ask_request(self, request: str) -> str:
        args: HookArgs = {"id": request, "options": self._origin.options, "origin": self._origin}
        try:
            told: object = await self._hooks.pass_on_later("before_request", args)
        except Exception as error:
            told = await self._hooks.ask(
                "error_load_remote",
                {**args, "from": "runtime", "error": error, "lifecycle": "beforeRequest"},
            )
            if not told:
                raise
        return str(cast("HookArgs", told)["id"])

    def _module_of(self, resolved: HookArgs) -> RemoteModule:
        remote, expose = resolved["remote"], resolved["expose"]
        if not remote or not expose:
            raise ShareError(
                "[ Federation Runtime ]: The 'beforeRequest' hook was executed, but it failed to return the "
                f"correct 'remote' and 'expose' values while loading {resolved['id']}.",
                subject=str(resolved["id"]),
            )
        if remote.name not in self._modules:
            self._modules[remote.name] = RemoteModule(resolved["remote_info"], self._origin)
        return self._modules[remote.name]

    async def load(self, request: str, *, load_factory: bool = True) -> object:
        """Load a module of a remote; return it, or its factory.

        Raises:
            ShareError: There is no such remote (RUNTIME-004) or module (RUNTIME-014), or its container
                cannot be initialised (RUNTIME-002, RUNTIME-015).
            Exception: What a remote or a plugin raised.
        """
        matched = match_remote(self._remotes, request)
        done: HookArgs = {
            "id": request,
            "expose": None if matched is None else matched.expose,
            "remote": None if matched is None else matched.remote,
            "options": None if load_factory else {"load_factory": False},
            "origin": self._origin,
        }
        try:
            module = await self._load(request, done, load_factory=load_factory)
        except Exception as error:
            instead = await self._recover(request, error, done)
            if not instead:
                await self._hooks.ask("after_load_remote", {**done, "error": error})
                raise
            await self._hooks.ask("after_load_remote", {**done, "error": error, "recovered": True})
            return instead
        await self._hooks.ask("after_load_remote", done)
        return module

    async def _load(self, request: str, done: HookArgs, *, load_factory: bool) -> object:
        module, found = await self._queue.start(self._find_module(request))
        done |= {"id": found["id"], "expose": found["expose"], "remote": found["remote"]}
        loaded = await module.start_get(
            found["id"], found["expose"], load_factory=load_factory, snapshot=found.get("remote_snapshot")
        )
        replaced = await self._hooks.ask(
            "on_load",
            {
                "id": found["id"],
                "pkg_name_or_alias": found["pkg_name_or_alias"],
                "expose": found["expose"],
                "expose_module": loaded if load_factory else None,
                "expose_module_factory": None if load_factory else loaded,
                "remote": found["remote"],
                "options": {"host": self._origin, "remote_info": found["remote"]},
                "module_instance": module,
                "origin": self._origin,
            },
        )
        return replaced if callable(replaced) else loaded

    async def _recover(self, request: str, error: Exception, done: HookArgs) -> object:
        try:
            return await self._hooks.ask(
                "error_load_remote",
                {
                    "id": request,
                    "error": error,
                    "from": "runtime",
                    "lifecycle": "onLoad",
                    "expose": done["expose"],
                    "remote": done["remote"],
                    "origin": self._origin,
                },
            )
        except Exception as fault:
            await self._hooks.ask("after_load_remote", {**done, "error": fault})
            raise
