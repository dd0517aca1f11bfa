"""From a container's documents to what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from hanse.formats.container import (
    Container,
    ContainerExpose,
    ContainerFinding,
    ScriptType,
    SharedUse,
)
from hanse.formats.federated_stats import FederatedStats, files_of_exposes
from hanse.formats.mf_checks import expose_key, share_scopes
from hanse.formats.mf_places import find_base, place_files
from hanse.formats.mf_stats import correct_by_stats, has_files
from hanse.formats.mf_structs import Assets, MetaData, MfManifest, MfShared, ScriptFile
from hanse.formats.server_build import (
    SERVERS,
    build_of,
    merge_server,
    place_script,
    refuse_other,
    server_side,
)

__all__ = ["read_container"]

MODULES = frozenset({"module", "esm", "import", "modern-module"})
GLOBALS = frozenset({"global", "var", "window", "self", "this", "assign", "script"})


def read_container(
    manifest: MfManifest,
    *,
    name: str,
    url: str,
    stats: MfManifest | None = None,
    federated: FederatedStats | None = None,
    server: tuple[MfManifest, str] | None = None,
    origins: Collection[str] = (),
) -> Container:
    """Work out what a container comes to.

    Args:
        manifest: Its manifest, checked.
        name: Its name in the federation.
        url: Where the manifest was read; absolute, or relative to the page.
        stats: The stats of the same build, which count before the manifest.
        federated: The older notes on which files an exposed module needs.
        server: The manifest of the same remote's build for servers, and where that was read. What keeps it
            from being used is a finding.
        origins: Those its files may have, beside that of the manifest.

    Raises:
        FormatError: It is no such manifest, or its files lie on an origin that is not allowed.
    """
    refuse_other(manifest, url)
    found: list[ContainerFinding] = []
    if stats is not None and build_of(stats) != build_of(manifest):
        text = f"the stats beside it are those of {build_of(stats)}, and are not used"
        found.append(ContainerFinding("stats-differ", "$.metaData.buildInfo.buildVersion", text))
        stats = None
    whole = manifest if stats is None else correct_by_stats(manifest, stats)
    meta = whole.meta_data or MetaData()
    base = find_base(meta, url, origins, found)
    shared = tuple(uses_of(whole.shared or (), found))
    own = meta.name or whole.name or name
    kind = script_kind(meta.remote_entry, found)
    script = place_script(base, meta.remote_entry, url, found)
    ssr = server_side(whole, meta, base, url, origins, found)
    if server is not None:
        ssr = merge_server(whole, shared, server, origins, found) or ssr
    elif kind is None:
        ssr = (script, meta.remote_entry.type) if meta.remote_entry else ssr
    return Container(
        name=name,
        script=None if kind is None else script,
        type=kind or "script",
        global_name=meta.global_name or own,
        exposes=exposes_of(whole, base, {} if federated is None else files_of_exposes(federated, own)),
        shared=None if whole.shared is None else shared,
        scopes=scopes_to_start(shared),
        server_script=ssr[0],
        server_type=ssr[1],
        remotes=tuple(dict.fromkeys(remote_names(whole))),
        build_version=meta.build_info.build_version if meta.build_info else None,
        findings=tuple(found),
    )


def script_kind(script: ScriptFile | None, found: list[ContainerFinding]) -> ScriptType | None:
    """Return how the script hands out its container; None where only a server can run it."""
    kind = "global" if script is None or not script.type else script.type
    if kind in SERVERS:
        text = f"its library type is {kind}: this is a build for servers, which no browser can load"
        found.append(ContainerFinding("server-only", "$.metaData.remoteEntry.type", text))
        return None
    if kind not in MODULES | GLOBALS:
        text = f"its library type is {kind}; it is taken as a script that leaves a global"
        found.append(ContainerFinding("odd-type", "$.metaData.remoteEntry.type", text))
    return "module" if kind in MODULES else "script"


def uses_of(shared: Iterable[MfShared], found: list[ContainerFinding]) -> Iterator[SharedUse]:
    """Yield the packages as the container uses them; of two that are equal, one."""
    seen: set[SharedUse] = set()
    for index, item in enumerate(shared):
        if item.name.endswith("/"):
            text = f"{item.name} stands for all that is below it, which is not known before it is used"
            found.append(ContainerFinding("prefix-share", f"$.shared[{index}].name", text))
            continue
        use = use_of(item)
        if use not in seen:
            seen.add(use)
            yield use


def use_of(item: MfShared) -> SharedUse:
    """Return one package as the container uses it.

    A build writes no version and no file for what it does not bring (`import: false`), and Module
    Federation's runtime takes `0` as the version of a copy that has none.
    """
    version = item.version or ("0" if has_files(item.assets) else None)
    required = item.required_version if isinstance(item.required_version, str) else None
    singleton = bool(item.singleton)
    by_default = version is not None and not singleton
    return SharedUse(
        package=item.name,
        version=version,
        required=required or None,
        singleton=singleton,
        strict=by_default if item.strict_version is None else item.strict_version,
        scopes=share_scopes(item),
        eager=bool(item.eager),
        assumed=singleton and version is not None and required == f"^{version}",
        exports=tuple(dict.fromkeys(item.used_exports or ())),
    )


def scopes_to_start(shared: Iterable[SharedUse]) -> tuple[str, ...]:
    """Return the share scopes that a container is initialised with."""
    return tuple(dict.fromkeys(scope for use in shared for scope in use.scopes)) or ("default",)


def exposes_of(
    manifest: MfManifest, base: str, noted: Mapping[str, tuple[str, ...]]
) -> Mapping[str, ContainerExpose] | None:
    """Return key -> files of the exposed modules; where the manifest has none, those that are noted."""
    if manifest.exposes is None and not noted:
        return None
    exposes: dict[str, ContainerExpose] = {}
    for item in manifest.exposes or ():
        key = expose_key(item)
        js, css = sync_files(item.assets)
        files = noted.get(key, ()) if not js and not css else (*js, *css)
        exposes.setdefault(key, split(files, base))
    for key, files in noted.items():
        exposes.setdefault(key, split(files, base))
    return exposes


def sync_files(assets: Assets | None) -> tuple[list[str], list[str]]:
    """Return the scripts and styles that are needed at once."""
    if assets is None:
        return [], []
    return (
        (assets.js.sync or []) if assets.js else [],
        (assets.css.sync or []) if assets.css else [],
    )


def split(files: Iterable[str], base: str) -> ContainerExpose:
    """Sort files into scripts and styles, and place them."""
    listed = list(files)
    styles = [file for file in listed if file.endswith(".css")]
    scripts = [file for file in listed if not file.endswith(".css")]
    return ContainerExpose(tuple(place_files(base, scripts)), tuple(place_files(base, styles)))


def remote_names(manifest: MfManifest) -> Iterator[str]:
    """Yield the names of the containers that are consumed."""
    for item in manifest.remotes or ():
        name = item.alias or item.federation_container_name
        if name:
            yield name
