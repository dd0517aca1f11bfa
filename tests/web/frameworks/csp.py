"""Middlewares that write a policy of their own, as Django 6 and django-csp do."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import django
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

__all__ = ["DJANGO", "like_django", "like_django_csp"]

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Before 6.0 Django has none.
DJANGO: Final = (
    "django.middleware.csp.ContentSecurityPolicyMiddleware"
    if django.VERSION >= (6, 0)
    else "tests.web.frameworks.csp.like_django"
)


class Lazy(SimpleLazyObject):  # type: ignore[type-arg]  # at run time it takes none
    """A nonce that is false until somebody has looked at it."""

    def __init__(self) -> None:
        super().__init__(lambda: secrets.token_urlsafe(16))

    def __bool__(self) -> bool:
        return isinstance(self.__dict__["_wrapped"], str)


def like_django(get_response: GetResponse) -> GetResponse:
    """Keep a lazy nonce in `request._csp_nonce`, and write a policy where the response has none."""
    return writer(get_response, "_csp_nonce")


def like_django_csp(get_response: GetResponse) -> GetResponse:
    """Keep a lazy nonce in `request.csp_nonce`, and write a policy."""
    return writer(get_response, "csp_nonce")


def writer(get_response: GetResponse, name: str) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponseBase:
        nonce = Lazy()
        setattr(request, name, nonce)
        response = get_response(request)
        if "Content-Security-Policy" not in response:
            sources = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
            response["Content-Security-Policy"] = f"script-src {sources}"
        return response

    return answer
