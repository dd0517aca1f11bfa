"""Django: an app with template tags, a middleware, checks, and Hanse's own paths.

Put `hanse.web.django` into `INSTALLED_APPS`, `hanse.web.django.middleware.HanseMiddleware` into `MIDDLEWARE`,
include `hanse.web.django.urls`, and say in `HANSE` where the federation comes from.
"""

from __future__ import annotations

__all__: list[str] = []
