"""The names for projects that write their templates in Jinja."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from markupsafe import Markup

from hanse.web.django.site import open_page
from hanse.web.integration import mount, render

__all__ = ["hanse"]


def hanse(request: HttpRequest) -> dict[str, object]:
    """Return `hanse_head(modules=[…])`, `hanse_mount(…)`, `hanse_render(…)`, `hanse_url(…)`, the nonce."""
    return {
        "hanse_head": partial(write, request, "head"),
        "hanse_mount": partial(write_mount, request),
        "hanse_nonce": SimpleLazyObject(lambda: open_page(request).nonce),
        "hanse_render": partial(write_fragment, request),
        "hanse_url": partial(write, request, "url"),
    }


def write(request: HttpRequest, name: str, /, *args: object, **kwargs: object) -> Markup | str:
    """Open the request's page only when a template uses it."""
    method: Callable[..., Markup | str] = getattr(open_page(request), name)
    return method(*args, **kwargs)


def write_mount(request: HttpRequest, module: str, fallback: str = "", /, **props: object) -> Markup:
    """Write the element of a module."""
    return mount(open_page(request), module, fallback, props)


def write_fragment(
    request: HttpRequest, remote: str, key: str, fallback: object = "", /, **props: object
) -> Markup:
    """Render a module on the server."""
    return render(open_page(request), remote, key, fallback, props)
