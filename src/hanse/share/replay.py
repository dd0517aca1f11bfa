"""Replaying recorded cases of sharing: one case in, one outcome out.

A case's operations are `loadShare`, `loadShareSync`, `loadRemote`, `registerShared`, `registerRemotes`, and
`parallel`, which starts several at once. After each, everything that waits is run, as between two tasks of
JavaScript. It is always the layers of Module Federation's runtime, which are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import msgspec

from hanse.errors import HanseError, ShareError
from hanse.formats.decoding import decode_json, encode_json
from hanse.limits import LIMITS
from hanse.share.case_shape import check_case
from hanse.share.cases import Table, read_app, read_custom, read_remotes, read_shared
from hanse.share.entries import Entry, Factory, Packages, list_keys, type_error
from hanse.share.hooks import RuntimePlugin
from hanse.share.instance import Instance
from hanse.share.loading import Resolver
from hanse.share.options import ABSENT, UNDEFINED, App, Config, Copy, Exposed
from hanse.share.recording import Event, Recorder
from hanse.share.registering import Layers
from hanse.share.runtime import Runtime

__all__ = ["MakeWitness", "Model", "replay", "replay_line"]

# Given an application's name and the versions a plugin of it insists on, makes one more plugin.
MakeWitness = Callable[[str, Mapping[str, str]], RuntimePlugin]

DECODER: Final = msgspec.json.Decoder(Table)


def replay_line(line: bytes) -> bytes:
    """Replay one line of JSON and return the outcome's line.

    Raises:
        FormatError: The line is not a case.
        UsageError: It does not come to an end.
    """
    case = decode_json(DECODER, line, subject="case", cap=LIMITS.storage_bytes)
    return encode_json(replay(case), subject="outcome")


def replay(case: Mapping[str, Any]) -> Table:
    """Replay one case.

    Returns:
        `{"id", "outcomes", "shareScopeMap", "log", "unhandledRejections", "events"}`.

    Raises:
        FormatError: It is not a case.
        UsageError: It does not come to an end.
    """
    model = Model(case)
    for op in case.get("ops") or ():
        model.perform(op)
    return {
        "id": case.get("id"),
        "outcomes": model.outcomes,
        "shareScopeMap": describe_maps(model.runtime.started),
        "log": [{"level": line.level, "msg": line.text} for line in model.runtime.log],
        "unhandledRejections": [_message(error) for error in model.runtime.lost],
        "events": model.events,
    }


class Model:
    """A case under way: its runtime, and what came of each operation."""

    def __init__(
        self,
        case: Mapping[str, Any],
        *,
        witness: MakeWitness | None = None,
        layers: Layers = "compatible",
    ) -> None:
        check_case(case)
        self._witness = witness
        self.runtime = Runtime(layers=layers)
        self.events: list[Event] = []
        self.outcomes: list[Table] = []
        hosts = [self._read(raw) for raw in case.get("hosts") or ()]
        for raw in case.get("remotes") or ():
            self.runtime.offer(self._read(raw))
        for host in hosts:
            self.runtime.start(host)

    def _read(self, raw: Mapping[str, Any]) -> App:
        app = read_app(raw)
        instead = {str(one["pkg"]): str(one["version"]) for one in raw.get("resolveShare") or ()}
        plugins: list[RuntimePlugin] = [Recorder(app.name, self.runtime, self.events, instead)]
        if self._witness is not None:
            plugins.append(self._witness(app.name, instead))
        return replace(app, plugins=tuple(plugins))

    def perform(self, op: Mapping[str, Any]) -> Table:
        """Carry out one operation and everything it sets off; note its outcome and return it."""
        promise = self.runtime.queue.start(self._run(op))
        promise.handled = True
        self.runtime.settle()
        # Remotes can wait for each other for ever; then the next operation begins all the same.
        stuck = {**_begin(op), "error": "never settled", "errorType": "Pending"}
        outcome = promise.result() if promise.settled else stuck
        self.outcomes.append(outcome)
        return outcome

    async def _run(self, op: Mapping[str, Any]) -> Table:
        outcome = _begin(op)
        try:
            await self._carry_out(op, outcome)
        except HanseError as error:
            outcome |= _describe_error(error)
        return outcome

    async def _carry_out(self, op: Mapping[str, Any], outcome: Table) -> None:
        if op["op"] == "parallel":
            started = [self.runtime.queue.start(self._run(one)) for one in op["ops"]]
            outcome["results"] = await self.runtime.queue.all_of(started)
            return
        instance = self.runtime.find(str(op["in"]))
        if instance is None:
            raise ShareError(f"peer: instance {op['in']} not created", subject=str(op["in"]))
        match op["op"]:
            case "loadShare" | "loadShareSync":
                outcome["result"] = await self._load_share(instance, op)
            case "loadRemote":
                outcome["result"] = _describe(await instance.load_remote(str(op["id"])))
                outcome["id"] = op["id"]
            case "registerShared":
                instance.register_shared(read_shared(op.get("shared")))
                outcome["result"] = "ok"
            case "registerRemotes":
                instance.register_remotes(read_remotes(op.get("remotes")), force=bool(op.get("force")))
                outcome["result"] = "ok"

    async def _load_share(self, instance: Instance, op: Mapping[str, Any]) -> object:
        custom, resolver = read_custom(op.get("custom")), _resolver(op.get("resolver"))
        if op["op"] == "loadShare":
            factory = await instance.load_share(str(op["pkg"]), custom=custom, resolver=resolver)
        else:
            factory = instance.load_share_sync(
                str(op["pkg"]), custom=custom, resolver=resolver, from_build=op.get("from") == "build"
            )
        return _describe(factory() if callable(factory) else factory)


def _begin(op: Mapping[str, Any]) -> Table:
    return {"op": op["op"]} | {key: op[key] for key in ("in", "pkg") if key in op}


def _resolver(name: str | None) -> Resolver | None:
    if not name:
        return None

    def resolve(entries: Sequence[Entry] | None) -> Entry | None:
        if entries is None:
            raise type_error("Cannot read properties of undefined (reading '0')")
        return (entries[-1] if name == "last" else entries[0]) if entries else None

    return resolve


def _describe(value: object) -> object:
    match value:
        case Copy(provider=provider, package=package, version=version):
            return {"provider": provider, "pkg": package, "version": version}
        case Exposed(remote=remote, module=module):
            return {"remote": remote, "mod": module}
        case _:
            return value


def _describe_error(error: HanseError) -> Table:
    told = {"error": error.message, "errorType": getattr(error, "kind", "Error")}
    code = getattr(error, "runtime_code", "")
    return told | ({"code": code} if code else {})


def _message(error: Exception) -> str:
    return error.message if isinstance(error, HanseError) else str(error)


def describe_maps(instances: Mapping[str, Instance]) -> Table:
    """Describe the share scope maps of instances; a scope that was shown already is `sameAs` that one."""
    shown: dict[int, str] = {}
    described: Table = {}
    for name, instance in instances.items():
        scopes: Table = {}
        for scope in list_keys(instance.share_scope_map):
            packages = instance.share_scope_map[scope]
            place = shown.setdefault(id(packages), f"{name}/{scope}")
            new = place == f"{name}/{scope}"
            scopes[scope] = describe_packages(packages) if new else {"sameAs": place}
        described[name] = scopes
    return described


def describe_packages(packages: Packages) -> Table:
    """Describe a scope: of each package, its versions in JavaScript's key order."""
    return {
        package: [describe_entry(key, packages[package][key]) for key in list_keys(packages[package])]
        for package in list_keys(packages)
    }


