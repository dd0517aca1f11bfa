"""Hanse's own paths: `path("_hanse/", include("hanse.web.django.urls"))`."""

from __future__ import annotations

from django.urls import path

from hanse.web.django.views import serve

__all__ = ["app_name", "urlpatterns"]

app_name = "hanse"
urlpatterns = [path("", serve, name="root"), path("<path:path>", serve, name="serve")]
