"""The app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed

__all__ = ["HanseConfig"]


class HanseConfig(AppConfig):
    """The app `hanse`."""

    name = "hanse.web.django"
    label = "hanse"
    verbose_name = "Hanse"

    def ready(self) -> None:
        """Have the settings checked, and read anew where tests change them."""
        from hanse.web.django.checks import check_csp, check_places, check_settings
        from hanse.web.django.site import forget

        checks.register(check_settings)
        checks.register(check_places)
        checks.register(check_csp, checks.Tags.security)
        setting_changed.connect(forget)
