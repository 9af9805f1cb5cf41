"""The lists of the office that are not brought back: which columns each has as a file."""

from __future__ import annotations

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Model, Value

from orders import models
from orders.resources.listing import Column, Listing
from orders.resources.table import DAY

DECIDED = ["state", "progress", "reject_reason", "assignee__username", "version"]
_ROWS = [
    Listing(
        "documents", models.Document, "ledger__code", "shop__code", "n", "kind", "reference", "revision", "order__number", "issued_on", "tax_on",
        "posting_on", "currency", "net", "tax", "gross", "rate", "base_currency", "contra_account", "booking__number", "booking__outcome",
        "booking__booked_at", "booking__voided_at", "booking__words", "signed_at", "automatic", "hash",
        amounts=["net", "tax", "gross"],
    ),
    Listing("customer changes", models.CustomerChange, "customer__store_id", "field", "before", "after", *DECIDED, "decided_at"),
    Listing("stock adjustments", models.StockAdjustment, "sku", "shop__code", "location", "before", "after", "reason", *DECIDED, "decided_at"),
    Listing(
        "imports", models.ImportJob, "file_name", "shop__code", "layout", "state", "at", "by__username", "ended_at", "created", "updated", "same",
        "refused", "words", "file_hash",
    ),
    Listing(
        "refused records", models.Quarantine, "shop__code", "source", "place", "number", "field", "value", "reason", "received_at", "resolution",
        "resolved_at", "resolved_by__username",
    ),
    Listing(
        "handed-out files", models.ExportBatch, "number", "ledger__code", "shop__code", "profile", "version", "parameters", "rows", "totals", "made_at",
        "by__username", "acknowledged_at", "withdrawn_at", "withdrawn_why",
    ),
    Listing("items", models.ItemMapping, "ledger__code", "shop__code", "key", "item", Column("account__code", "account")),
    Listing("taxes", models.TaxMapping, "ledger__code", "treatment", "title", "rate", "country", "region", "line_kind", Column("tax_code__code", "tax code")),
    Listing("accounts by purpose", models.AccountMapping, "ledger__code", "shop__code", "purpose", "value", Column("account__code", "account")),
    Listing("accounts", models.Account, "ledger__code", Column("code", "code"), "name", "type", "currency", "active"),
    Listing("tax codes", models.TaxCode, "ledger__code", Column("code", "code"), "name", "rate", Column("account__code", "account"), "active"),
    Listing("exchange rates", models.ExchangeRate, "currency", "base_currency", "on", "rate", "source"),
    Listing("number series", models.NumberSeries, "ledger__code", "kind", "pattern", "next_number"),
    Listing(
        "periods", models.Period, "ledger__code", Column("period__startswith", "first day", DAY), Column("period__endswith", "until before", DAY), "state"
    ),
    Listing(
        "shops", models.Shop, Column("code", "code"), "name", "ledger__code", "currency", "time_zone", "country", "prefix", "recognise_on", "fees_by",
        "channel", "active",
    ),
    Listing(
        "ledgers", models.Ledger, Column("code", "code"), "name", "base_currency", "numbering", "posting_mode", "undo_seconds", "four_eyes_limit",
        "corrector_may_not_approve", "adjustment_account__code", "adjustment_cap", "zero_total", "kinds", "items_required", "chain_length", "chain_hash",
    ),
    Listing("owners", models.Appointment, "shop__code", "owner__username", "since"),
    Listing("deputies", models.Deputy, "shop__code", "deputy__username", "from_at", "until_at", "limit"),
    Listing(
        "events", models.Event, "id", "at", "by__username", "acting_for__username", "verb", "noun", "object_id", "order__number", "words", "body",
        "seal__n", "seal__hash",
    ),
]  # fmt: skip
LISTINGS: dict[type[Model], Listing] = {listing.model: listing for listing in _ROWS}
ROLES_OF = StringAgg("groups__name", delimiter=Value(", "), default=Value(""))
