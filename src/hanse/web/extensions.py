"""What a page whose map was cut to its modules adds: rules for one more module, or for one more remote."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.datastructures import QueryParams

from hanse.errors import FormatError, GoneError
from hanse.federation import Federation, Snapshot
from hanse.formats.import_map import ImportMap, serialise
from hanse.limits import Limits
from hanse.web.head.atlases import Atlases
from hanse.web.head.reach import without
from hanse.web.head.wanted import Missing, look_up

__all__ = ["ModuleWish", "extend_page", "lacking_rules", "read_module_wish", "require_snapshot"]

SUBJECT = "request"


class ModuleWish(msgspec.Struct, frozen=True):
    """What a page asks for: a module by its name, the digest of its snapshot, and the modules it has."""

    module: str
    snapshot: str
    have: tuple[str, ...] = ()


def read_module_wish(query: QueryParams, limits: Limits) -> ModuleWish:
    """Read what is asked, from the query; whatever else stands there does not matter.

    Raises:
        FormatError: A field is missing, there twice, or too long.
    """
    fields: dict[str, list[str]] = {}
    for name, value in query.multi_items():
        fields.setdefault(name, []).append(value)
    have = read_modules(fields.pop("have", []), limits)
    for name in ("module", "snapshot"):
        if len(fields.get(name, [])) != 1 or not 0 < len(fields[name][0]) <= limits.text_length:
            raise FormatError(
                "this stands once in the query, and is not long", subject=SUBJECT, path=f"$.{name}"
            )
    return ModuleWish(fields["module"][0], fields["snapshot"][0], have)


def read_modules(given: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Return the modules a page has.

    Raises:
        FormatError: They are too many, or one is too long.
    """
    if len(given) > limits.page_modules or any(len(name) > limits.text_length for name in given):
        raise FormatError("there are too many of these, or one is too long", subject=SUBJECT, path="$.have")
    return tuple(given)


def require_snapshot(federation: Federation, digest: str) -> Snapshot:
    """Return the snapshot that a page was made from.

    Raises:
        GoneError: It is not kept any more.
    """
    found = federation.snapshot_by_digest(digest)
    if found is None:
        raise GoneError(
            "this snapshot is not kept any more", subject=digest[:200], hint="load the page again"
        )
    return found


def extend_page(snapshot: Snapshot, atlases: Atlases, wish: ModuleWish) -> bytes:
    """Write what a page adds for a module: what that reaches, and the page's modules do not.

    Raises:
        NotFoundError: There is no such module.
    """
    found = look_up(snapshot, wish.module)
    if isinstance(found, Missing):
        raise found.error
    atlas = atlases.take(snapshot)
    reached = atlas.reach([found]).import_map
    addition = lacking_rules(
        snapshot, atlases, wish.have, snapshot.import_map if reached is None else reached
    )
    document = {
        "name": found.remote,
        "url": found.url,
        "snapshot": snapshot.digest,
        "import_map": msgspec.Raw(serialise(addition)),
        "notices": (),
    }
    return msgspec.json.encode(document)


def lacking_rules(
    snapshot: Snapshot, atlases: Atlases, have: Sequence[str], import_map: ImportMap
) -> ImportMap:
    """Return the part of a map that a page with these modules may lack.

    What cannot be told, since this process has not read the files yet, it may lack: a rule that it has
    already does no harm.
    """
    atlas = atlases.take(snapshot)
    for name in have:
        found = look_up(snapshot, name)
        if isinstance(found, Missing):
            continue
        reach = atlas.reach([found])
        if reach.opaque:
            # Wherever this page was made, it was given all there is for that module.
            return without(import_map, snapshot.import_map)
        if reach.import_map is not None:
            import_map = without(import_map, reach.import_map)
    return import_map
