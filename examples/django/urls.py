"""The market's paths, and Hanse's own under `/_hanse/`."""

from __future__ import annotations

from django.urls import include, path

from examples.django.views import about, basket, market

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", market),
    path("basket", basket),
    path("about", about),
    path("_hanse/", include("hanse.web.django.urls")),
]
