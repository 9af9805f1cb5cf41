"""The ledger's side of the mappings for one shop: which account, tax code and item stand for the store's words."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from orders.documents.problem import Problem
from orders.incoming import Remitter, TaxTreatment
from orders.models import ANY_TITLE, AccountMapping, ItemMapping, LedgerItem, Purpose, Shop, TaxCode, TaxMapping
from orders.models.line import Taxed

M = TypeVar("M", AccountMapping, ItemMapping)


class TaxKey(NamedTuple):
    """A tax as the store names it; the empty title with rate 0 is a line without tax."""

    treatment: str
    country: str
    region: str
    title: str
    rate: Decimal | None
    line_kind: str

    @property
    def cause(self) -> str:
        rate = "" if self.rate is None else format(self.rate.normalize(), "f")
        return f"tax:{self.treatment}|{self.country}|{self.region}|{self.title}|{rate}"

    @property
    def words(self) -> str:
        title = f"“{self.title}”" if self.title else _("no tax")
        rate = "" if self.rate is None or not self.title else f" {(self.rate * 100).normalize():f} %"
        place = ", ".join(part for part in (self.country, self.region) if part)
        return title + rate + (f" ({place})" if place else "")


_THERE = LedgerItem.objects.filter(ledger=OuterRef("ledger")).filter(Q(("code", OuterRef("item"))))
_NAMES_ITEM, _HAS_ITEM = Exists(_THERE), Exists(_THERE.filter(active=True))  # one that was never told is not gone
_NO_TAX: dict[str, Any] = {"tax_code": "", "tax_rate": None, "tax_account": ""}


class Chart:
    """Mappings of one ledger as one shop sees them; rows of the shop win over rows of the ledger. Accounts and taxes are given, items loaded by key."""

    def __init__(self, shop: Shop, accounts: Iterable[AccountMapping], taxes: list[TaxMapping]) -> None:
        self.ledger, self.shop = shop.ledger, shop
        ordered = _shops_last(accounts)
        self._accounts = {(row.purpose, row.value): row.account.code for row in ordered}
        active = {(row.purpose, row.value): row.account.active for row in ordered}
        self._gone = {place for place, there in active.items() if not there}
        self._taxes = taxes
        self._codes: dict[TaxKey, TaxCode | None] = {}
        self._missing: dict[tuple[str, str], Problem] = {}
        self._taxed: dict[int, dict[str, Any]] = {}
        self._items: dict[str, ItemMapping | None] = {}

    def mapped(self, purpose: str, value: str) -> str:
        """The account's code, or "" where none is mapped."""
        return self._accounts.get((purpose, value), "")

    def account(self, purpose: str, value: str, problems: list[Problem]) -> str:
        """The account's code, or "" with a problem."""
        found = self.mapped(purpose, value)
        if not found:
            missing = (str(purpose), value)
            if missing not in self._missing:
                self._missing[missing] = _no_account(purpose, value)
            problems.append(self._missing[missing])
        elif (str(purpose), value) in self._gone:
            problems.append(gone(f"account:{purpose}:{value}", found))
        return found

    def payment_account(self, method: str, gateway: str, problems: list[Problem]) -> str:
        """The account where money of this method lies; the row `method:gateway` wins."""
        special = f"{method}:{gateway.lower()}"
        own = bool(self.mapped(Purpose.PAYMENT, special))
        return self.account(Purpose.PAYMENT, special if own else method, problems)

    def tax(self, key: TaxKey) -> TaxCode | None:
        """The tax code of the most specific mapping that fits, None without one."""
        if key not in self._codes:
            fitting = [row for row in self._taxes if _fits(row, key)]
            self._codes[key] = max(fitting, key=_specificity).tax_code if fitting else None
        return self._codes[key]

    def taxed(self, code: TaxCode | None) -> dict[str, Any]:
        """What a document line says of its tax code."""
        if code is None:
            return _NO_TAX
        if code.id not in self._taxed:
            account, rate = code.account, code.rate
            self._taxed[code.id] = {
                "tax_code": code.code,
                "tax_rate": None if rate is None else rate.normalize(),
                "tax_account": account.code if account else "",
            }
        return self._taxed[code.id]

    def prefetch_items(self, keys: Iterable[str]) -> None:
        """Load the item mappings of these keys in one query."""
        missing = {key for key in keys if key and key not in self._items}
        if not missing:
            return
        self.know_items(missing, items(self.shop).filter(key__in=missing))

    def know_items(self, keys: Iterable[str], rows: Iterable[ItemMapping]) -> None:
        """Take these as the item mappings of these keys; what is not among them is not mapped."""
        self._items.update(dict.fromkeys(keys))
        self._items.update((row.key, row) for row in _shops_last(rows))

    def item(self, key: str) -> ItemMapping | None:
        """The item of a SKU (or `id:…`), None without a mapping."""
        if key not in self._items:
            self.prefetch_items([key])
        return self._items.get(key)


