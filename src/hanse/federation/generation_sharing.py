"""Module Federation containers of a generation, and what stands in the share scopes they are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from hanse.engines.base import ContainerSource, SharedCopy, module_name
from hanse.federation.generation_tables import CLIENT_ONLY, ROOT, Tables, is_native
from hanse.formats.container import Container, SharedUse
from hanse.formats.remote_entry import Shared
from hanse.formats.server_entry import ServerEntry
from hanse.resolve import Plan
from hanse.resolve.containers import ContainerPlan, plan_containers
from hanse.resolve.shares import DEFAULT
from hanse.share import satisfy
from hanse.stream.builds import Build

__all__ = ["as_container", "share_with_containers"]


def share_with_containers(
    builds: Mapping[str, Build], plan: Plan, tables: Tables, *, delegates: Collection[str] = ()
) -> tuple[dict[str, ContainerSource], tuple[SharedCopy, ...], ContainerPlan]:
    """Return the containers, what their share scopes hold, and what each gets of each package.

    A container that has to keep its own copies of a family, for it would get a torn one, is given a share
    scope of its own, in which that family is not.
    """
    held = {name: build for name, build in builds.items() if not is_native(build)}
    uses = plan_containers(
        plan, [as_container(name, build.entry) for name, build in held.items()], accepts=satisfy
    )
    copies = [*copies_of(uses, tables)] if held else []
    containers: dict[str, ContainerSource] = {}
    shared = list(copies)
    for name, build in held.items():
        entry = build.entry
        if entry.container is None:
            continue
        scope = next((one for one in uses.containers[name].scopes), DEFAULT)
        withheld = uses.withheld.get(name, {}).get(scope, ())
        label = scope
        if withheld:
            label = f"{scope} of {name}"
            rest = (one for one in copies if one.share_scope == scope and one.package not in withheld)
            shared += [replace(one, share_scope=label) for one in rest]
        containers[name] = ContainerSource(
            script=module_name(name, entry.container.script),
            global_name=entry.container.global_name,
            base=module_name(name, ""),
            share_scope=label,
            bundled=name not in delegates,
        )
    return containers, tuple(shared), uses


def copies_of(uses: ContainerPlan, tables: Tables) -> Iterator[SharedCopy]:
    """Yield what native remotes publish; what only browsers use is there in the version of its package."""
    for scope, table in uses.shares.items():
        for specifier, rows in table.items():
            for row in rows:
                module = row.url.removeprefix(ROOT)
                yield SharedCopy(
                    package=specifier,
                    version=row.version,
                    module=module,
                    provider=row.provider,
                    share_scope=scope,
                    singleton=row.singleton,
                )
    for specifier in CLIENT_ONLY:
        target = tables.imports.get(specifier)
        owner = uses.shares.get(DEFAULT, {}).get(specifier.partition("/")[0], ())
        if isinstance(target, str) and owner:
            yield SharedCopy(
                package=specifier, version=owner[0].version, module=target, provider=owner[0].provider
            )


def as_container(name: str, entry: ServerEntry) -> Container:
    """Describe a container's build as the resolver's rules for containers want it.

    What only browsers use is left out: it would hold its family together for no reason.
    """
    uses = tuple(use_of(item) for item in entry.shared if item.package_name not in CLIENT_ONLY)
    scopes = tuple(dict.fromkeys(scope for use in uses for scope in use.scopes)) or (DEFAULT,)
    return Container(
        name=name,
        script=None,
        global_name=name if entry.container is None else entry.container.global_name,
        shared=uses,
        scopes=scopes,
    )


def use_of(item: Shared) -> SharedUse:
    """Describe one package that a container shares or consumes."""
    required = item.required_version if isinstance(item.required_version, str) else None
    return SharedUse(
        package=item.package_name,
        version=item.version,
        required=required,
        singleton=bool(item.singleton),
        strict=bool(item.strict_version),
        scopes=(item.share_scope or DEFAULT,),
    )
