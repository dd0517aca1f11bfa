"""A remote that joins a loaded page under `coherent`: strictly additive, and by families.

The page's rules cannot change. So each family of packages the newcomer shares comes to it from the published
build, where that has every entrypoint and suits every range it insists on; else the newcomer keeps the whole
family in its own URL scope; and a family of which the page has nothing at all is published from the newcomer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hanse.errors import ResolveError
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import Shared
from hanse.resolve.dense import specifiers_of
from hanse.resolve.emit import EXPOSED_BUNDLE
from hanse.resolve.page import Gap, Need, Offered, Page, families_of, find_gap, layer, scope_label
from hanse.resolve.paths import chunk_specifier, join, scope_url
from hanse.resolve.plan import Notice
from hanse.resolve.policy import Policy
from hanse.resolve.record import GLOBAL, STRICT
from hanse.resolve.remote import Remote
from hanse.semver import min_version, satisfies, valid

__all__ = ["join_page"]


def join_page(page: Page, newcomer: Remote, policy: Policy) -> tuple[ImportMap, Page, tuple[Notice, ...]]:
    """Work out what a page adds for one more remote.

    Args:
        page: The page; not changed.
        newcomer: The remote.
        policy: Its strict options and its table of families count.

    Returns:
        The map to add, the page with it, and what the newcomer's owner should know.

    Raises:
        ResolveError: A strict option forbids that the newcomer keeps a family to itself, or a version.
    """
    joining = Joining(page, newcomer, policy)
    needs = [*joining.read_needs()]
    joining.map_exposed()
    joining.map_private()
    for family in families_of(needs, page, policy):
        joining.settle(family)
    joining.shield()
    return joining.delta(), joining.page_with(needs), tuple(joining.notices)


class Joining:
    """Collects the map that a page adds: what is about the newcomer, and what keeps others as they are."""

    def __init__(self, page: Page, newcomer: Remote, policy: Policy) -> None:
        self.page = page
        self.newcomer = newcomer
        self.policy = policy
        self.folder = scope_url(newcomer.entry.url or newcomer.url)
        self.imports: dict[str, str] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.integrity: dict[str, str] = {}
        self.offered: dict[tuple[str, str], Offered] = {}
        self.notices: list[Notice] = []
        for name, folder in page.folders.items():
            if folder == self.folder:
                text = f"lies in the same folder as '{name}' ({folder}): the browser cannot tell them apart"
                self.notice("same-folder", "", text)

    def notice(self, code: str, package: str, text: str) -> None:
        """Note something for the newcomer's owner."""
        self.notices.append(Notice(code, self.newcomer.name, package, text))

    def read_needs(self) -> Iterator[Need]:
        """Yield what the newcomer shares with others.

        Raises:
            ResolveError: A version is invalid and `strict_external_version` is set.
        """
        for item in self.newcomer.entry.shared or ():
            version = self.read_version(item) if item.singleton else None
            if version is None:
                continue
            scope = GLOBAL if item.share_scope is None else item.share_scope
            required = item.required_version if isinstance(item.required_version, str) else ""
            yield Need(
                scope=scope_label(scope, version),
                package=item.package_name,
                version=version,
                required=version if scope == STRICT or not required else required,
                strict=bool(item.strict_version) or scope == STRICT,
                files=specifiers_of(item),
                bundle=item.bundle,
                pool=(item.pool or "").strip() or None,
            )

    def read_version(self, item: Shared) -> str | None:
        """Return a package's version, or what stands for one that is invalid; None where it is left out.

        Raises:
            ResolveError: It is invalid and `strict_external_version` is set.
        """
        if item.version and valid(item.version):
            return item.version
        text = f"version {item.version!r} of {item.package_name} is not a semver version"
        if self.policy.strict.strict_external_version:
            raise ResolveError(text, subject=self.newcomer.name, hint="strict_external_version is set")
        if self.policy.profile.skip_invalid_external_versions:
            self.notice("invalid-version", item.package_name, f"{text}; it is left out")
            return None
        least = min_version(item.required_version) if isinstance(item.required_version, str) else None
        version = "0.0.0" if least is None else str(least)
        self.notice("invalid-version", item.package_name, f"{text}; it counts as {version}")
        return version

    def url(self, file: str) -> str:
        """Return the URL of one of the newcomer's files, and note its digest."""
        url = join(self.folder, file)
        digest = (self.newcomer.entry.integrity or {}).get(file)
        if digest:
            self.integrity[url] = digest
        return url

    def map_exposed(self) -> None:
        """Map what the newcomer exposes, as `name/./Card` and, where nobody has it, as `name/Card`."""
        name = self.newcomer.name
        for expose in self.newcomer.entry.exposes or ():
            url = self.url(expose.out_file_name)
            self.imports[join(name, expose.key)] = url
            if not expose.key.startswith("./"):
                continue
            alias = name + expose.key[1:]
            if alias in self.page.imports:
                text = f"'{alias}' means something else on the page; the module is reached with './' in it"
                self.notice("shadowed-module", alias, text)
            else:
                self.imports[alias] = url

    def map_private(self) -> None:
        """Map what only the newcomer sees: scoped packages, their chunks and those of exposed modules."""
        self.map_chunks(EXPOSED_BUNDLE)
        for item in self.newcomer.entry.shared or ():
            if not item.singleton:
                self.keep(specifiers_of(item), item.bundle)

    def map_chunks(self, bundle: str | None) -> None:
        """Map the chunks of a bundle."""
        for file in (self.newcomer.entry.chunks or {}).get(bundle or "", ()):
            self.own[chunk_specifier(file)] = self.url(file)

    @property
    def own(self) -> dict[str, str]:
        """The rules of the newcomer's URL scope."""
        return self.scopes.setdefault(self.folder, {})

    def settle(self, family: list[Need]) -> None:
        """Decide one family, and map it.

        Raises:
            ResolveError: The newcomer would have to keep it to itself, and a strict option forbids that.
        """
        wanted = [(need.scope, specifier) for need in family for specifier in need.files]
        gap = find_gap(self.page, family)
        if gap is None:
            self.inherit(family)
        elif any(place in self.page.offered for place in wanted) or self.is_taken(family):
            self.refuse(family[0], gap)
            for need in family:
                self.notice(
                    "own-copy", need.package, f"{need.package}@{need.version} stays its own: {gap.text}"
                )
                self.keep(need.files, need.bundle)
        else:
            for need in family:
                self.publish(need)

    def is_taken(self, family: list[Need]) -> bool:
        """Tell whether the page maps an entrypoint to something that nobody shares."""
        return any(
            specifier in self.page.imports
            for need in family
            if need.scope == GLOBAL
            for specifier in need.files
        )

    def refuse(self, need: Need, gap: Gap) -> None:
        """Fail where a strict option forbids that the newcomer keeps a family to itself.

        Raises:
            ResolveError: It does.
        """
        strict = self.policy.strict
        option = "strict_entry_point_coverage" if gap.missing else "strict_external_compatibility"
        if strict.strict_entry_point_coverage if gap.missing else strict.strict_external_compatibility:
            text = f"{need.package}@{need.version} would stay its own: {gap.text}"
            raise ResolveError(text, subject=self.newcomer.name, hint=f"{option} is set")

    def inherit(self, family: list[Need]) -> None:
        """Take a family from the published build; in a named share scope by rules of its own."""
        for need in family:
            found = {one: self.page.offered[need.scope, one] for one in need.files}
            if need.scope != GLOBAL:
                self.own.update({specifier: offered.url for specifier, offered in found.items()})
            for version, remote in sorted({(offered.version, offered.remote) for offered in found.values()}):
                if not satisfies(version, need.required):
                    text = f"gets {version} from '{remote}', which {need.required} rejects"
                    self.notice("outside-range", need.package, f"{text}; it does not insist")

    def keep(self, files: Mapping[str, str], bundle: str | None) -> None:
        """Map entrypoints for the newcomer alone, with the chunks they need."""
        for specifier, file in files.items():
            self.own[specifier] = self.url(file)
        self.map_chunks(bundle)

    def publish(self, need: Need) -> None:
        """Map entrypoints for everybody who comes later; in a named share scope for the newcomer."""
        for specifier, file in need.files.items():
            url = self.url(file)
            (self.imports if need.scope == GLOBAL else self.own)[specifier] = url
            self.offered[need.scope, specifier] = Offered(self.newcomer.name, need.version, url)
        self.map_chunks(need.bundle)

    def shield(self) -> None:
        """Keep remotes in nested folders from each other's rules: browsers look from the inside out."""
        page, wanted = self.page, self.specifiers()
        for outer, table in page.scopes.items():
            if outer != self.folder and self.folder.startswith(outer):
                for specifier in sorted(wanted & table.keys()):
                    url = page.imports.get(specifier) or self.imports.get(specifier)
                    if url:
                        self.own.setdefault(specifier, url)
        mine = self.scopes.get(self.folder, {})
        for inner in {*page.folders.values()}:
            if inner != self.folder and inner.startswith(self.folder):
                known = page.scopes.get(inner, {})
                missing = [one for one in sorted(mine) if one in page.imports and one not in known]
                if missing:
                    self.scopes[inner] = {one: page.imports[one] for one in missing}

    def specifiers(self) -> set[str]:
        """Return every specifier the newcomer shares."""
        return {one for item in self.newcomer.entry.shared or () for one in specifiers_of(item)}

    def delta(self) -> ImportMap:
        """Return the map to add."""
        scopes = {scope: rules for scope, rules in self.scopes.items() if rules}
        return ImportMap(imports=self.imports, scopes=scopes, integrity=self.integrity)

    def page_with(self, needs: Iterable[Need]) -> Page:
        """Return the page with what it adds; a rule that was there before stays."""
        page = self.page
        added = {url: {**rules, **page.scopes.get(url, {})} for url, rules in self.scopes.items()}
        return Page(
            imports=layer(page.imports, self.imports),
            scopes=layer(added, page.scopes),
            offered=layer(page.offered, self.offered),
            shapes=page.shapes | {(need.scope, need.package, tuple(need.files)) for need in needs},
            folders=layer(page.folders, {self.newcomer.name: self.folder}),
        )
