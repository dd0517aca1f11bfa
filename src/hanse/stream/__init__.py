"""Server modules on the wire: keys, seals, signatures and the container; needs the extra `hanse[stream]`.

Nothing here opens a connection or a file, reads a clock or draws a lot: nonces and times are arguments.
"""

from __future__ import annotations

from hanse.stream.builds import Build
from hanse.stream.container import (
    InUse,
    Offer,
    PackedModule,
    Pulled,
    pack_module,
    pick_modules,
    read_stream,
    write_stream,
)
from hanse.stream.keys import KeyRing, key_id, key_ring, read_key, rotate, write_key
from hanse.stream.seal import Binding, open_sealed, seal
from hanse.stream.signing import Publishers, Signature, public_key, sign, trust, verify
from hanse.stream.table import Header, ModuleRow, digest_of

__all__ = [
    "Binding",
    "Build",
    "Header",
    "InUse",
    "KeyRing",
    "ModuleRow",
    "Offer",
    "PackedModule",
    "Publishers",
    "Pulled",
    "Signature",
    "digest_of",
    "key_id",
    "key_ring",
    "open_sealed",
    "pack_module",
    "pick_modules",
    "public_key",
    "read_key",
    "read_stream",
    "rotate",
    "seal",
    "sign",
    "trust",
    "verify",
    "write_key",
    "write_stream",
]
