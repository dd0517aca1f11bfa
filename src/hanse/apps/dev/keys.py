"""Keys for developing, which nobody has to make: everybody knows them, so they are for one machine alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hanse.apps.project import Project
from hanse.formats.config_structs import RemoteSettings
from hanse.stream import public_key, write_key

__all__ = ["is_own_machine", "with_keys"]

PURPOSE: Final = b"hanse: keys for developing, known to everybody: "
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def with_keys(project: Project) -> Project:
    """Give an app, and those it knows on this machine, the keys that are missing."""
    app = project.own.app
    own = msgspec.structs.replace(
        app,
        keys=app.keys or [write_key(secret(app.name, "shared"), "key")],
        private_key=app.private_key or write_key(secret(app.name, "private"), "private"),
    )
    settings = dict(project.config.settings)
    for name in project.remotes:
        found = settings.get(name, RemoteSettings())
        remote = project.config.remotes.get(name)
        server = found.server or (None if remote is None else remote.server)
        if server is not None and server.endswith("/") and is_own_machine(server) and found.key is None:
            settings[name] = msgspec.structs.replace(
                found,
                key=write_key(secret(name, "shared"), "key"),
                public_key=write_key(public_key(secret(name, "private")), "public"),
            )
    return replace(
        project,
        own=msgspec.structs.replace(project.own, app=own),
        config=msgspec.structs.replace(project.config, settings=settings),
    )


def is_own_machine(url: str) -> bool:
    """Tell whether a URL leads to this machine, by its host's name alone."""
    host = urlsplit(url).hostname or ""
    return host in LOOPBACK or host.endswith(".localhost")


def secret(name: str, use: str) -> bytes:
    """Return the key of an app for one use."""
    return hashlib.sha256(PURPOSE + f"{use} of {name}".encode("utf-8", "surrogatepass")).digest()