def accounts(shop: Shop) -> QuerySet[AccountMapping]:
    """The shop's rows and those of its whole ledger."""
    return AccountMapping.objects.filter(Q(shop=None) | Q(shop=shop), ledger=shop.ledger_id).select_related("account")


def taxes(shop: Shop) -> QuerySet[TaxMapping]:
    """The taxes of the shop's ledger."""
    return TaxMapping.objects.filter(ledger=shop.ledger_id).select_related("tax_code__account")


def items(shop: Shop) -> QuerySet[ItemMapping]:
    """The shop's rows and those of its whole ledger, each with whether its item is gone from there."""
    rows = ItemMapping.objects.filter(Q(shop=None) | Q(shop=shop), ledger=shop.ledger_id)
    return rows.annotate(item_gone=_NAMES_ITEM & ~_HAS_ITEM).select_related("account")


def _shops_last(rows: Iterable[M]) -> list[M]:
    return sorted(rows, key=lambda row: row.shop_id is not None)


def tax_key(tax: Taxed | None, *, treatment: str, country: str, region: str, line_kind: str) -> TaxKey:
    """What a line's tax is looked up by: its own place where it has one, else the order's; remitted by the channel counts as marketplace."""
    if tax is None:
        return TaxKey(treatment, country, region, "", Decimal(0), line_kind)
    if tax.remitted_by == Remitter.CHANNEL:
        treatment = TaxTreatment.MARKETPLACE
    return TaxKey(treatment, tax.country or country, tax.region or region, tax.title, tax.rate, line_kind)


def _fits(row: TaxMapping, key: TaxKey) -> bool:
    title = bool(key.title) if row.title == ANY_TITLE else row.title == key.title
    return (
        row.treatment == key.treatment
        and title
        and row.rate in (None, key.rate)
        and row.country in ("", key.country)
        and row.region in ("", key.region)
        and row.line_kind in ("", key.line_kind)
    )


def _specificity(row: TaxMapping) -> tuple[int, int]:
    filled = [row.title != ANY_TITLE, row.rate is not None, row.country, row.region, row.line_kind]
    return sum(map(bool, filled)), -row.pk


def gone(cause: str, name: str) -> Problem:
    """A mapping leads to an account or a tax code that the ledger no longer has."""
    words = _("%s is mapped, and is not in the ledger any more, or closed there.") % name
    return Problem(code="mapping_gone", words=words, fix=_("Map it anew."), cause=cause)


def _no_account(purpose: str, value: str) -> Problem:
    code, words = {
        Purpose.LINE: ("account_unmapped", _("No account is mapped for lines of the kind “%s”.")),
        Purpose.PAYMENT: ("payment_unmapped", _("No account is mapped for payments by “%s”.")),
    }.get(Purpose(purpose), ("account_unmapped", _("No account is mapped for the role “%s”.")))
    return Problem(code=code, words=words % value, fix=_("Map it to an account."), cause=f"account:{purpose}:{value}")
