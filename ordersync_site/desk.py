"""Makes the desk's own site the admin's only one, so that every model registers there."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    default_site = "orders.admin.site.DeskSite"
