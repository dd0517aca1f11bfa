"""What `hanse.toml` says about an app: its name and address, what it exposes, and what it shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.toml_source import Source, open_source, read_struct, read_table
from hanse.limits import LIMITS, Limits
from hanse.names import expose_name_fault, package_name_fault, remote_name_fault
from hanse.urls import join

__all__ = ["AppConfig", "AppTable", "SharedTable", "decode_app"]

# What every app shares without being told: one React and one Hanse on each page.
ALWAYS: Final = ("react", "react-dom", "hanse")


class AppTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`[app]`.

    `url` is where browsers and other apps reach it. `order` names apps in the order in which their routes
    count, after its own; those not named follow in the order of their tables. `asgi` is the app's own Python,
    `module:name`. `headers` and `cookies` go along when data is asked for from other apps; `cookies` may come
    back from there as well. `private_key` signs its streams, `keys` are those that it shares with the apps
    that ask for them.
    """

    name: str
    url: str = ""
    version: str = "0.0.0"
    asgi: str | None = None
    order: list[str] = []
    headers: list[str] = msgspec.field(default_factory=lambda: ["accept-language"])
    cookies: list[str] = []
    private_key: str | None = None
    keys: list[str] = []

    def __repr__(self) -> str:
        """Show everything but the keys."""
        hidden = {"private_key", "keys"}
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in hidden)
        return f"AppTable({', '.join(shown)}, …)"


class SharedTable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`[shared.PACKAGE]`: how a package is shared, as native federation has it.

    `required_version` is that of the app's `package.json` if not given; `entries` are the specifiers of the
    package that are shared.
    """

    singleton: bool = True
    strict_version: bool = False
    required_version: str | None = None
    entries: list[str] = []


class AppConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says about an app; `exposes` maps keys to files of its folder."""

    app: AppTable
    exposes: Mapping[str, str] = {}
    shared: Mapping[str, SharedTable] = {}


def decode_app(
    data: bytes | str,
    *,
    environment: Mapping[str, str] | None,
    subject: str = "hanse.toml",
    limits: Limits = LIMITS,
) -> AppConfig:
    """Read the tables of an app; the others are `decode_config`'s.

    Args:
        data: The file.
        environment: What `env:NAME` is looked up in; None leaves what stands in one at its default.
        subject: The file's name, for messages.
        limits: The cap on its size.

    Raises:
        FormatError: It is no TOML, has no `[app]`, or something in it does not fit.
    """
    source = open_source(data, environment, subject, limits)
    app = read_app(source)
    exposes = read_exposes(source)
    shared = read_shared(source)
    for fault in source.in_order():
        raise fault
    if app is None:
        raise FormatError("this is no app's", subject=subject, path="app", expected="a table `[app]`")
    return AppConfig(app=app, exposes=exposes, shared=shared)


def read_app(source: Source) -> AppTable | None:
    """Read `[app]`."""
    table = read_table(source, ("app",), source.document.get("app", {}))
    if not table:
        return None
    app = read_struct(source, ("app",), table, AppTable)
    if app is None:
        return None
    fault = remote_name_fault(app.name)
    if fault is not None:
        complain(source, ("app", "name"), fault, app.name, "the name of a remote")
    if app.url and (not app.url.startswith(("http://", "https://")) or join(app.url, "x") is None):
        complain(source, ("app", "url"), "it has no scheme or host", app.url, "`https://shop.example/`")
    return app


def read_exposes(source: Source) -> dict[str, str]:
    """Read `[exposes]`."""
    exposes = {}
    for key, file in (read_table(source, ("exposes",), source.document.get("exposes", {})) or {}).items():
        place = ("exposes", key)
        fault = expose_name_fault(key)
        if fault is None and not key.startswith("./"):
            fault = "it does not begin with `./`"
        if fault is not None:
            complain(source, place, fault, key, "a key like `./ProductCard`")
        elif not isinstance(file, str) or file.startswith("/") or ".." in file.split("/"):
            complain(source, place, "it is no file of the app's folder", str(file), "`components/Card.tsx`")
        else:
            exposes[key] = file
    return exposes


def read_shared(source: Source) -> dict[str, SharedTable]:
    """Read `[shared.PACKAGE]`, and add what every app shares."""
    shared = {name: SharedTable() for name in ALWAYS}
    for name, value in (read_table(source, ("shared",), source.document.get("shared", {})) or {}).items():
        place = ("shared", name)
        fault = package_name_fault(name)
        if fault is not None:
            complain(source, place, fault, name, "a package's name")
        table = read_table(source, place, value)
        found = None if table is None else read_struct(source, place, table, SharedTable)
        if found is not None:
            shared[name] = found
    return shared


def complain(source: Source, path: tuple[str, ...], fault: str, found: str, expected: str) -> None:
    """Note a fault with what was found."""
    source.complain(path, f"this does not fit: {fault}", found=repr(found), expected=expected)
