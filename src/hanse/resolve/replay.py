"""Replaying recorded cases of the orchestrator: one case in, one outcome out.

A case has `id`, `manifest`, `options`, `documents` (URL -> `{json}`, `{text}`, `{status, statusText}` or
`{networkError}`; a URL that is not listed answers 404), an optional `storage` and more `steps` after the
first init. Options are the orchestrator's own, in camelCase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from hanse.errors import FormatError, HanseError
from hanse.formats.import_map import ImportMap
from hanse.resolve.policy import Feature, Policy, Profile, Strict
from hanse.resolve.session import Answer, HostEntry, Options, Session
from hanse.resolve.storage import STORES, load_record, store

__all__ = ["replay", "replay_line"]

# Cases are recorded JSON: plain tables are their honest type.
Table = dict[str, Any]

EMPTY_STORES: Table = {
    "remotes": {},
    "scoped-externals": {},
    "shared-externals": {"__GLOBAL__": {}},
    "shared-chunks": {},
}


def replay_line(line: bytes) -> bytes:
    """Replay one line of JSON and return the outcome's line.

    Raises:
        FormatError: The line is not a case.
    """
    try:
        case = msgspec.json.decode(line, type=Table)
    except msgspec.MsgspecError as error:
        raise FormatError(
            "a case is one JSON object a line", subject="case", found=str(error), expected="an object"
        ) from error
    return msgspec.json.encode(replay(case))


def replay(case: Mapping[str, Any]) -> Table:
    """Replay one case; return `{"id", "ops", "finalMap", "storage"}`."""
    page = Page(case)
    first = {"op": "init", "manifest": case.get("manifest"), "options": case.get("options") or {}}
    for step in [first, *(case.get("steps") or ())]:
        page.run(step)
    return {"id": case.get("id"), "ops": page.ops, "finalMap": page.final, "storage": page.storage}


class Page:
    """One browser page: its documents, its storage, its import map, and what was done on it."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.documents: Mapping[str, Any] = case.get("documents") or {}
        self.storage: Table = dict(case.get("storage") or {})
        self.final: Table | None = None
        self.ops: list[Table] = []
        self.session: Session | None = None

    def run(self, step: Mapping[str, Any]) -> None:
        """Carry out one step and note its outcome."""
        operation = Operation(self, str(step["op"]))
        try:
            operation.perform(step)
        except HanseError as error:
            operation.outcome["ok"] = False
            operation.outcome["error"] = {"name": "NFError", "message": error.message}
        self.ops.append(operation.outcome)


class Operation:
    """One step's outcome in the making."""

    def __init__(self, page: Page, op: str) -> None:
        self.page = page
        self.asked: dict[str, Answer] = {}
        self.outcome: Table = {
            "op": op,
            "ok": True,
            "importMaps": [],
            "fetches": [],
            "writes": [],
            "logs": [],
        }

    def perform(self, step: Mapping[str, Any]) -> None:
        """Do what the step says.

        Raises:
            HanseError: As the orchestrator's promise would reject.
        """
        if step["op"] == "init":
            self.init(step)
            return
        session = self.page.session
        if session is None:
            raise FormatError("the step needs a federation that was initialised", subject="case")
        session.fetch, session.log = self.fetch, self.log
        if step["op"] == "loadRemoteModule":
            url = session.load_remote_module(str(step["remote"]), str(step["module"]))
            self.outcome["value"] = url
            self.outcome["loads"] = [url]
        else:
            self.init_remote_entry(session, step)

    def init(self, step: Mapping[str, Any]) -> None:
        """Initialise the page anew on the storage there is."""
        raw = step.get("options") or {}
        if raw.get("clearStorage"):
            self.page.storage = msgspec.json.decode(msgspec.json.encode(EMPTY_STORES))
            self.outcome["writes"] += [f"clear:{name}" for name in STORES]
        self.page.session = None
        session = Session(load_record(self.page.storage), read_options(raw), self.fetch, self.log)
        result = session.init(step.get("manifest"))
        self.page.session = session
        self.publish(result, override=True)
        self.commit(session)

    def init_remote_entry(self, session: Session, step: Mapping[str, Any]) -> None:
        """Add a remote; only a strict page rejects when that fails."""
        remote = step.get("remote")
        name, integrity = (
            (remote.get("name"), remote.get("integrity")) if isinstance(remote, Mapping) else (remote, None)
        )
        try:
            delta = session.init_remote_entry(str(step["url"]), name, integrity)
        except HanseError:
            if session.policy.strict.strict_remote_entry:
                raise
            return
        if delta is not None:
            self.publish(delta, override=False)
            self.commit(session)

    def fetch(self, url: str) -> Answer:
        """Answer from the case's documents; each URL is fetched once a step."""
        if url not in self.asked:
            self.outcome["fetches"].append(url)
            self.asked[url] = answer(self.page.documents.get(url))
        return self.asked[url]

    def log(self, level: str, step: int, text: str) -> None:
        """Note warnings and errors."""
        if level != "debug":
            self.outcome["logs"].append([level, step, text])

    def publish(self, result: ImportMap, *, override: bool) -> None:
        """Hand a map to the page: in place of the earlier one, or added to it."""
        table = as_table(result)
        self.outcome["importMaps"].append({"override": override, "map": table})
        self.page.final = table if override or self.page.final is None else add(self.page.final, table)

    def commit(self, session: Session) -> None:
        """Write the stores that changed."""
        documents = store(session.record)
        for name in STORES:
            if name in session.record.changed:
                self.outcome["writes"].append(name)
                self.page.storage[name] = documents[name]
        session.record.changed.clear()


