"""The request that a page is made for, as far as it decides what is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["RequestContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What a delegate is told of the request that a page is made for.

    Attributes:
        remote: The remote that is asked for, by its name in the federation; filled in for each.
        path: The request's path, without its query.
        host: The name that the site was asked by.
        tenant: Whose site it is, where the application says so.
        experiments: Experiment -> the variant of this visitor.
        version: A version that the application asks for, such as that of a preview.
        locale: The visitor's language, as the application has chosen it.
        headers: Headers that the application passes on, names in lower case; none by default.
        traceparent: The trace that the request is a part of, as W3C's header has it.
    """

    remote: str = ""
    path: str = "/"
    host: str = ""
    tenant: str | None = None
    experiments: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    locale: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    traceparent: str | None = None

    def __post_init__(self) -> None:
        for name in ("experiments", "headers"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
