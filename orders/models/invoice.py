"""The ledger's own documents, mirrored: number, state and what the ledger itself computed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.outgoing import DocumentKind

STATES = {
    "open": _("open"), "paid": _("paid"), "voided": _("voided"), "deleted": _("deleted"), "draft": _("draft"),
}  # fmt: skip
TONES = {"paid": "good", "voided": "bad", "deleted": "bad"}


class Invoice(models.Model):
    """One document as it stands in the ledger, read back from there; invoices, credit notes and the rest alike.

    `adjustments` are target adjustments: [{account, net, tax, tax_code, words}].
    """

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="invoices")
    document = models.OneToOneField("orders.Document", on_delete=models.PROTECT, related_name="invoice")
    order = models.ForeignKey("orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=15, choices=DocumentKind)
    number = models.CharField(max_length=100, blank=True)
    their_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=20, decimal_places=6)
    tax = models.DecimalField(max_digits=20, decimal_places=6)
    total = models.DecimalField(max_digits=20, decimal_places=6)
    balance = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    taxes = models.JSONField(default=list, blank=True)
    adjustments = models.JSONField(default=list, blank=True)
    due_on = models.DateField(null=True, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="invoice_total_is_net_and_tax", condition=Q(total=models.F("net") + models.F("tax"))
            )
        ]
        indexes = [
            models.Index(fields=["number"], name="invoice_number"),
            models.Index(fields=["order"], name="invoice_of_order"),
        ]

    def __str__(self) -> str:
        return self.number or self.their_id

    @property
    def overdue(self) -> bool:
        """Still owed after its day, as the ledger last said; a credit note is owed by us, and falls due to nobody."""
        late = self.due_on is not None and self.due_on < timezone.localdate()
        return late and self.kind == DocumentKind.INVOICE and self.state == "open" and self.balance > 0

    @property
    def standing(self) -> str:
        """How it stands in the ledger, in words."""
        return str(_("overdue") if self.overdue else STATES.get(self.state, self.state))

    @property
    def tone(self) -> str:
        return "bad" if self.overdue else TONES.get(self.state, "")
