"""Lists that say who owns what they show."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from orders import ownership
from orders.admin.base import Quick, person
from orders.admin.desk import owned


class Accountable(Quick):
    """A list of what belongs to shops: above it stands who owns them; two queries."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        told = {"owned": owned.words(person(request), ownership.charges())} if self.has_view_permission(request) else {}
        return super().changelist_view(request, told | (extra_context or {}))
