"""From builds of remotes to generations: which modules there are, and what every import of theirs means.

Pure. Versions are decided by the resolver that decides them for the browser, on entries of the same shape:
files of a build have URLs of their own there, `hanse:///shop/card.js`, and what the resolver makes of them is
read back as names of modules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import msgspec

from hanse.engines.base import Exposed, Generation, Source, Target, module_name
from hanse.errors import UsageError
from hanse.federation.generation_checks import (
    BrowserOnly,
    BrowserSide,
    GenerationFinding,
    compare_sides,
    find_missing,
    find_torn,
)
from hanse.federation.generation_next import next_stand_ins
from hanse.federation.generation_sharing import share_with_containers
from hanse.federation.generation_tables import (
    CLIENT_ONLY,
    Tables,
    client_stubs,
    expose_modules,
    is_native,
    resolve_layers,
)
from hanse.federation.generation_texts import lead_by_script, mend
from hanse.formats.entry_structs import Absence
from hanse.resolve import Plan, Policy
from hanse.resolve.absence import Importer, find_absent
from hanse.stream.builds import Build

__all__ = ["Assembly", "Member", "assemble", "divide"]

NO_CODE: Final = (".css", ".map", ".wasm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A remote whose build goes into a generation.

    Attributes:
        name: Its name in the federation.
        build: The build.
        trusted: Whether it may share a generation with others.
        host: Whether it is the host: its versions take precedence.
        consumer: The remote that consumes it and for whose sake it was pulled; empty where it is in the
            federation itself. It goes where its consumer goes.
        formats: File -> format, where that is not the build's own: a delegate may be an ES module.
        open: Whether it is a delegate: it may expose more than its entry says, and its container is what its
            script exports, or promises.
    """

    name: str
    build: Build
    trusted: bool = True
    host: bool = False
    consumer: str = ""
    formats: Mapping[str, Literal["esm", "cjs", "json"]] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A generation, and how it came about.

    Attributes:
        generation: The generation.
        plan: What its native remotes share, with reasons.
        findings: What will fail in it, or was mended: each names a remote and a module.
        browser_only: Fragments that would not hydrate, and so are rendered in the browser alone.
        absent: Remote -> the modules of others in whose place it has stand-ins.
    """

    generation: Generation
    plan: Plan
    findings: tuple[GenerationFinding, ...] = ()
    browser_only: tuple[BrowserOnly, ...] = ()
    absent: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def reason(self, remote: str, key: str) -> str | None:
        """Say why an exposed module has to be rendered in the browser alone; None where it need not."""
        bare = key.removeprefix("./")
        for one in self.browser_only:
            if one.remote == remote and one.key.removeprefix("./") == bare:
                return one.text
        return None


def divide(members: Iterable[Member]) -> list[tuple[Member, ...]]:
    """Sort members into those that may share a generation: all trusted ones, and each other one by itself.

    A member that was pulled for another's sake goes with that one.
    """
    listed = list(members)
    by_name = {member.name: member for member in listed}
    groups: dict[str, list[Member]] = {}
    for member in listed:
        owner, seen = member, {member.name}
        while owner.consumer in by_name and owner.consumer not in seen:
            seen.add(owner.consumer)
            owner = by_name[owner.consumer]
        groups.setdefault("" if owner.trusted else owner.name, []).append(member)
    return [tuple(group) for _, group in sorted(groups.items())]


def assemble(
    members: Iterable[Member],
    *,
    policy: Policy | None = None,
    browser: BrowserSide | None = None,
    wanted: Iterable[str] = (),
    warm: Iterable[str] = (),
) -> Assembly:
    """Put a generation together.

    Args:
        members: Its remotes; their order changes nothing.
        policy: How versions are decided; its strict options are not heeded here, where what does not fit
            is a finding.
        browser: What the browser gets, to be compared; None for no comparison.
        wanted: Names such as `shop/ProductCard` that will be asked for, of members that may expose more
            than their entries say.
        warm: Names that are evaluated before the first call.

    Raises:
        UsageError: Two members have one name, or an untrusted one is not by itself.
    """
    listed = sorted(members, key=lambda member: member.name)
    check_members(listed)
    builds = {member.name: member.build for member in listed}
    modules = {name: source for member in listed for name, source in sources_of(member)}
    plan, tables = resolve_layers(
        builds, modules, policy or Policy(), hosts={one.name for one in listed if one.host}
    )
    if any(name in CLIENT_ONLY for build in builds.values() for name in names_in(build)):
        modules |= client_stubs(tables)
    modules |= dict(next_stand_ins(builds, tables))
    expose_modules(tables, builds, asked_for(listed, wanted, builds))
    absent = put_stand_ins(tables, listed)
    containers, shared, uses = share_with_containers(
        builds, plan, tables, delegates=[one.name for one in listed if one.open]
    )
    requiring = {module_name(one.name, file) for one in listed if one.open for file in one.formats}
    modules, mended = mend(lead_by_script(modules, containers), tables, requiring=requiring)
    findings = (*mended, *find_missing(builds, modules, tables), *find_torn(builds, tables))
    generation = Generation(
        id="",
        modules=modules,
        imports=tables.imports,
        scopes={name: table for name, table in tables.scopes.items() if table},
        containers=containers,
        shared=shared,
        warm=tuple(dict.fromkeys(warm)),
    )
    generation = replace(generation, id=digest_of(generation))
    only = () if browser is None else tuple(compare_sides(builds, tables, uses, browser))
    return Assembly(generation=generation, plan=plan, findings=findings, browser_only=only, absent=absent)


def put_stand_ins(tables: Tables, members: Sequence[Member]) -> dict[str, frozenset[str]]:
    """Give importers their own stand-ins for what is absent; return what that is, by importer."""
    natives = [one for one in members if is_native(one.build) and not one.open]
    importers = {
        one.name: Importer(one.build.entry.exposes, one.build.entry.absence or Absence()) for one in natives
    }
    absent = find_absent(importers, {one.name for one in members} - importers.keys())
    for name, table in absent.items():
        own = tables.scopes.setdefault(name, {})
        own.update({specifier: module_name(name, file) for specifier, file in table.items()})
    return {name: frozenset(table) for name, table in absent.items()}


def check_members(members: Sequence[Member]) -> None:
    """Raise unless these may be together.

    Raises:
        UsageError: Two have one name, or an untrusted one is not by itself.
    """
    names = [member.name for member in members]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError("two remotes of a generation have one name", subject=twice)
    if len(divide(members)) > 1:
        strange = next(member.name for member in members if not member.trusted)
        raise UsageError(
            "a remote that is not trusted shares no generation with others",
            subject=strange,
            hint="assemble each of the groups that `divide` gives",
        )


def sources_of(member: Member) -> Iterable[tuple[str, Source]]:
    """Yield a build's modules by their names in the generation."""
    for file, body in sorted(member.build.contents.items()):
        if file.endswith(NO_CODE):
            continue
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        yield (
            module_name(member.name, file),
            Source(text=text, remote=member.name, format=format_of(member, file)),
        )