def describe_entry(key: str, entry: Entry) -> Table:
    """Describe one entry, by the names Module Federation has."""
    described: Table = {
        "key": key,
        "from": entry.from_,
        "get": None if entry.get is None else entry.get.label,
        "lib": entry.lib.label if isinstance(entry.lib, Factory) else None,
        "loaded": entry.loaded,
        "loading": entry.loading is not None,
        "useIn": entry.use_in or [],
        "scope": entry.scope,
        "shareConfig": {} if entry.config is None else describe_config(entry.config),
    }
    if entry.strategy is not None:
        described["strategy"] = entry.strategy
    if entry.shaken is not None:
        described["treeShaking"] = {
            "status": entry.shaken.status,
            "mode": entry.shaken.mode,
            "loaded": bool(entry.shaken.loaded),
            "useIn": entry.shaken.use_in or [],
            "usedExports": entry.shaken.used_exports,
        }
    return described


def describe_config(config: Config) -> Table:
    """Describe settings; what is explicitly undefined is `__undefined__`."""
    settings = {
        "requiredVersion": config.required_version,
        "singleton": config.singleton,
        "eager": config.eager,
        "strictVersion": config.strict_version,
        "layer": config.layer,
    }
    return {
        name: "__undefined__" if setting is UNDEFINED else cast("object", setting)
        for name, setting in settings.items()
        if setting is not ABSENT
    }
