"""Tells Django about the installation, and registers its system checks."""

from __future__ import annotations

from django.apps import AppConfig


class OrdersyncSiteConfig(AppConfig):
    name = "ordersync_site"
    verbose_name = "ordersync"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (importing registers them, which must wait until the apps are ready)
