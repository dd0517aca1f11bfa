"""`Link` headers: what a browser may fetch before it has read a byte of the page.

They come before the import map, and that makes `modulepreload` dangerous in two ways, both seen in Chromium:

* A module is linked to what it imports when it arrives. If it imports `react` and the map has not been read
  by then, it is broken for as long as the page lives. So only files that need no map are preloaded as
  modules; the others as plain scripts, which fetches the same bytes in the same way and links nothing.
* A browser that takes only one map takes none after a module (whatwg/html issue 9274). So by default only
  browsers are told that are known to take it: Chromium from 133 on.

They are also known to need no nonce on module preloads under `strict-dynamic`, and to gain by having
none there. A module is compiled with the nonce it was fetched with, and V8 takes what it compiled earlier
only where the nonce is the same. Every response has a new one: with it, each page compiles everything anew.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

from hanse.federation.modules import Preload
from hanse.web.options import LinkHeaders

__all__ = ["HINT", "is_known", "takes_links", "write_links"]

HINT: Final = "Sec-CH-UA"
# Of the brands a browser names there, the one that says which engine it has.
ENGINE: Final = re.compile(r'"Chromium";\s?v="(\d{1,5})')
# The first with several import maps, and with maps after modules have been loaded.
SEVERAL_MAPS: Final = 133

# A URL and digests that can stand in a header without anything being able to end them there.
PLAIN_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
PLAIN_DIGESTS: Final = re.compile(r"[A-Za-z0-9+/=_ -]*")


def takes_links(headers: Mapping[str, str], choice: LinkHeaders) -> bool:
    """Tell whether the browser that sent these headers gets `Link` headers."""
    return is_known(headers) if choice == "auto" else choice == "always"


def is_known(headers: Mapping[str, str]) -> bool:
    """Tell whether these headers are of a browser that is known to do as this module says."""
    brands = headers.get(HINT) or headers.get(HINT.lower()) or ""
    found = ENGINE.search(brands[:1000])
    return found is not None and int(found[1]) >= SEVERAL_MAPS


def write_links(
    preloads: Iterable[Preload], nonce: str, *, free: Container[str], most: int, bare: bool = False
) -> Iterator[str]:
    """Yield a header's value for each preload, as long as they have at most so many bytes together.

    URLs and digests that cannot stand in a header as they are are left out.

    Args:
        preloads: What is preloaded, the most urgent first.
        nonce: The response's.
        free: The URLs of those that need no import map.
        most: The cap on bytes.
        bare: Whether those that are preloaded as modules go without the nonce.
    """
    left = most
    for preload in preloads:
        if not (PLAIN_URL.fullmatch(preload.url) and PLAIN_DIGESTS.fullmatch(preload.integrity or "")):
            continue
        value = write_link(preload, nonce, as_module=preload.url in free, bare=bare)
        left -= len("link: \r\n") + len(value)
        if left < 0:
            return
        yield value


def write_link(preload: Preload, nonce: str, *, as_module: bool, bare: bool) -> str:
    """Write one preload as a header's value.

    `crossorigin` makes a script be asked for as modules are: with CORS, and credentials of its own origin.
    """
    if preload.kind == "script":
        return f'<{preload.url}>; rel=preload; as=script; nonce="{nonce}"'
    kind = "rel=modulepreload" if as_module else "rel=preload; as=script; crossorigin"
    digest = f'; integrity="{preload.integrity}"' if preload.integrity else ""
    allowed = "" if bare and as_module else f'; nonce="{nonce}"'
    return f"<{preload.url}>; {kind}{digest}{allowed}"
