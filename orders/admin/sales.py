"""What was sold and what became of it: orders, refunds, shipments, invoices, documents, payouts, customers; all read-only lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders import models, queue
from orders.admin.accountable import Accountable
from orders.admin.base import Log, amount, moment, order_link
from orders.admin.desk import fixes, suggest
from orders.admin.filters import during
from orders.outgoing import DocumentKind
from orders.templatetags import desk


class UnderReview(Accountable, Log):
    """A list of records under review; each opens the desk's own page."""

    kind = "order"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; a number searched for that one record alone has opens that record."""
        searched = request.GET.get("q", "").strip() if "p" not in request.GET else ""
        if self.has_view_permission(request) and (hit := queue.exact(self.kind, searched)):
            return HttpResponseRedirect(reverse("admin:record", args=[self.kind, hit]))
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:record", args=[self.kind, object_id]))


@admin.display(description=_("state"))
def standing(record: Any) -> SafeString:
    """A column: where the decision stands and how far the documents have come."""
    words = record.get_progress_display() if record.progress else record.get_state_display()
    tone = {"posted": "good", "failed": "bad", "unknown": "bad"}.get(record.progress, "")
    if record.state == models.State.PENDING:
        words, tone = (_("needs review"), "bad") if record.blockers else (_("ready"), "good")
    return format_html('<span class="chip {}">{}</span>', tone, words)


@admin.display(description=_("in the ledger"))
def in_ledger(order: models.Order) -> SafeString:
    """A column: whether the ledger says that the order's invoices are paid, or that one is overdue, or gone."""
    rows = [invoice for invoice in order.invoices.all() if invoice.kind == DocumentKind.INVOICE]
    return format_html_join(" ", '<span class="chip {}">{}</span>', ((row.tone, row.standing) for row in rows))


@admin.register(models.Order)
class OrderAdmin(UnderReview):
    list_display = [
        "number",
        "shop",
        "customer_name",
        standing,
        "payment_state",
        in_ledger,
        "fulfilment_state",
        moment("placed_at", _("placed")),
        amount("total_due", _("total")),
    ]
    list_filter = ["shop", "state", "progress", "payment_state", during("placed_at", _("placed"))]
    list_select_related = ["shop"]
    ordering = ["-placed_at", "-id"]
    sortable_by = ["placed_at"]
    search_fields = ["number"]
    search_help_text = _("Number, name, e-mail, SKU, city, tracking number; a whole number goes straight to its order.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("invoices")


@admin.register(models.Refund)
class RefundAdmin(UnderReview):
    kind = "refund"
    list_display = [
        "store_id",
        order_link,
        standing,
        moment("refunded_at", _("refunded")),
        "reason",
        amount("amount", _("amount")),
    ]
    list_filter = ["order__shop", "state", "progress", during("refunded_at", _("refunded"))]
    list_select_related = ["order"]
    ordering = ["-refunded_at", "-id"]
    sortable_by = ["refunded_at"]
    search_fields = ["=store_id", "=order__number"]
    search_help_text = _("The refund's id or its order's number.")


@admin.register(models.Shipment)
class ShipmentAdmin(Log):
    list_display = [order_link, "carrier", "tracking", moment("shipped_at", _("shipped")), "cancelled"]
    list_display_links = None
    list_filter = ["order__shop", "cancelled", during("shipped_at", _("shipped"))]
    list_select_related = ["order"]
    ordering = ["-id"]
    sortable_by = ["shipped_at"]
    search_fields = ["=tracking_number", "=order__number"]
    search_help_text = _("A tracking number or an order's number.")

    @admin.display(description=_("tracking"))
    def tracking(self, shipment: models.Shipment) -> SafeString | str:
        if not shipment.tracking_url.startswith(("https://", "http://")):
            return shipment.tracking_number
        return format_html(
            '<a class="code" rel="noreferrer" href="{}">{}</a>',
            shipment.tracking_url,
            shipment.tracking_number or _("track"),
        )


@admin.display(description=_("state"))
def invoice_state(invoice: models.Invoice) -> SafeString:
    """A column: how it stands in the ledger; overdue is told from open."""
    return format_html('<span class="chip {}">{}</span>', invoice.tone, invoice.standing)


@admin.register(models.Invoice)
class InvoiceAdmin(Log):
    list_display = [
        "__str__",
        "kind",
        order_link,
        invoice_state,
        "due_on",
        moment("read_at", _("read")),
        amount("balance", _("balance")),
        amount("total", _("total")),
    ]
    list_filter = ["ledger", "kind"]
    list_select_related = ["order", "ledger"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=number", "=order__number"]
    search_help_text = _("The ledger's number or the order's number.")


@admin.register(models.Document)
class DocumentAdmin(Log):
    list_display = [
        "reference",
        "kind",
        "revision",
        order_link,
        "posting_on",
        "outcome",
        "number",
        amount("gross", _("gross")),
    ]
    list_filter = ["ledger", "shop", "kind", during("posting_on", _("posting day"), days=True)]
    list_select_related = ["order", "booking"]
    ordering = ["-id"]
    sortable_by = ()
    exclude = ["personal"]
    change_form_template = "admin/desk/document.html"
    search_fields = ["=reference", "=order__number"]
    search_help_text = _("A reference or an order's number.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """What the ledger said no to, with the button that puts it right."""
        document = context["original"]
        booking = getattr(document, "booking", None)
        if booking is not None and booking.words and booking.booked_at is None:
            context["booking"] = booking
            context["fix"] = fixes.of_document(request.user, document, booking.cause, back=request.get_full_path())
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("outcome"))
    def outcome(self, document: models.Document) -> SafeString | str:
        booking = getattr(document, "booking", None)
        if booking is None:
            return ""
        tone = {"booked": "good", "refused": "bad", "stuck": "bad", "unknown": "bad"}.get(booking.outcome, "")
        words = _("undone") if booking.voided_at else booking.get_outcome_display()
        return format_html('<span class="chip {}" title="{}">{}</span>', tone, booking.words, words)

    @admin.display(description=_("our number"))
    def number(self, document: models.Document) -> str:
        booking = getattr(document, "booking", None)
        return booking.number if booking else ""


@admin.register(models.Payout)
class PayoutAdmin(UnderReview):
    kind = "payout"
    list_display = ["store_id", "shop", "gateway", standing, "paid_on", amount("amount", _("amount"))]
    list_filter = ["shop", "state", during("paid_on", _("paid"), days=True)]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=store_id"]


@admin.register(models.Customer)
class CustomerAdmin(Log):
    list_display = ["__str__", "shop", "email", "company", "vat_id", "updated"]
    list_filter = ["shop", "tax_exempt"]
    list_select_related = ["shop"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["email"]
    search_help_text = _("Name, e-mail, company, VAT id, city, phone.")
    exclude = ["search"]

    def get_list_display(self, request: HttpRequest) -> Any:
        return suggest.with_way(request, super().get_list_display(request), "customerchange")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Customer | None = None) -> Any:
        return suggest.with_way(request, super().get_readonly_fields(request, obj), "customerchange")

    @admin.display(description=_("updated"))
    def updated(self, customer: models.Customer) -> str:
        return desk.age(customer.updated_at)


@admin.register(models.CustomerChange)
class CustomerChangeAdmin(UnderReview):
    kind = "customerchange"
    list_display = ["customer", "field", "before", "after", standing, "decided_at"]
    list_filter = ["state"]
    list_select_related = ["customer"]
    ordering = ["-id"]
    sortable_by = ()
