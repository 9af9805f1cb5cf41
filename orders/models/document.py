"""What was signed: immutable documents, chained per ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.checks import exact
from orders.outgoing import DocumentKind


class Document(models.Model):
    """One signed document. `body` is the canonical JSON that a ledger is given (orders.outgoing), `hash` the SHA-256 over previous hash, body and `personal_digest`.

    `personal` holds the party in JSON with a salt; erasure may empty it, and nothing else may ever change (triggers). `lines_signed` is the number of lines.
    """

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="documents")
    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="documents")
    order = models.ForeignKey("orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=15, choices=DocumentKind)
    key = models.CharField(max_length=300)
    revision = models.PositiveSmallIntegerField(default=1)
    reference = models.CharField(max_length=21)
    issued_on = models.DateField()
    tax_on = models.DateField()
    posting_on = models.DateField()
    currency = models.CharField(max_length=3)
    base_currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    rate_source = models.CharField(max_length=50, blank=True)
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6)
    gross = models.DecimalField(max_digits=20, decimal_places=6)
    lines_signed = models.PositiveIntegerField()
    contra_account = models.CharField(max_length=100)
    body = models.TextField()
    personal = models.TextField(blank=True)
    personal_digest = models.CharField(max_length=64)
    n = models.PositiveBigIntegerField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    approval = models.ForeignKey(
        "orders.Approval", null=True, blank=True, on_delete=models.PROTECT, related_name="documents"
    )
    automatic = models.BooleanField(default=False)
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["ledger", "n"]
        constraints = [
            models.UniqueConstraint(fields=["ledger", "key", "revision"], name="one_document_per_key"),
            models.UniqueConstraint(fields=["ledger", "kind", "reference"], name="one_document_per_reference"),
            models.UniqueConstraint(fields=["ledger", "n"], name="one_document_per_place"),
            models.UniqueConstraint(fields=["ledger", "previous"], name="chain_does_not_fork"),
            exact("document_amounts_are_exact", "net", "tax", "gross"),
            models.CheckConstraint(
                name="document_gross_is_net_and_tax", condition=Q(gross=models.F("net") + models.F("tax"))
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="document_of_order"),
            models.Index(fields=["shop", "posting_on"], name="document_day"),
        ]

    def __str__(self) -> str:
        return self.reference


class DocumentLine(models.Model):
    """One line of a document, immutable like it. `credits` is the invoice's line that a credit line takes back (a trigger holds the limit)."""

    document = models.ForeignKey("orders.Document", on_delete=models.PROTECT, related_name="lines")
    n = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    order_line = models.ForeignKey(
        "orders.OrderLine", null=True, blank=True, on_delete=models.PROTECT, related_name="document_lines"
    )
    refund_line = models.ForeignKey(
        "orders.RefundLine", null=True, blank=True, on_delete=models.PROTECT, related_name="document_lines"
    )
    credits = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="credited_by")
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6)
    account = models.CharField(max_length=100)
    tax_code = models.CharField(max_length=50, blank=True)
    tax_account = models.CharField(max_length=100, blank=True)
    dimensions = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("document line")
        verbose_name_plural = _("document lines")
        ordering = ["document", "n"]
        constraints = [
            models.UniqueConstraint(fields=["document", "n"], name="one_document_line_per_number"),
            exact("document_line_amounts_are_exact", "net", "tax"),
            models.CheckConstraint(
                name="taxed_line_has_code", condition=Q(tax=0) | (~Q(tax_code="") & ~Q(tax_account=""))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.account} {self.net}"


class DocumentSource(models.Model):
    """What a document was made of; it may have several sources, and a source may lie in several documents."""

    document = models.ForeignKey("orders.Document", on_delete=models.PROTECT, related_name="sources")
    order = models.ForeignKey(
        "orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="document_sources"
    )
    refund = models.ForeignKey(
        "orders.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="document_sources"
    )
    payment = models.ForeignKey(
        "orders.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="document_sources"
    )
    shipment = models.ForeignKey(
        "orders.Shipment", null=True, blank=True, on_delete=models.PROTECT, related_name="document_sources"
    )
    payout = models.ForeignKey(
        "orders.Payout", null=True, blank=True, on_delete=models.PROTECT, related_name="document_sources"
    )
    of = models.ForeignKey("orders.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="derived")

    class Meta:
        verbose_name = _("document source")
        verbose_name_plural = _("document sources")

    def __str__(self) -> str:
        return str(self.document_id)


class DocumentAfter(models.Model):
    """`document` may be sent only once `after` is booked."""

    document = models.ForeignKey("orders.Document", on_delete=models.PROTECT, related_name="waits_for")
    after = models.ForeignKey("orders.Document", on_delete=models.PROTECT, related_name="awaited_by")

    class Meta:
        verbose_name = _("document order")
        verbose_name_plural = _("document orders")
        constraints = [
            models.UniqueConstraint(fields=["document", "after"], name="one_wait_per_pair"),
            models.CheckConstraint(name="no_wait_for_itself", condition=~Q(document=models.F("after"))),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} after {self.after_id}"
