"""What lies beside a container script for servers: its manifest and stats, where its build has written them.

A server build loads its chunks from beside its script, whatever its manifest says is its public path:
Next.js writes `/_next/` there, and the files lie in `/_next/static/ssr/`. So files are looked for beside the
manifest, unless its public path is a whole URL, and only then where a path without an origin says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from hanse.errors import FormatError, HanseError, StatusError
from hanse.formats.entry_structs import Shared
from hanse.formats.mf_checks import expose_key, script_path
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_stats import correct_by_stats, decode_mf_stats, stats_url
from hanse.formats.mf_structs import Assets, MetaData, MfManifest
from hanse.formats.read_container import SERVERS, uses_of
from hanse.limits import Limits
from hanse.names import package_name_fault
from hanse.net import Access, Client
from hanse.stream.import_entries import FindingCode
from hanse.urls import is_web, join, scope_of

__all__ = ["Papers", "Told", "find_manifest", "find_papers", "read_papers"]

MANIFEST: Final = "mf-manifest.json"
SCRIPTS: Final = "text/javascript, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Papers:
    """Where a build lies, and what its documents say.

    Attributes:
        base: The folder of the build, as its chunks are counted from.
        script: The container script, relative to that.
        script_body: Its text, where it has been read already.
        manifest: Its manifest, corrected by its stats; None where there is none.
        files: The files that it lists, relative to `base`.
        remotes: Name -> URL of the remotes it consumes, as far as it has URLs for them.
        findings: What was odd about the documents.
    """

    base: str
    script: str
    script_body: bytes | None = None
    manifest: MfManifest | None = None
    files: tuple[str, ...] = ()
    remotes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[tuple[FindingCode, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What documents say of a build: its version, exposes with files, shared packages, and its global."""

    version: str | None = None
    exposes: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[Shared, ...] = ()
    global_name: str | None = None
    findings: tuple[tuple[FindingCode, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks the web for documents, and how."""

    client: Client
    limits: Limits
    access: Access | None

    async def get(self, url: str, *, accept: str = "application/json") -> bytes:
        """Fetch a document.

        Raises:
            HanseError: It could not be had.
        """
        cap = self.limits.module_bytes if accept != "application/json" else self.limits.remote_entry_bytes
        found = await self.client.fetch(url, cap=cap, accept=accept, revalidate=True, access=self.access)
        if found.stale:
            raise found.stale_reason or StatusError("it is not confirmed", status=0, subject=url)
        return found.body

    async def look(self, url: str | None) -> bytes | None:
        """Fetch a document that may not be there."""
        if url is None:
            return None
        try:
            body = await self.get(url)
        except HanseError:
            return None
        return body if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else None


async def find_papers(url: str, client: Client, *, limits: Limits, access: Access | None) -> Papers:
    """Find out where a build lies: by its container script or its manifest.

    Args:
        url: The script's, or the manifest's.
        client: Asks the web.
        limits: The caps.
        access: The origins that may be asked.

    Raises:
        HanseError: Neither could be had, or the manifest is one for browsers that names none for servers.
    """
    asker = Asker(client, limits, access)
    plain = url.partition("#")[0].partition("?")[0]
    if plain.endswith(".json"):
        body, stats = await asyncio.gather(asker.get(url), asker.look(stats_url(url)))
        return await place(asker, url, whole_manifest(body, stats, url, limits))
    return await beside_script(asker, url)


async def find_manifest(
    base: str, script: str, client: Client, *, limits: Limits, access: Access | None
) -> Papers:
    """Look for a manifest in the folder of a build whose script has been read already."""
    return judge(Papers(base, script), *await documents(Asker(client, limits, access), base), limits)


async def beside_script(asker: Asker, url: str) -> Papers:
    """Read a script, and whatever documents lie beside it, at once.

    Raises:
        HanseError: The script could not be had.
    """
    base = scope_of(url)
    name = url.partition("#")[0].partition("?")[0].removeprefix(base)
    body, found = await asyncio.gather(asker.get(url, accept=SCRIPTS), documents(asker, base))
    return judge(Papers(base, name, body), *found, asker.limits)


async def documents(asker: Asker, base: str) -> tuple[bytes | None, bytes | None]:
    """Look for a manifest and stats in a folder."""
    url = join(base, MANIFEST)
    manifest, stats = await asyncio.gather(asker.look(url), asker.look(stats_url(url) if url else None))
    return manifest, stats


def judge(papers: Papers, found: bytes | None, stats: bytes | None, limits: Limits) -> Papers:
    """Add what a manifest says, where there is one and it is the script's own."""
    if found is None:
        return replace(papers, findings=(("no-manifest", "there is no mf-manifest.json beside it"),))
    try:
        manifest = whole_manifest(found, stats, f"{papers.base}{MANIFEST}", limits)
    except FormatError as error:
        return replace(papers, findings=(("no-manifest", f"its manifest cannot be read: {error}"),))
    script = (manifest.meta_data or MetaData()).remote_entry
    path = None if script is None else script_path(script)
    last = papers.script.rpartition("/")[2]
    if not for_servers(manifest) or path is None or path.rpartition("/")[2] != last:
        text = f"the manifest beside it is that of {path or 'nothing'}, a script of another kind"
        return replace(papers, findings=(("manifest-differs", text),))
    return told(papers, manifest)


async def place(asker: Asker, url: str, manifest: MfManifest) -> Papers:
    """Find the script that a manifest names.

    Raises:
        HanseError: It names none for servers, or that could not be had.
    """
    meta = manifest.meta_data or MetaData()
    script = meta.remote_entry
    if not for_servers(manifest):
        other = meta.ssr_remote_entry
        if other is None or not other.name:
            raise FormatError(
                "this manifest is one for browsers, and names no container script for servers",
                subject=url,
                path="$.metaData.ssrRemoteEntry",
                expected="a script whose type is commonjs-module",
                hint="name the manifest, or the remoteEntry.js, of the build for servers",
            )
        # Of the files that this manifest lists none belongs to the other build.
        base = join(url, meta.ssr_public_path or meta.public_path or ".") if usable(meta) else scope_of(url)
        return await beside_script(asker, join(base or url, script_path(other)) or url)
    path = "remoteEntry.js" if script is None else script_path(script)
    bases = [*dict.fromkeys(bases_of(url, meta.public_path, path))]
    for base in bases[:-1]:
        try:
            body = await asker.get(join(base, path) or url, accept=SCRIPTS)
        except StatusError:
            continue
        if body.lstrip()[:1] != b"<":
            return told(Papers(base, path, body), manifest)
    return told(Papers(bases[-1], path), manifest)


def usable(meta: MetaData) -> bool:
    """Tell whether a manifest for browsers says where its server's files lie."""
    return (meta.ssr_public_path or meta.public_path or "auto") not in ("", "auto")


def bases_of(url: str, public: str | None, path: str) -> Iterator[str]:
    """Yield the folders that a build may lie in, the likeliest first."""
    if public is not None and is_web(public):
        yield scope_of(public if public.endswith("/") else public + "/")
        return
    folder = scope_of(url)
    below = path.rpartition("/")[0]
    if below and folder.endswith(f"/{below}/"):
        yield folder[: -len(below) - 1]
    yield folder
    rooted = join(url, public) if public not in (None, "", "auto") else None
    if rooted is not None and is_web(rooted):
        yield scope_of(rooted if rooted.endswith("/") else rooted + "/")


def whole_manifest(body: bytes, stats: bytes | None, url: str, limits: Limits) -> MfManifest:
    """Decode a manifest, and correct it by the stats of the same build.

    Raises:
        FormatError: It is none.
    """
    manifest = decode_mf_manifest(body, subject=url, limits=limits)
    if manifest.meta_data is None and manifest.exposes is None:
        raise FormatError(
            "this is no Module Federation manifest",
            subject=url,
            found="neither metaData nor exposes",
            expected="what a build of Module Federation writes",
        )
    if stats is None:
        return manifest
    try:
        return correct_by_stats(manifest, decode_mf_stats(stats, subject=url, limits=limits))
    except FormatError:
        return manifest


def for_servers(manifest: MfManifest) -> bool:
    """Tell whether a manifest is that of a build for servers."""
    script = (manifest.meta_data or MetaData()).remote_entry
    return script is not None and script.type in SERVERS


def told(papers: Papers, manifest: MfManifest) -> Papers:
    """Add what a manifest says of files and remotes."""
    remotes = {
        one.federation_container_name or one.alias or "": one.entry
        for one in manifest.remotes or ()
        if one.entry is not None and is_web(one.entry)
    }
    return replace(papers, manifest=manifest, files=tuple(dict.fromkeys(listed(manifest))), remotes=remotes)


def listed(manifest: MfManifest) -> Iterator[str]:
    """Yield the scripts that a manifest lists."""
    for item in (*(manifest.exposes or ()), *(manifest.shared or ())):
        yield from (file for file in scripts_of(item.assets) if file.endswith((".js", ".cjs")))


def scripts_of(assets: Assets | None) -> Iterator[str]:
    """Yield the scripts among assets, those needed at once before the others."""
    if assets is not None and assets.js is not None:
        yield from assets.js.sync or ()
        yield from assets.js.async_ or ()


def read_papers(papers: Papers, name: str, limits: Limits) -> Told:
    """Say what a build's documents tell of it."""
    manifest = papers.manifest
    if manifest is None:
        return Told(findings=papers.findings)
    meta = manifest.meta_data or MetaData()
    exposes = {
        expose_key(item): next(iter(scripts_of(item.assets)), papers.script)
        for item in (manifest.exposes or ())[: limits.exposes_per_entry]
    }
    version = meta.build_info.build_version if meta.build_info else None
    shared = tuple(shared_of(manifest))
    return Told(version, exposes, shared, meta.global_name or name, papers.findings)


def shared_of(manifest: MfManifest) -> Iterator[Shared]:
    """Yield the packages that a container shares and consumes; without files, for they are no modules."""
    for use in uses_of(manifest.shared or (), []):
        if package_name_fault(use.package) is not None:
            continue
        for scope in use.scopes:
            yield Shared(
                package_name=use.package,
                version=use.version,
                required_version=use.required if use.required is not None else False,
                singleton=use.singleton,
                strict_version=use.strict,
                share_scope=None if scope == "default" else scope,
            )
