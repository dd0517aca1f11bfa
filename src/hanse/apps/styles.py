"""The style sheets that a page needs, by what its modules import: for pages that the browser renders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hanse.formats.server_entry import ServerEntry
from hanse.urls import join

__all__ = ["styles_for"]

Find = Callable[[str], ServerEntry | None]


def styles_for(remote: str, key: str, *, find: Find, base: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return the URLs of all style sheets that a page can need, each once.

    Args:
        remote: Whose page it is.
        key: The page's key.
        find: Returns what a remote says of its server build.
        base: Returns where a remote's build for browsers is.
    """
    entry = find(remote)
    file = None if entry is None else entry.exposes.get(key)
    if file is None:
        return ()
    found: dict[str, None] = {}
    for owner, name in reach(remote, file, find):
        build, place = find(owner), base(owner)
        if build is not None and place is not None:
            found |= dict.fromkeys(url for style in build.modules[name].styles if (url := join(place, style)))
    return tuple(found)


def reach(remote: str, file: str, find: Find) -> Iterator[tuple[str, str]]:
    """Yield the modules that a module reaches, itself first, across remotes."""
    seen, waiting = {(remote, file)}, [(remote, file)]
    while waiting:
        owner, name = waiting.pop()
        entry = find(owner)
        module = None if entry is None else entry.modules.get(name)
        if entry is None or module is None:
            continue
        yield owner, name
        others = [(owner, one) for one in module.imports]
        others += [found for one in module.externals if (found := exposed_by(one, find)) is not None]
        for one in others:
            if one not in seen:
                seen.add(one)
                waiting.append(one)


def exposed_by(specifier: str, find: Find) -> tuple[str, str] | None:
    """Return the remote and file of a specifier like `shop/ProductCard`; None where it is no remote's."""
    words = specifier.split("/")
    for count in range(1, len(words)):
        remote = "/".join(words[:count])
        entry = find(remote)
        file = None if entry is None else entry.exposes.get("./" + "/".join(words[count:]))
        if file is not None:
            return remote, file
    return None
