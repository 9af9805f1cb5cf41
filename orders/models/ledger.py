"""A company's books: where documents go, and the rules for what may go there."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.outgoing import DocumentKind

GENESIS = "0" * 64


class Numbering(models.TextChoices):
    """Who gives a document its number."""

    LEDGER = "ledger", _("the ledger")
    OURS = "ours", _("ordersync")
    STORE = "store", _("the store")


class PostingMode(models.TextChoices):
    PER_ORDER = "per_order", _("each order by itself")
    DAILY_SUMMARY = "daily_summary", _("one summary a day")


class ZeroTotal(models.TextChoices):
    """What becomes of an order over zero."""

    POST = "post", _("post it")
    SKIP = "skip", _("make no document")


def every_kind() -> list[str]:
    return [str(kind) for kind in DocumentKind]


class Ledger(models.Model):
    """One company's books. It also holds the end of its chain of documents: `chain_length` and `chain_hash` change under its row lock only."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    base_currency = models.CharField(max_length=3)
    numbering = models.CharField(max_length=10, choices=Numbering, default=Numbering.LEDGER)
    posting_mode = models.CharField(max_length=15, choices=PostingMode, default=PostingMode.PER_ORDER)
    undo_seconds = models.PositiveIntegerField(
        default=300, help_text=_("How long an approval can be taken back before its documents may be sent.")
    )
    four_eyes_limit = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("Above this amount (in the order's currency) two different people approve; empty: never."),
    )
    corrector_may_not_approve = models.BooleanField(
        default=False, help_text=_("Whoever corrected an order may not approve it.")
    )
    adjustment_account = models.ForeignKey(
        "orders.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    adjustment_cap = models.PositiveSmallIntegerField(
        default=5, help_text=_("Largest rounding difference in minor units of the document's currency.")
    )
    zero_total = models.CharField(max_length=5, choices=ZeroTotal, default=ZeroTotal.POST)
    kinds = ArrayField(
        models.CharField(max_length=15, choices=DocumentKind),
        default=every_kind,
        help_text=_("The document kinds the connected ledger can take."),
    )
    items_required = models.BooleanField(
        default=True, help_text=_("An order waits while one of its SKUs is not mapped to an item.")
    )
    chain_length = models.PositiveBigIntegerField(default=0, editable=False)
    chain_hash = models.CharField(max_length=64, default=GENESIS, editable=False)

    class Meta:
        verbose_name = _("ledger")
        verbose_name_plural = _("ledgers")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def save(self, **options: Any) -> None:
        """Everything but the end of the chain, which may have moved on since this row was loaded."""
        if not self._state.adding and options.get("update_fields") is None:
            fields = (field.name for field in self._meta.concrete_fields if not field.primary_key)
            options["update_fields"] = [name for name in fields if name not in ("chain_length", "chain_hash")]
        super().save(**options)
