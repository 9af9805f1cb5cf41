"""The yardstick of the queue: the stock Django admin over the same orders, with the same columns and filters, beside our own addresses."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import path

from orders.models import Finding, Order, Severity
from ordersync_site import urls


class StockOrders(admin.ModelAdmin):  # type: ignore[type-arg]
    """As a careful developer writes it: related rows joined, findings prefetched, 50 rows a page."""

    list_display = ["number", "customer", "shop", "assignee", "reasons", "total_due", "currency", "placed_at"]
    list_filter = ["state", "progress", "shop", "assignee", "findings__cause"]
    list_select_related = ["shop", "assignee"]
    list_per_page = 50
    ordering = ["-placed_at", "-id"]
    search_fields = ["number", "store_id", "email", "customer_name", "lines__sku"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        shown = Finding.objects.exclude(severity=Severity.INFO).order_by("severity", "code")
        return super().get_queryset(request).defer("search").prefetch_related(Prefetch("findings", shown))

    def customer(self, order: Order) -> str:
        return order.customer_name or order.company

    def reasons(self, order: Order) -> str:
        return " · ".join(finding.words for finding in order.findings.all())

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return True


stock = admin.AdminSite("stock")
stock.register(Order, StockOrders)
urlpatterns = [path("stock/", stock.urls), *urls.urlpatterns]
