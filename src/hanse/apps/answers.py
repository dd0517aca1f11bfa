"""What the Python beside a page is asked with, and gives: data, a redirect, or that there is no such page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hanse.errors import HanseError

__all__ = ["Answer", "Missing", "PageRequest", "Redirect"]

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A request for a page, as `load` and `action` get it.

    Only what goes along between apps is in it: the headers and cookies that are allowed to.

    Attributes:
        path: The page's path, percent-encoded.
        query: The query; of a name that comes twice, the last value.
        headers: The headers, with names in lower case.
        cookies: The cookies.
        form: The fields of a form, for `action`.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Data for a page, and more than data; a plain mapping is an answer without the rest.

    Attributes:
        props: What the page gets.
        status: The HTTP status of the page.
        headers: Headers for the response; of another app's, those that are allowed to come along.
        cookies: Cookies to set; likewise. An empty value deletes one.
        cache: Seconds for which the page is the same for everybody.
    """

    props: Mapping[str, object]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    cache: float = 0.0


class Redirect(HanseError):  # noqa: N818 - it is raised, and no mistake
    """Sends the visitor elsewhere; raise it in `load` or `action`.

    Args:
        url: Where to: a path of any app, or a URL.
        status: The HTTP status.
        cookies: Cookies to set on the way.
    """

    code = "HANSE-REDIRECT"

    def __init__(self, url: str, *, status: int = 303, cookies: Mapping[str, str] = NOTHING) -> None:
        super().__init__(f"the visitor is sent to {url}")
        self.url = url
        self.status = status
        self.cookies = cookies


class Missing(HanseError):  # noqa: N818 - as above
    """There is no such page; raise it in `load` or `action`."""

    code = "HANSE-MISSING"

    def __init__(self, message: str = "there is no such page") -> None:
        super().__init__(message)
