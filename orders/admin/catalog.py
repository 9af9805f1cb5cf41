"""What is for sale: products and stock as the stores and the ledgers count them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders import models
from orders.admin.base import Log, amount
from orders.admin.desk import suggest
from orders.admin.sales import UnderReview, standing
from orders.templatetags import desk


@admin.register(models.Product)
class ProductAdmin(Log):
    list_display = ["title", "sku", "shop", "barcode", "active", "updated", amount("price", _("price"))]
    list_filter = ["shop", "active"]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["sku"]
    search_help_text = _("SKU, title, barcode, the store's id.")

    @admin.display(description=_("updated"))
    def updated(self, product: models.Product) -> str:
        return desk.age(product.updated_at)


@admin.display(description=_("quantity"))
def quantity(level: models.StockLevel) -> SafeString:
    return format_html('<span class="num">{}</span>', desk.plain(level.quantity))


@admin.register(models.StockLevel)
class StockLevelAdmin(Log):
    list_display = ["sku", "shop", "location", "counted_by", "counted_at", quantity]
    list_filter = ["shop", "counted_by"]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=sku"]
    search_help_text = _("A whole SKU.")

    def get_list_display(self, request: HttpRequest) -> Any:
        return suggest.with_way(request, super().get_list_display(request), "stockadjustment")


@admin.register(models.StockAdjustment)
class StockAdjustmentAdmin(UnderReview):
    kind = "stockadjustment"
    list_display = ["sku", "shop", "location", "before", "after", "reason", standing]
    list_filter = ["shop", "state"]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=sku"]
