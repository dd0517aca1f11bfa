"""Remotes that are known by a manifest (`mf-manifest.json`): where their script is, and the hooks on the way.

The manifest comes from the hook `fetch`, or from `Runtime.documents`; nothing is fetched here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from hanse.errors import ShareError
from hanse.share.hooks import HookArgs

if TYPE_CHECKING:
    from hanse.share.instance import Instance
    from hanse.share.microtasks import Promise
    from hanse.share.options import Remote

__all__ = ["Snapshots"]

REQUIRED = ("metaData", "exposes", "shared")


class Snapshots:
    """The runtime's own plugin for manifests; the first of every instance."""

    name = "snapshot-plugin"

    def __init__(self, origin: Instance) -> None:
        self._origin = origin
        self._hooks = origin.hooks
        self._runtime = origin.runtime

    async def after_resolve(self, args: HookArgs) -> HookArgs:
        """Find the script of a remote whose entry is a manifest; leave the others as they are."""
        remote: Remote = args["remote"]
        if ".json" not in remote.entry:
            return args
        snapshot = await self._runtime.queue.start(self._load(remote, str(args["id"])))
        script = replace(args["remote_info"], entry=_find_script(remote.entry, snapshot))
        options = [{"name_or_alias": args["pkg_name_or_alias"], "exposes": [args["expose"]]}]
        await self._hooks.ask(
            "before_preload_remote",
            {"preload_ops": options, "options": self._origin.options, "origin": self._origin},
        )
        await self._hooks.ask(
            "generate_preload_assets",
            {
                "origin": self._origin,
                "preload_options": {"remote": remote, "preload_config": options[0]},
                "remote_info": script,
                "remote": remote,
                "remote_snapshot": snapshot,
                "global_snapshot": self._runtime.snapshots,
            },
        )
        return {**args, "remote_info": script, "remote_snapshot": snapshot}

    async def _load(self, remote: Remote, request: str) -> HookArgs:
        """Load a remote's manifest; who comes later gets what is known."""
        about: HookArgs = {"options": self._origin.options, "module_info": remote}
        await self._hooks.ask("before_load_remote_snapshot", {**about, "origin": self._origin})
        host = self._runtime.snapshots.setdefault(self._origin.name, {"remotesInfo": {}})
        found = await self._hooks.pass_on_later(
            "load_snapshot",
            {
                **about,
                "host_global_snapshot": host,
                "remote_snapshot": self._runtime.snapshots.get(f"{remote.name}:{remote.entry}"),
                "global_snapshot": self._runtime.snapshots,
            },
        )
        if found["remote_snapshot"]:
            known: HookArgs = {**about, "remote_snapshot": found["remote_snapshot"], "from": "global"}
            snapshot = (await self._hooks.pass_on_later("load_remote_snapshot", known))["remote_snapshot"]
        else:
            snapshot = await self._start_manifest(remote, request)
            self._runtime.snapshots[f"{remote.name}:{remote.entry}"] = snapshot
        told: HookArgs = {"id": request, "host": self._origin, **about, "remote_snapshot": snapshot}
        await self._hooks.pass_on_later("after_load_snapshot", told)
        return cast("HookArgs", snapshot)

    def _start_manifest(self, remote: Remote, request: str) -> Promise[object]:
        url = remote.entry
        if url not in self._runtime.manifests:
            self._runtime.manifests[url] = self._runtime.queue.start(self._load_manifest(remote, request))
        return self._runtime.manifests[url]

    async def _load_manifest(self, remote: Remote, request: str) -> object:
        manifest = await self._get_manifest(remote, {"initiator": "loadRemote", "id": request})
        told: HookArgs = {
            "options": self._origin.options,
            "module_info": remote,
            "manifest_json": manifest,
            "remote_snapshot": manifest,
            "manifest_url": remote.entry,
            "from": "manifest",
        }
        return (await self._hooks.pass_on_later("load_remote_snapshot", told))["remote_snapshot"]

    async def _get_manifest(self, remote: Remote, context: HookArgs) -> HookArgs:
        """Ask for the manifest, and check that it is one."""
        url = remote.entry
        about: HookArgs = {"manifest_url": url, "module_info": remote, "resource_options": context}
        await self._hooks.ask("before_load_manifest", {**about, "origin": self._origin})
        error: Exception | None = None
        try:
            manifest: object = await self._fetch(remote, {**context, "url": url, "resource_type": "manifest"})
        except Exception as fault:  # noqa: BLE001 - a plugin may stand in, whatever went wrong
            error = fault
            manifest = await self._tell_error(remote, fault)
        told: HookArgs = {**about, "origin": self._origin}
        if not isinstance(manifest, dict):
            self._runtime.manifests.pop(url, None)
            await self._hooks.ask("after_load_manifest", {**told, "error": error})
            raise _failure("003", "Failed to get manifest.", remote) from error
        given: HookArgs = {**told, "manifest_json": manifest, "response": manifest if error is None else None}
        if any(not manifest.get(part) and manifest.get(part) != [] for part in REQUIRED):
            invalid = _failure("013", "The manifest is missing required fields.", remote)
            await self._tell_error(remote, invalid)
            await self._hooks.ask("after_load_manifest", {**given, "error": invalid})
            raise invalid
        await self._hooks.ask("after_load_manifest", {**given, "error": error, "recovered": error and True})
        return manifest

    async def _fetch(self, remote: Remote, context: HookArgs) -> object:
        fetched = await self._hooks.ask("fetch", remote.entry, {}, remote, context)
        if fetched is None:
            fetched = self._runtime.documents.get(remote.entry)
        if fetched is None:
            raise ShareError("fetch failed", kind="TypeError", subject=remote.entry)
        return fetched

    def _tell_error(self, remote: Remote, error: Exception) -> Promise[object]:
        return self._hooks.ask(
            "error_load_remote",
            {
                "id": remote.entry,
                "error": error,
                "from": "runtime",
                "lifecycle": "afterResolve",
                "remote": remote,
                "origin": self._origin,
            },
        )


def _find_script(url: str, manifest: HookArgs) -> str:
    """Return the address of a remote's script, the one for servers where there is one.

    Raises:
        ShareError: The manifest names no script (RUNTIME-011).
    """
    meta = manifest.get("metaData") or {}
    script = meta.get("ssrRemoteEntry") or meta.get("remoteEntry") or {}
    base = meta.get("publicPath") or "auto"
    if not script.get("name"):
        raise ShareError(
            "[ Federation Runtime ]: The remoteEntry URL is missing from the remote snapshot. #RUNTIME-011",
            runtime_code="RUNTIME-011",
            subject=url,
        )
    folder = url.rpartition("/")[0] if base == "auto" else str(base)
    parts = (folder.rstrip("/"), str(script.get("path") or "").strip("/"), str(script["name"]))
    return "/".join(part for part in parts if part)


def _failure(code: str, message: str, remote: Remote) -> ShareError:
    return ShareError(
        f"[ Federation Runtime ]: {message} #RUNTIME-{code}",
        runtime_code=f"RUNTIME-{code}",
        subject=remote.entry,
    )
