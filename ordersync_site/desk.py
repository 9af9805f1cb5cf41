"""Makes the desk's own site the admin's only one, so that every model registers there."""

from __future__ import annotations

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    default_site = "orders.admin.site.DeskSite"

    def ready(self) -> None:
        # The site lies in a package that registers with it: loaded the other way round, it would be made twice.
        import_module("orders.admin")
        super().ready()
