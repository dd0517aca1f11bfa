"""A small build, its keys, and streams of it: what the tests of streams start from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hanse.stream import (
    Binding,
    InUse,
    Offer,
    PackedModule,
    Pulled,
    digest_of,
    key_ring,
    pack_module,
    public_key,
    read_stream,
    trust,
    write_stream,
)

__all__ = [
    "BINDING",
    "BUILD",
    "CARD",
    "MODULES",
    "OFFER",
    "PRIVATE",
    "PUBLISHERS",
    "RING",
    "SALT",
    "pull",
    "stream",
]

PRIVATE: Final = bytes(range(32))
PUBLISHERS: Final = trust({"shop": [public_key(PRIVATE)]})
RING: Final = key_ring([b"k" * 32, b"o" * 32])
BINDING: Final = Binding(remote="shop", version="1.4.0")
SALT: Final = bytes(16)
BUILD: Final = digest_of(b"build 17")
OFFER: Final = Offer(remote="shop", version="1.4.0", build=BUILD, serial=17, expires=1000, nonce="n-1")

CARD: Final = b"import './chunk-A.js'; 'card'" * 9
MODULES: Final = {
    module.row.name: module
    for module in (
        pack_module(
            "product-card.js", b"import './chunk-A.js'; 'card'" * 9, imports=["chunk-A.js", "chunk-B.js"]
        ),
        pack_module("chunk-A.js", b"import './chunk-B.js'; 'a'", imports=["chunk-B.js"]),
        pack_module("chunk-B.js", b"'b'"),
        pack_module("styles/card.css", b""),
    )
}


def stream(
    *modules: PackedModule, have: frozenset[str] = frozenset(), private: bytes = PRIVATE, **said: Any
) -> bytes:
    """Write a stream of these modules, or of the whole build; `said` changes the offer."""
    offer = replace(OFFER, **said)
    return write_stream(modules or MODULES.values(), offer=offer, private=private, have=have)


def pull(
    container: bytes,
    *,
    nonce: str = "n-1",
    now: float = 999.0,
    in_use: InUse | None = None,
    have: dict[str, bytes] | None = None,
) -> Pulled:
    """Read a stream as a consumer that trusts its publisher."""
    return read_stream(
        container, remote="shop", publishers=PUBLISHERS, nonce=nonce, now=now, in_use=in_use, have=have
    )