def as_table(result: ImportMap) -> Table:
    """Return the map as the orchestrator hands it over: empty parts are absent."""
    table: Table = {"imports": dict(result.imports)}
    if result.scopes:
        table["scopes"] = {scope: dict(entries) for scope, entries in result.scopes.items()}
    if result.integrity:
        table["integrity"] = dict(result.integrity)
    return table


def add(known: Table, delta: Table) -> Table:
    """Add a delta to the map of a page, as browsers do: a rule that is there already stays."""
    merged: Table = {"imports": {**delta.get("imports", {}), **known.get("imports", {})}}
    scopes = dict(known.get("scopes", {}))
    for scope, entries in delta.get("scopes", {}).items():
        scopes[scope] = {**entries, **scopes.get(scope, {})}
    integrity = {**delta.get("integrity", {}), **known.get("integrity", {})}
    return merged | ({"scopes": scopes} if scopes else {}) | ({"integrity": integrity} if integrity else {})


def answer(document: Mapping[str, Any] | None) -> Answer:
    """Turn a recorded document into what a fetch gives."""
    if document is None:
        return Answer(fault="404 - Not Found", rank=1)
    if "networkError" in document:
        return Answer(fault=str(document["networkError"]), rank=0)
    status = document.get("status", 200)
    if not 200 <= status < 300:
        return Answer(fault=f"{status} - {document.get('statusText', '')}", rank=1)
    if "text" in document:
        return Answer(body=str(document["text"]).encode())
    return Answer(body=msgspec.json.encode(document.get("json")))


def read_options(raw: Mapping[str, Any]) -> Options:
    """Read the orchestrator's options.

    Raises:
        FormatError: An option has the wrong kind of value.
    """
    strict = raw.get("strict") or {}
    try:
        policy = Policy(
            name="compatible",
            strict=Strict.all() if strict is True else msgspec.convert(snake_case(strict), Strict),
            profile=msgspec.convert(snake_case(raw.get("profile") or {}), Profile),
            feature=msgspec.convert(snake_case(raw.get("feature") or {}), Feature),
        )
        host = raw.get("hostRemoteEntry") or None
        if isinstance(host, str):
            host = {"url": host}
        return Options(
            policy=policy,
            host=None if host is None else msgspec.convert(snake_case(host), HostEntry),
            manifest_integrity=raw.get("manifestIntegrity"),
        )
    except msgspec.ValidationError as error:
        raise FormatError(str(error), subject="options", expected="the orchestrator's options") from error


def snake_case(table: Mapping[str, Any]) -> Table:
    """Turn camelCase keys into snake_case; `IfURLMatches` is one word less than it looks."""
    return {
        re.sub(r"(?<!^)([A-Z])", r"_\1", key.replace("URL", "Url")).lower(): value
        for key, value in table.items()
    }
