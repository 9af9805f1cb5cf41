"""An order as the store took it, with the owner's corrections laid over it; and every version of it that the store ever told."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders import incoming
from orders.incoming import FulfilmentState, PaymentState, TaxTreatment
from orders.models.reviewed import Progress, Reviewed, State


class Order(Reviewed):
    """One order of one shop. Columns hold the effective values; what the store said stands in its versions, what people changed in its corrections.

    Amounts are the store's own, in `currency`, untouched. `placed_on` is the shop's day of `placed_at`. `total_due` = total + taken_off.
    """

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="orders")
    store_id = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=100)
    placed_at = models.DateTimeField(null=True, blank=True)
    placed_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    presentment_currency = models.CharField(max_length=3, blank=True)
    presentment_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)

    tax_included = models.BooleanField(default=False)
    tax_treatment = models.CharField(max_length=20, choices=TaxTreatment, default=TaxTreatment.DOMESTIC)
    tax_country = models.CharField(max_length=2, blank=True)
    exempt_reason = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    vat_id = models.CharField(max_length=30, blank=True)
    vat_check = models.CharField(max_length=200, blank=True)
    po_number = models.CharField(max_length=100, blank=True)
    terms = models.CharField(max_length=100, blank=True)
    due_on = models.DateField(null=True, blank=True)
    post_on_first_open_day = models.BooleanField(default=False)

    total = models.DecimalField(max_digits=20, decimal_places=6)
    taken_off = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    total_due = models.DecimalField(max_digits=20, decimal_places=6)
    by_lines = models.DecimalField(max_digits=20, decimal_places=6)
    by_header = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    subtotal = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    discount_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    shipping_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    fee_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    tax_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    tip_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    duty_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    refunded_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    gift_cards_redeemed = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    identities = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True)

    payment_state = models.CharField(max_length=20, choices=PaymentState, blank=True)
    fulfilment_state = models.CharField(max_length=20, choices=FulfilmentState, blank=True)
    store_state = models.CharField(max_length=50, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    test = models.BooleanField(default=False)
    draft = models.BooleanField(default=False)
    store_invoice_number = models.CharField(max_length=100, blank=True)
    channel = models.CharField(max_length=50, blank=True)

    customer = models.ForeignKey(
        "orders.Customer", null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    customer_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    billing = models.ForeignKey("orders.Address", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    shipping = models.ForeignKey("orders.Address", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    fidelity = models.PositiveSmallIntegerField(default=0)
    as_of = models.DateTimeField(null=True, blank=True)
    version_hash = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta(Reviewed.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "store_id"], condition=~Q(store_id=""), name="one_order_per_store_id"
            ),
            models.CheckConstraint(
                name="order_total_due_is_derived", condition=Q(total_due=F("total") + F("taken_off"))
            ),
            models.CheckConstraint(
                name="rejected_order_has_reason", condition=~Q(state=State.REJECTED) | ~Q(reject_reason="")
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="order_search"),
            models.Index(F("state"), F("progress"), F("placed_at").desc(), F("id").desc(), name="order_queue"),
            models.Index(F("placed_at").desc(), F("id").desc(), name="order_placed"),
            models.Index(fields=["shop", "number"], name="order_number"),
            models.Index(fields=["shop", "placed_on"], name="order_day"),
            models.Index(
                F("blockers"),
                F("placed_at").desc(),
                F("id").desc(),
                name="order_pending",
                condition=Q(state=State.PENDING),
            ),
            models.Index(
                fields=["state", "progress", "blockers"],
                include=["progress_at", "currency", "total_due"],
                name="order_open",
                condition=Q(state__in=[State.PENDING, State.HELD])
                | Q(state=State.APPROVED, progress__in=[item for item in Progress if item != Progress.POSTED]),
            ),
            models.Index(
                F("placed_at").desc(),
                F("id").desc(),
                name="order_review",
                condition=Q(state=State.PENDING, blockers__gt=0),
            ),
            models.Index(fields=["email"], name="order_email"),
            models.Index(fields=["total_due"], name="order_amount"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderVersion(models.Model):
    """Append-only: what one source said of an order at one moment. `body` is the incoming order in canonical JSON without its persons; they stand in `personal`.

    `applied`: its values became effective (an older or poorer version is kept, but changes nothing or only fills gaps).
    """

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="versions")
    n = models.PositiveIntegerField()
    source = models.CharField(max_length=200)
    fidelity = models.PositiveSmallIntegerField()
    as_of = models.DateTimeField()
    received_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    applied = models.BooleanField()
    hash = models.CharField(max_length=64)
    body = models.TextField()
    personal = models.TextField(blank=True)
    personal_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("order version")
        verbose_name_plural = _("order versions")
        ordering = ["order", "n"]
        constraints = [models.UniqueConstraint(fields=["order", "n"], name="one_version_per_number")]
        indexes = [
            models.Index(fields=["received_at"], name="version_typed", condition=Q(fidelity__lte=incoming.TYPED))
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.source}"
