"""What an app is made of: the federation it is a part of, its publisher, and its own Python."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, cast

import msgspec
from starlette.types import ASGIApp

from hanse.apps.build.task import ENTRY, SERVER
from hanse.apps.mirror import MIRROR, Mirror
from hanse.apps.pages import PAGES
from hanse.apps.project import Project
from hanse.apps.routes import Route, read_route
from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.formats.config_structs import RemoteSettings
from hanse.formats.manifest import Remote
from hanse.formats.server_entry import ServerEntry
from hanse.limits import Limits
from hanse.stream import Publisher, public_key, read_key, write_key

__all__ = [
    "entry_urls",
    "load_asgi",
    "make_federation",
    "make_mirror",
    "make_publisher",
    "own_url",
    "routes_of",
    "server_addresses",
]

CACHE: Final = ".hanse"
# Seconds between two looks at other apps' builds for browsers; those for servers are told of at once.
OFTEN: Final = 5.0
SOON: Final = 1.0


def own_url(project: Project, path: str = "") -> str:
    """Return a URL of the app.

    Raises:
        UsageError: Nobody says where it is.
    """
    if not project.own.app.url:
        raise UsageError(
            "`url` is missing", subject="[app]", hint="say where browsers and other apps reach it"
        )
    return f"{project.own.app.url.rstrip('/')}/{path}"


def make_federation(project: Project, limits: Limits, *, development: bool = False) -> Federation:
    """Make the federation of an app; the app is one of its remotes, by its own name.

    Raises:
        HanseError: Something that is said about it does not fit together, or a key is missing.
    """
    app, config = project.own.app, project.config
    mirrored = {
        name: msgspec.structs.replace(config.remotes[name], url=own_url(project, f"{MIRROR}/{name}/{ENTRY}"))
        for name in mirrored_urls(project)
    }
    own = RemoteSettings(
        key=" ".join(require_keys(project)),
        public_key=write_key(
            public_key(read_key(require_private(project), "private", subject="[app]")), "public"
        ),
    )
    remote = Remote(own_url(project, ENTRY), server=own_url(project))
    whole = msgspec.structs.replace(
        config,
        remotes={**config.remotes, **mirrored, app.name: remote},
        settings={**config.settings, app.name: own},
        cache_folder=str(cache_folder(project)),
        development=development or config.development,
        refresh=(SOON if development else OFTEN) if config.refresh is None else config.refresh,
    )
    return Federation.from_config(whole, project.folder, limits=limits)


def cache_folder(project: Project) -> Path:
    """Return where the app keeps what it has of others: `.hanse` in its folder unless told otherwise."""
    return project.folder / (project.config.cache_folder or CACHE)


def mirrored_urls(project: Project) -> dict[str, str]:
    """Return the addresses of the entries that browsers get from here: those of all that have a server."""
    remotes = project.config.remotes
    return {name: remotes[name].url for name in server_addresses(project) if name != project.name}


def entry_urls(project: Project) -> dict[str, str]:
    """Return the address of each remote's entry, as browsers know it."""
    found = {name: remote.url for name, remote in project.config.remotes.items()}
    found |= {name: own_url(project, f"{MIRROR}/{name}/{ENTRY}") for name in mirrored_urls(project)}
    return {**found, project.name: own_url(project, ENTRY)}


def make_mirror(project: Project, limits: Limits) -> Mirror:
    """Make what gives out other apps' browser builds.

    Raises:
        UsageError: The folder for it is somebody else's.
    """
    return Mirror(project.name, mirrored_urls(project), cache_folder(project) / "apps", limits=limits)


def make_publisher(project: Project, limits: Limits) -> Publisher:
    """Make what gives out the app's modules to other apps, and to itself.

    Raises:
        HanseError: A key or the build is missing.
    """
    return Publisher.from_folder(
        project.folder / SERVER,
        key=" ".join(require_keys(project)),
        private_key=require_private(project),
        url=own_url(project),
        limits=limits,
    )


def require_keys(project: Project) -> list[str]:
    """Return the keys that the app shares with those who ask for its modules."""
    keys = project.own.app.keys
    if not keys:
        raise UsageError("`keys` is missing", subject="[app]", hint="`hanse keys new` makes the keys")
    return keys


def require_private(project: Project) -> str:
    """Return the key that signs the app's modules."""
    private = project.own.app.private_key
    if private is None:
        raise UsageError("`private_key` is missing", subject="[app]", hint="`hanse keys new` makes the keys")
    return private


def server_addresses(project: Project) -> dict[str, str]:
    """Return where the servers of the other apps are, with a slash at the end."""
    found = {}
    for name, remote in project.config.remotes.items():
        settings = project.config.settings.get(name)
        server = (settings.server if settings is not None else None) or remote.server
        if server is not None and server.endswith("/"):
            found[name] = server
    return found


def load_asgi(project: Project) -> ASGIApp | None:
    """Import the app's own Python, `module:name`.

    Raises:
        UsageError: It cannot be imported.
    """
    named = project.own.app.asgi
    if named is None:
        return None
    module, _, name = named.partition(":")
    try:
        return cast("ASGIApp", getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"its own Python cannot be imported: {error}", subject=f"[app] asgi = {named!r}"
        ) from error


def routes_of(app: str, entry: ServerEntry | None) -> Iterator[Route]:
    """Yield the routes of an app, as its server build tells of them."""
    if entry is None:
        return
    keys = {file: key for key, file in entry.exposes.items() if key.startswith(f"./{PAGES}/")}
    for page in entry.pages:
        key = keys.get(page.module)
        if key is not None:
            yield read_route(app, page.path, key, loader=page.loader, subject=app)
