"""What resolving takes in: one remote with its decoded entry."""

from __future__ import annotations

import msgspec

from hanse.formats.remote_entry import RemoteEntry

__all__ = ["Remote"]


class Remote(msgspec.Struct, frozen=True, gc=False):
    """A remote of the federation.

    Args:
        name: Its name in the manifest.
        url: Where its remote entry was fetched.
        entry: The decoded entry.
        host: Whether it is the host: its versions take precedence.
        sizes: File -> bytes, where known; decisions then say what they cost in bytes.
    """

    name: str
    url: str
    entry: RemoteEntry
    host: bool = False
    sizes: dict[str, int] | None = None
