"""The site's paths in Django; views of both kinds."""

from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from hanse.web import Page

__all__ = ["urlpatterns"]


async def page(request: HttpRequest) -> HttpResponse:
    return render(request, "page")


def tell_process(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(os.getpid()))


def sync_page(request: HttpRequest) -> HttpResponse:
    return render(request, "page")


def jinja_page(request: HttpRequest) -> HttpResponse:
    return render(request, "page", using="jinja")


def unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "unknown")


async def rendered(request: HttpRequest) -> HttpResponse:
    return render(request, "rendered")


def jinja_rendered(request: HttpRequest) -> HttpResponse:
    return render(request, "rendered", using="jinja")


async def rendered_first(request: HttpRequest) -> HttpResponse:
    card = await request.hanse.render("home", "Card", {"label": "x"})  # type: ignore[attr-defined]
    return HttpResponse(f"<!doctype html><head>{request.hanse.head()}</head>{card}")  # type: ignore[attr-defined]


async def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing", content_type="text/plain")


async def own(request: HttpRequest) -> HttpResponse:
    found: Page = request.hanse  # type: ignore[attr-defined]
    policy = {"content-security-policy": f"script-src 'nonce-{found.nonce}'", "vary": "Cookie"}
    response = HttpResponse(str(found.head(["home/Card"])), headers=policy)
    response.set_cookie("own", "1")
    return response


def unchanged(request: HttpRequest) -> HttpResponse:
    request.hanse.head()  # type: ignore[attr-defined]
    return HttpResponse(status=304)


urlpatterns = [
    path("", page),
    path("sync", sync_page),
    path("jinja", jinja_page),
    path("unknown", unknown),
    path("rendered", rendered),
    path("jinja-rendered", jinja_rendered),
    path("rendered-first", rendered_first),
    path("plain", plain),
    path("own", own),
    path("304", unchanged),
    path("process", tell_process),
    path("_hanse/", include("hanse.web.django.urls")),
]
