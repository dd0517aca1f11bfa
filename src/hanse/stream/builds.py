"""A server build as a consumer has it: its entry, and the bytes of the modules that were asked for.

Whether it came as a sealed stream, as a Module Federation container or as plain modules makes no difference
to what is done with it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hanse.formats.server_entry import ServerEntry

__all__ = ["Build"]


@dataclass(frozen=True, slots=True)
class Build:
    """One remote's server build.

    Attributes:
        entry: What it exposes and shares; `entry.modules` describes every file of `contents`.
        contents: Its modules by file.
    """

    entry: ServerEntry
    contents: Mapping[str, bytes]