def format_of(member: Member, file: str) -> Literal["esm", "cjs", "json"]:
    """Return what kind of module a file is."""
    if file in member.formats:
        return member.formats[file]
    if file.endswith(".json"):
        return "json"
    return "cjs" if file.endswith(".cjs") or member.build.entry.format == "cjs" else "esm"


def externals_of(build: Build) -> Iterable[str]:
    """Yield what a build's modules import of others."""
    for module in build.entry.modules.values():
        yield from module.externals


def names_in(build: Build) -> Iterable[str]:
    """Yield what a build's modules import of others, and what it shares."""
    yield from externals_of(build)
    yield from (item.package_name for item in build.entry.shared)


def asked_for(
    members: Sequence[Member], wanted: Iterable[str], builds: Mapping[str, Build]
) -> dict[str, dict[str, None]]:
    """Return remote -> keys that are asked of members which may expose more than their entries say."""
    names = [*wanted, *(one for build in builds.values() for one in externals_of(build))]
    found: dict[str, dict[str, None]] = {}
    for member in members:
        if member.open:
            prefix = member.name + "/"
            keys = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
            found[member.name] = dict.fromkeys(f"./{key.removeprefix('./')}" for key in keys)
    return found


def digest_of(generation: Generation) -> str:
    """Return the digest of all that a generation is: 48 hexadecimal digits."""
    found = hashlib.sha384()
    for name, source in sorted(generation.modules.items()):
        text = source.text.encode("utf-8", "surrogatepass")
        head = (name, source.remote, source.format, len(text))
        found.update(msgspec.json.encode(head) + hashlib.sha384(text).digest())
    rest = (
        {name: written(target) for name, target in generation.imports.items()},
        {
            remote: {name: written(target) for name, target in table.items()}
            for remote, table in generation.scopes.items()
        },
        generation.containers,
        generation.shared,
        generation.warm,
    )
    found.update(msgspec.json.encode(rest, order="sorted"))
    return found.hexdigest()[:48]


def written(target: Target) -> list[str]:
    """Write a target down."""
    return [target.container, target.key] if isinstance(target, Exposed) else [target]
