"""Server modules on the wire: published by a remote, pulled by consumers; needs the extra `hanse[stream]`.

Keys, seals, signatures and the container are pure: nonces and times are arguments there. `Publisher` and
`pull` bring them onto the network.
"""

from __future__ import annotations

from hanse.stream.builds import Build
from hanse.stream.cache import StreamCache
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
from hanse.stream.key_files import KeyFile, read_key_file
from hanse.stream.keys import KeyRing, key_id, key_ring, read_key, read_keys, rotate, write_key
from hanse.stream.publisher import Publisher
from hanse.stream.pull import Announced, Supplier, pull, read_entry
from hanse.stream.seal import Binding, open_sealed, seal
from hanse.stream.signing import Publishers, Signature, public_key, sign, trust, verify
from hanse.stream.table import Header, ModuleRow, digest_of
from hanse.stream.watching import HearBuild, watch

__all__ = [
    "Announced",
    "Binding",
    "Build",
    "Header",
    "HearBuild",
    "InUse",
    "KeyFile",
    "KeyRing",
    "ModuleRow",
    "Offer",
    "PackedModule",
    "Publisher",
    "Publishers",
    "Pulled",
    "Signature",
    "StreamCache",
    "Supplier",
    "digest_of",
    "key_id",
    "key_ring",
    "open_sealed",
    "pack_module",
    "pick_modules",
    "public_key",
    "pull",
    "read_entry",
    "read_key",
    "read_key_file",
    "read_keys",
    "read_stream",
    "rotate",
    "seal",
    "sign",
    "trust",
    "verify",
    "watch",
    "write_key",
    "write_stream",
]
