"""What is known of modules: of a text, and of a file with a URL."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["Graph", "Lexed", "ModuleFile"]


class Lexed(msgspec.Struct, frozen=True):
    """What a module's text imports; specifiers are as the engine reads them, escapes undone, each once.

    `imports` are static ones in their order, those of `export … from` and of `import './x'` included;
    `dynamic` those of `import()` with a literal argument; `opaque` says that there is an `import()` whose
    argument is computed. `others` are those of both kinds whose attributes say that they lead to no script
    (`with { type: "json" }`).
    """

    imports: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    opaque: bool = False
    others: tuple[str, ...] = ()


class ModuleFile(msgspec.Struct, frozen=True):
    """A file that was read.

    `url` is as an import map writes it, `digest` is `sha384-` and standard base64, as in subresource
    integrity, `size` is in bytes. `location` is where it was found after redirects, and with that what its
    relative imports are relative to; empty where that is `url` itself. The rest is as in `Lexed`.
    """

    url: str
    digest: str
    size: int
    imports: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    opaque: bool = False
    others: tuple[str, ...] = ()
    location: str = ""


Graph = Mapping[str, ModuleFile]
"""Files by URL, as the import map writes it, normalised."""
