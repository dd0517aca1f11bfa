"""A project that has included Hanse's paths where they take all others."""

from __future__ import annotations

from django.urls import include, path

__all__ = ["urlpatterns"]

urlpatterns = [path("", include("hanse.web.django.urls"))]
