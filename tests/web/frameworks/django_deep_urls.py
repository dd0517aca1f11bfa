"""A project that has everything in a folder."""

from __future__ import annotations

from django.urls import include, path

from tests.web.frameworks.django_urls import page

__all__ = ["urlpatterns"]

urlpatterns = [path("shop/", include([path("", page), path("mfe/", include("hanse.web.django.urls"))]))]
