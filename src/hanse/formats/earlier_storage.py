"""The storage documents' earlier shapes, turned into the current one.

Earlier there were no share scopes; a shared version was one remote's copy, with its `file` as an absolute
URL and without the remote's name; scoped externals were keyed by the remote's folder; `tag` was `version`.
In between, copies had their remotes' names but still one `file` where there are `entries` now.

What looks like none of these passes through untouched, so that typing it says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeGuard

from hanse.urls import join

__all__ = ["modernise"]

GLOBAL: Final = "__GLOBAL__"

Folders = dict[str, str]
"""Folder URL -> the remote that lies there; a folder without one becomes a remote named by its URL."""


def modernise(document: Mapping[str, object]) -> dict[str, object]:
    """Return the four documents in the current shape."""
    remotes = document.get("remotes") or {}
    folders = remote_folders(remotes)
    known = set(folders)
    modern = dict(document)
    shared, scoped = document.get("shared-externals"), document.get("scoped-externals")
    if is_table(shared):
        modern["shared-externals"] = modern_shared(shared, folders)
    if is_table(scoped):
        modern["scoped-externals"] = modern_scoped(scoped, folders)
    if is_table(remotes) and len(folders) > len(known):
        added = {url: {"scopeUrl": url, "exposes": []} for url in folders if url not in known}
        modern["remotes"] = {**remotes, **added}
    return modern


def is_table(value: object) -> TypeGuard[Mapping[str, object]]:
    """Tell a JSON object."""
    return isinstance(value, Mapping)


def remote_folders(remotes: object) -> Folders:
    """Return the folders of the remotes that say where they lie."""
    folders: Folders = {}
    for name, remote in remotes.items() if is_table(remotes) else ():
        url = remote.get("scopeUrl") if is_table(remote) else None
        if isinstance(url, str) and url:
            folders[url] = name
    return folders


def split_file(file: str, folders: Folders) -> tuple[str, str] | None:
    """Split a file's absolute URL into its remote's name and the path below it; None if it is relative."""
    own = join(file, ".")
    if own is None:
        return None
    folder = max((url for url in folders if file.startswith(url)), key=len, default=own)
    return folders.setdefault(folder, folder), file.removeprefix(folder)


def modern_shared(table: Mapping[str, object], folders: Folders) -> dict[str, object]:
    """Return shared externals by share scope; those outside any belong to the global one."""
    modern: dict[str, object] = {}
    outside: dict[str, object] = {}
    for key, value in table.items():
        if is_external(value):
            outside[key] = modern_external(key, value, folders)
        elif is_table(value):
            modern[key] = {name: modern_external(name, item, folders) for name, item in value.items()}
        else:
            modern[key] = value
    if outside:
        known = modern.get(GLOBAL)
        modern[GLOBAL] = {**outside, **(known if is_table(known) else {})}
    return modern


def is_external(value: object) -> bool:
    """Tell an external from a share scope: it is a list of versions, or has one."""
    return isinstance(value, list) or (is_table(value) and isinstance(value.get("versions"), list))


def modern_external(package: str, value: object, folders: Folders) -> object:
    """Return one shared package with its versions in rows."""
    external: object = {"versions": value} if isinstance(value, list) else value
    versions = external.get("versions") if is_table(external) else None
    if not is_table(external) or not isinstance(versions, list):
        return value
    rows: list[object] = []
    for version in versions:
        if is_table(version) and "version" in version and "remotes" not in version:
            add_copy(rows, package, version, folders)
        else:
            rows.append(modern_row(package, version))
    return {"dirty": False, **external, "versions": rows}


def add_copy(rows: list[object], package: str, version: Mapping[str, object], folders: Folders) -> None:
    """Put an earlier version, which was one copy, into the row of its version and action."""
    tag, action, host = version["version"], version.get("action"), version.get("host", False)
    copy = {
        "cached": False,
        "requiredVersion": tag,
        **without(version, "version", "action", "host", "file"),
        **place_file(package, version, folders),
    }
    for row in rows:
        if is_table(row) and (row.get("tag"), row.get("action"), row.get("host")) == (tag, action, host):
            copies = row.get("remotes")
            if isinstance(copies, list):
                copies.append(copy)
                return
    rows.append({"tag": tag, "action": action, "host": host, "remotes": [copy]})


def place_file(package: str, version: Mapping[str, object], folders: Folders) -> dict[str, object]:
    """Return the `name` and `entries` that an earlier copy's `file` stands for."""
    file = version.get("file")
    if not isinstance(file, str):
        return {}
    split = split_file(file, folders)
    return (
        {"entries": {package: file}} if split is None else {"name": split[0], "entries": {package: split[1]}}
    )


def modern_row(package: str, row: object) -> object:
    """Return a row whose copies have `entries`."""
    copies = row.get("remotes") if is_table(row) else None
    if not is_table(row) or not isinstance(copies, list):
        return row
    return {**row, "remotes": [with_entries(package, copy) for copy in copies]}


def with_entries(package: str, copy: object) -> object:
    """Return a copy or scoped version with `entries` in place of `file`, and `tag` in place of `version`."""
    if not is_table(copy):
        return copy
    modern = dict(copy)
    if "file" in modern and "entries" not in modern:
        modern["entries"] = {package: modern.pop("file")}
    if "version" in modern and "tag" not in modern:
        modern["tag"] = modern.pop("version")
    return modern


def modern_scoped(table: Mapping[str, object], folders: Folders) -> dict[str, object]:
    """Return scoped externals by remote name instead of folder."""
    modern: dict[str, object] = {}
    for key, packages in table.items():
        name = key
        if key in folders or (key.endswith("/") and join(key, ".") == key):
            name = folders.setdefault(key, key)
        if is_table(packages):
            modern[name] = {
                package: modern_scoped_version(package, item, key) for package, item in packages.items()
            }
        else:
            modern[name] = packages
    return modern


def modern_scoped_version(package: str, value: object, folder: str) -> object:
    """Return a scoped version whose file is relative to its folder."""
    if is_table(value) and isinstance(file := value.get("file"), str):
        value = {**value, "file": file.removeprefix(folder)}
    return with_entries(package, value)


def without(table: Mapping[str, object], *keys: str) -> dict[str, object]:
    """Return a table without some of its keys."""
    return {key: value for key, value in table.items() if key not in keys}
