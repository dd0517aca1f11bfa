"""One more remote for a page that is already loaded."""

from __future__ import annotations

from dataclasses import dataclass

from hanse.formats.import_map import ImportMap
from hanse.resolve import Notice

__all__ = ["Delta"]


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
