"""One more remote for a page that is already loaded."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hanse.errors import ResolveError
from hanse.federation.files import NO_FILES, Files, Owner
from hanse.federation.owners import make_owner
from hanse.federation.snapshot import Snapshot
from hanse.formats.import_map import ImportMap, serialise
from hanse.formats.remote_entry import RemoteEntry, encode_remote_entry
from hanse.resolve import Notice, Policy, Remote
from hanse.resolve.addition import join_page
from hanse.resolve.page import Page, page_of
from hanse.resolve.paths import scope_url
from hanse.resolve.record import Record
from hanse.resolve.session import Answer, Options, Session

__all__ = [
    "Delta",
    "LoadedPage",
    "Newcomer",
    "add_remote",
    "has_already",
    "make_delta",
    "no_delta",
    "open_page",
]


@dataclass(frozen=True, slots=True)
class Delta:
    """What a page that is already loaded adds to its import map.

    Attributes:
        name: The newcomer's name.
        url: Where its remote entry lies.
        snapshot: The digest of the page this is for.
        digest: The digest of the page with it; the same page names it when it adds another remote.
        import_map: The addition; empty where the page has the remote already.
        import_map_json: The same as compact JSON.
        notices: What the newcomer's owner should know.
    """

    name: str
    url: str
    snapshot: str
    digest: str
    import_map: ImportMap
    import_map_json: bytes
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedPage:
    """A page as it is after all that it added.

    `state` is what the policy works on, `names` are its remotes, `files` those behind a locked map.
    """

    digest: str
    policy: Policy
    state: Page | Record
    names: frozenset[str]
    files: Files = NO_FILES


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A remote that wants to join: the name it was asked for by, if any, its entry's URL, and its entry.

    `digest` is the entry's, `folder` what its files lie below, where they are on disk.
    """

    name: str | None
    url: str
    entry: RemoteEntry
    digest: str = ""
    folder: Path | None = None

    @property
    def owner(self) -> Owner:
        """Whose its files are."""
        name, scope = self.name or self.entry.name, scope_url(self.entry.url or self.url)
        return make_owner(name, scope, self.digest, self.entry.integrity or {}, folder=self.folder)


def open_page(snapshot: Snapshot) -> LoadedPage:
    """Return the page that was made from a snapshot."""
    plan = snapshot.plan
    state = plan.record() if plan.policy.name == "compatible" else page_of(plan)
    names = frozenset(state.remotes if isinstance(state, Record) else plan.remotes)
    return LoadedPage(snapshot.digest, plan.policy, state, names, snapshot.files)


def add_remote(page: LoadedPage, newcomer: Newcomer) -> tuple[Delta, LoadedPage]:
    """Work out what a page adds for a newcomer, and the page with it; the page given is not changed.

    Raises:
        ResolveError: A strict option forbids it.
    """
    if isinstance(page.state, Record):
        name, addition, state, notices = replay_newcomer(page.state, newcomer, page.policy)
    else:
        name, addition, state, notices = join_newcomer(page, page.state, newcomer)
    if addition is None or state is None:
        return no_delta(page, name, newcomer.url), page
    joined = LoadedPage(page.digest, page.policy, state, page.names | {name}, page.files)
    return make_delta(Delta(name, newcomer.url, page.digest, "", addition, b"", notices), joined)


def make_delta(delta: Delta, joined: LoadedPage) -> tuple[Delta, LoadedPage]:
    """Write a delta's map down, and give the page with it its digest."""
    body = serialise(delta.import_map)
    digest = digest_with(delta.snapshot, delta.name, body)
    return replace(delta, digest=digest, import_map_json=body), replace(joined, digest=digest)


def has_already(page: LoadedPage, name: str, url: str) -> bool:
    """Tell whether a page has the remote already, so that nothing needs to be fetched."""
    if isinstance(page.state, Record):
        options = Options(policy=page.policy)
        return Session(page.state, options, lambda _: Answer()).keeps_cached(url, name)
    return name in page.names


def no_delta(page: LoadedPage, name: str, url: str) -> Delta:
    """Return the delta of a remote that the page has already."""
    return Delta(name, url, page.digest, page.digest, ImportMap(), serialise(ImportMap()))


Outcome = tuple[str, ImportMap | None, "Page | Record | None", tuple[Notice, ...]]
"""The newcomer's name, what the page adds (None if it has the remote already), its state then, notices."""


def join_newcomer(page: LoadedPage, state: Page, newcomer: Newcomer) -> Outcome:
    """Let a newcomer join under `coherent`, by the name it was asked for.

    Raises:
        ResolveError: Its entry has another name and that is strict, or a strict option forbids the outcome.
    """
    name = newcomer.name or newcomer.entry.name
    if name in page.names:
        return name, None, None, ()
    notices: tuple[Notice, ...] = ()
    if name != newcomer.entry.name:
        text = f"its remote entry is called '{newcomer.entry.name}'"
        if page.policy.strict.strict_remote_entry:
            raise ResolveError(text, subject=name, hint="strict_remote_entry is set")
        notices = (Notice("foreign-name", name, "", f"{text}; the name '{name}' counts"),)
    remote = Remote(name, newcomer.url, newcomer.entry)
    addition, joined, more = join_page(state, remote, page.policy)
    return name, addition, joined, notices + more


def replay_newcomer(record: Record, newcomer: Newcomer, policy: Policy) -> Outcome:
    """Let a newcomer join as the native federation orchestrator does it in the browser.

    Raises:
        ResolveError: A strict option forbids it.
    """
    name = newcomer.entry.name
    notices: list[Notice] = []

    def note(level: Literal["debug", "warn", "error"], step: int, text: str) -> None:
        if level != "debug":
            notices.append(Notice(f"step-{step}", name, "", text))

    body = encode_remote_entry(newcomer.entry)
    session = Session(record, Options(policy=policy), lambda _: Answer(body), note)
    addition = session.init_remote_entry(newcomer.url, newcomer.name)
    return name, addition, session.record, tuple(notices)


def digest_with(digest: str, name: str, addition: bytes) -> str:
    """Return the digest of a page with an addition; the same in every process."""
    found = hashlib.sha384(f"{digest}\n{name}\n".encode("utf-8", "surrogatepass"))
    found.update(addition)
    return "sha384-" + base64.urlsafe_b64encode(found.digest()).decode("ascii")
