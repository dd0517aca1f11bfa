"""The tags: `hanse_head`, `hanse_mount`, `hanse_block`, `hanse_render`, `hanse_url`, `hanse_nonce`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.functional import Promise
from markupsafe import Markup

from hanse.errors import UsageError
from hanse.web.django.site import open_page
from hanse.web.integration import AnyPage, render

__all__ = ["register"]

register = template.Library()


def page_of(context: Context) -> AnyPage:
    """Return the page of the request that a template is rendered for.

    Raises:
        UsageError: It is rendered for none.
    """
    request = getattr(context, "request", None) or context.get("request")
    if not isinstance(request, HttpRequest):
        raise UsageError(
            "this template is rendered without a request",
            subject="{% load hanse %}",
            hint="render it with render(request, …), or render_to_string(…, request=request)",
        )
    return open_page(request)


def settle(value: object) -> object:
    """Return a value for JSON as it is meant: translations made, all the way down."""
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Mapping):
        return {settle(key): settle(one) for key, one in value.items()}
    return [*map(settle, value)] if isinstance(value, list | tuple) else value


@register.simple_tag(takes_context=True)
def hanse_head(
    context: Context, *names: str, modules: Sequence[str] = (), scoped: bool | None = None
) -> Markup:
    """Write the head of the page: `{% hanse_head "team/mfe1/Button" %}`, or `modules=` with a list."""
    listed = (modules,) if isinstance(modules, str) else tuple(modules)
    return page_of(context).head((*names, *listed), scoped=scoped)


@register.simple_tag(takes_context=True)
def hanse_mount(context: Context, module: str, fallback: str = "", /, **props: object) -> Markup:
    """Write the element of a module: `{% hanse_mount "team/mfe1/Button" label=x %}`."""
    return page_of(context).mount(module, fallback, **{name: settle(value) for name, value in props.items()})


@register.simple_block_tag(takes_context=True)
def hanse_block(context: Context, content: str, module: str, /, **props: object) -> Markup:
    """Write the element of a module around its fallback, which ends at `{% endhanse_block %}`."""
    return page_of(context).mount(module, content, **{name: settle(value) for name, value in props.items()})


@register.simple_tag(takes_context=True)
def hanse_render(context: Context, remote: str, key: str, fallback: str = "", /, **props: object) -> Markup:
    """Render a module on the server: `{% hanse_render "shop" "./ProductCard" product=p %}`."""
    given = {name: settle(value) for name, value in props.items()}
    return render(page_of(context), remote, key, fallback, given)


@register.simple_block_tag(takes_context=True)
def hanse_render_block(context: Context, content: str, remote: str, key: str, /, **props: object) -> Markup:
    """Render a module; its fallback stands inside, and ends at `{% endhanse_render_block %}`."""
    given = {name: settle(value) for name, value in props.items()}
    return render(page_of(context), remote, key, content, given)


@register.simple_tag(takes_context=True)
def hanse_url(context: Context, module: str) -> str:
    """Write where a module lies: `{% hanse_url "team/mfe1/Button" %}`."""
    return page_of(context).url(module)


@register.simple_tag(takes_context=True)
def hanse_nonce(context: Context) -> str:
    """Write the nonce of the response: `<style nonce="{% hanse_nonce %}">`."""
    return page_of(context).nonce
