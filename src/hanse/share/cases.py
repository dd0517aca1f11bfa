"""Recorded cases of sharing, read: applications, and what is done with them.

A case has `id`, `hosts`, `remotes` and `ops`. `"__undefined__"` stands for JavaScript's undefined, in
settings and versions. The names are Module Federation's own, in camelCase. Whether a case can be read at
all, `check_case` has to say before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from hanse.share.options import (
    DEFAULT_SCOPE,
    UNDEFINED,
    App,
    Broken,
    Config,
    Custom,
    Provide,
    Remote,
    Setting,
    Shaking,
    Shared,
)

__all__ = ["Table", "read_app", "read_custom", "read_remotes", "read_shared"]

# Cases are recorded JSON: plain tables are their honest type.
Table = dict[str, Any]

NAMES = {
    "requiredVersion": "required_version",
    "singleton": "singleton",
    "strictVersion": "strict_version",
    "eager": "eager",
    "layer": "layer",
}
PROVIDES = ("async", "sync", "lib", "reject", "none")


def read_app(raw: Mapping[str, Any]) -> App:
    """Read a host or a remote."""
    return App(
        name=str(raw["name"]),
        shared=read_shared(raw.get("shared")),
        remotes=read_remotes(raw.get("remotes")),
        share_strategy=raw.get("shareStrategy"),
        share_scope=_read_scope(raw["shareScopeKey"]) if raw.get("shareScopeKey") not in (None, "") else None,
        exposes=frozenset() if raw.get("noExpose") else None,
        broken=_read_fault(raw.get("entry")),
    )


def _read_fault(entry: object) -> Broken:
    if not entry or entry == "ok":
        return ""
    if entry == "noinit":
        return "no-init"
    return "init" if "init" in str(entry).lower() else "entry"


def read_remotes(raw: Iterable[Mapping[str, Any]] | None) -> tuple[Remote, ...]:
    """Read the remotes that an application names."""
    return tuple(
        Remote(
            str(one["name"]),
            entry=f"http://peer.invalid/{one['name']}.js",
            share_scope=_read_scope(one["shareScope"])
            if one.get("shareScope") not in (None, "")
            else DEFAULT_SCOPE,
        )
        for one in raw or ()
    )


def read_shared(raw: Iterable[Mapping[str, Any]] | None) -> tuple[Shared, ...]:
    """Read what an application shares."""
    return tuple(_read_one(one) for one in raw or ())


def _read_one(raw: Mapping[str, Any]) -> Shared:
    provide = raw.get("provide", "none")
    version = _revive(raw.get("version"))
    settings = _read_settings(raw)
    return Shared(
        package=str(raw["pkg"]),
        version=None if version is UNDEFINED or version is None else str(version),
        scope=_read_scope(raw["scope"]) if raw.get("scope") is not None else (DEFAULT_SCOPE,),
        strategy=raw.get("strategy"),
        provide=cast("Provide", provide if provide in PROVIDES else "async"),
        ticks=int(raw.get("ticks") or 0),
        eager_at_top=raw.get("eagerTop"),
        shaking=_read_shaking(raw.get("treeShaking")),
        required_version=settings.required_version,
        singleton=settings.singleton,
        strict_version=settings.strict_version,
        eager=settings.eager,
        layer=settings.layer,
    )


def _read_settings(raw: Mapping[str, Any]) -> Config:
    return Config(**{name: _revive(raw[key]) for key, name in NAMES.items() if key in raw})


def _read_shaking(raw: Mapping[str, Any] | None) -> Shaking | None:
    if raw is None:
        return None
    exports = raw.get("usedExports")
    return Shaking(raw.get("mode"), raw.get("status"), None if exports is None else tuple(map(str, exports)))


def read_custom(raw: Mapping[str, Any] | None) -> Custom | None:
    """Read what one load asks for."""
    if raw is None:
        return None
    said = any(key in raw for key in NAMES)
    return Custom(
        config=_read_settings(raw) if said else None,
        scope=_read_scope(raw["scope"]) if raw.get("scope") is not None else None,
        strategy=raw.get("strategy"),
        shaking=_read_shaking(raw.get("treeShaking")),
    )


def _read_scope(raw: str | Iterable[str]) -> str | tuple[str, ...]:
    return raw if isinstance(raw, str) else tuple(map(str, raw))


def _revive(value: Any) -> Setting:  # noqa: ANN401 - JSON of any kind
    return UNDEFINED if value == "__undefined__" else cast("Setting", value)
