"""What one company of a Tryton holds that documents are made of: accounts, taxes, currencies, periods, journals; each asked for once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from integrations.errors import Misconfigured, Refused

from .rpc import Client

WHERE_ACCOUNTS = "Tryton: Financial › Configuration › General Account › Accounts"
WHERE_TAXES = "Tryton: Financial › Configuration › Taxes › Taxes"
WHERE_PERIODS = "Tryton: Financial › Configuration › Fiscal Years › Periods"
WHERE_CURRENCIES = "Tryton: Administration › Currencies"
WHERE_JOURNALS = "Tryton: Financial › Configuration › Journals › Journals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account one may post to. `revenue`: Tryton takes it on the line of an invoice."""

    id: int
    code: str
    name: str
    kind: str
    revenue: bool
    receivable: bool
    reconcile: bool
    party: bool
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax of one rate. Tryton's taxes have no code: their name is it."""

    id: int
    name: str
    rate: Decimal | None
    invoice: str
    credit: str
    invoice_id: int
    credit_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    id: int
    code: str
    digits: int


class Books:
    """One company's books, found by its name, or the only company that the user may enter."""

    def __init__(self, client: Client, company: str, *, rates: bool = False) -> None:
        self.client, self._named, self.enters_rates = client, company, rates
        self.rates: dict[tuple[str, date], Decimal] = {}

    @cached_property
    def company(self) -> dict[str, Any]:
        """Its id, name and currency. Raises Misconfigured where the user may enter none, or several and none is named."""
        rows = self.client(
            "model.company.company.search_read", [], 0, None, None, ["rec_name", "currency", "currency.code"]
        )
        fitting = [row for row in rows if not self._named or row["rec_name"] == self._named]
        if len(fitting) != 1:
            names = ", ".join(row["rec_name"] for row in rows) or "none"
            words = f"The user may enter these companies of Tryton: {names}; the connection names “{self._named}”."
            fix = "Write one of them into the option company; in Tryton: Administration › Users, tab Access, Companies."
            raise Misconfigured(words, fix=fix)
        self._entered(fitting[0])
        self.client.narrow(company=fitting[0]["id"])
        found: dict[str, Any] = fitting[0]
        return found

    def _entered(self, company: dict[str, Any]) -> None:
        """Tryton shows a user what belongs to the company he is in, whatever a call names, unless he has chosen to see all of his."""
        chosen = self.client.context
        if chosen.get("company_filter", "all") != "all" and chosen.get("company") != company["id"]:
            words = f"The user works in {chosen.get('company.rec_name') or 'no company'}, so Tryton shows nothing of {company['rec_name']}."
            fix = f"Tryton: Administration › Users › Users, tab Access: Current Company {company['rec_name']}, or Company Filter All."
            raise Misconfigured(words, fix=fix)

    @property
    def id(self) -> int:
        return int(self.company["id"])

    @property
    def base(self) -> str:
        """The code of its currency."""
        return str(self.company["currency."]["code"])

    @cached_property
    def accounts(self) -> Mapping[str, Account]:
        """Those that can be posted to, by code; one without a code goes by its name."""
        domain = [["company", "=", self.id], ["type", "!=", None]]
        flags = ["type.name", "type.revenue", "type.receivable"]
        names = ["code", "name", "reconcile", "party_required", "closed", *flags]
        rows = self.client("model.account.account.search_read", domain, 0, None, [["code", "ASC"]], names)
        return {account.code: account for account in map(_account, reversed(rows))}

    @cached_property
    def taxes(self) -> Mapping[str, Tax]:
        """Those of one rate that stand for themselves, by name."""
        domain = [["company", "=", self.id], ["parent", "=", None], ["type", "!=", "none"], ["childs", "=", None]]
        names = ["name", "rate", "type", "invoice_account", "credit_note_account"]
        codes = ["invoice_account.code", "credit_note_account.code"]
        rows = self.client("model.account.tax.search_read", domain, 0, None, [["id", "DESC"]], [*names, *codes])
        return {tax.name: tax for tax in map(_tax, rows)}

    @cached_property
    def currencies(self) -> Mapping[str, Currency]:
        rows = self.client("model.currency.currency.search_read", [], 0, None, None, ["code", "digits"])
        return {row["code"]: Currency(id=row["id"], code=row["code"], digits=row["digits"]) for row in rows}

    @cached_property
    def journals(self) -> Mapping[str, int]:
        """The first journal of each type."""
        order = [["id", "DESC"]]
        rows = self.client("model.account.journal.search_read", [], 0, None, order, ["type", "code"])
        return {row["type"]: row["id"] for row in rows}

    @cached_property
    def _periods(self) -> list[dict[str, Any]]:
        domain = [["company", "=", self.id], ["type", "=", "standard"]]
        names = ["name", "start_date", "end_date", "state", "fiscalyear.state"]
        found: list[dict[str, Any]] = self.client("model.account.period.search_read", domain, 0, None, None, names)
        return found

    @cached_property
    def countries(self) -> Mapping[str, int]:
        """By code; empty where nobody imported them."""
        rows = self.client("model.country.country.search_read", [], 0, None, None, ["code"])
        return {row["code"]: row["id"] for row in rows}

    @cached_property
    def unit(self) -> int:
        """The unit of a product that is made: Tryton's own Unit. Raises Misconfigured where it is gone."""
        rows = self.client("model.product.uom.search_read", [], 0, 1, [["id", "ASC"]], ["name"])
        if not rows:
            raise Misconfigured(
                "Tryton has no unit of measure.", fix="Tryton: Products › Configuration › Units of Measure."
            )
        return int(rows[0]["id"])

    @cached_property
    def category(self) -> int:
        """The account category of a product that is made. Raises Misconfigured where there is none."""
        rows = self.client(
            "model.product.category.search_read", [["accounting", "=", True]], 0, 1, [["id", "ASC"]], ["name"]
        )
        if not rows:
            fix = "Tryton: Products › Configuration › Categories, make one with Accounting ticked, or set the option items to link."
            raise Misconfigured("Tryton has no account category for the products that ordersync makes.", fix=fix)
        return int(rows[0]["id"])

    def account(self, code: str, place: str) -> Account:
        """Raises Refused in words where there is none of that code, or where it is closed."""
        found = self.accounts.get(code)
        if found is None:
            fix = f"Map {place} to another account, or make this one ({WHERE_ACCOUNTS}) and fetch the accounts again."
            raise Refused(
                f"Tryton has no account “{code}” ({place}) that can be posted to.",
                fix=fix,
                cause=f"theirs:account:{code}",
            )
        if found.closed:
            fix = f"Map {place} to another account, or open this one again ({WHERE_ACCOUNTS})."
            raise Refused(f"The account {code} ({place}) is closed in Tryton.", fix=fix, cause=f"theirs:account:{code}")
        return found

    def tax(self, code: str, place: str) -> Tax:
        """Raises Refused in words where there is none of that name."""
        if (found := self.taxes.get(code)) is None:
            fix = f"Map {place} to another tax, or make this one ({WHERE_TAXES}) and fetch the taxes again."
            raise Refused(
                f"Tryton has no tax “{code}” ({place}) of a single rate.", fix=fix, cause=f"theirs:tax:{code}"
            )
        return found

    def currency(self, code: str) -> Currency:
        """Raises Refused in words where Tryton does not know it."""
        if (found := self.currencies.get(code)) is None:
            raise Refused(
                f"Tryton does not know the currency {code}.", fix=f"Make it with its rate ({WHERE_CURRENCIES})."
            )
        return found

    def journal(self, kind: str) -> int:
        """Raises Misconfigured where there is none of that type."""
        if (found := self.journals.get(kind)) is None:
            fix = f"Make one ({WHERE_JOURNALS}), or tick it active again."
            raise Misconfigured(f"Tryton has no journal of the type “{kind}”.", fix=fix)
        return found

    def period(self, day: date) -> int:
        """The open period of that day. Raises Refused in words where there is none."""
        fitting = [row for row in self._periods if row["start_date"] <= day <= row["end_date"]]
        if not fitting:
            fix = f"Make the fiscal year with its periods ({WHERE_PERIODS}), then send the document again."
            raise Refused(f"{self.company['rec_name']} has no period for {day}, the signed day of posting.", fix=fix)
        (row, *_others) = fitting
        if row["state"] != "open":
            words = f"The period {row['name']} of {self.company['rec_name']} is closed; this is to be posted on {day}."
            fix = f"Choose “Post on the first open day” and approve again, or reopen the period ({WHERE_PERIODS})."
            raise Refused(words, fix=fix, cause=f"period:{day:%Y-%m}")
        return int(row["id"])

    def forget_periods(self) -> None:
        """Ask for them again the next time: somebody closes one while we work."""
        self.__dict__.pop("_periods", None)

    def open_periods(self) -> Iterable[dict[str, Any]]:
        return [row for row in self._periods if row["state"] == "open"]


def _account(row: dict[str, Any]) -> Account:
    kind = row["type."]
    return Account(
        id=row["id"],
        code=row["code"] or row["name"],
        name=row["name"],
        kind=kind["name"],
        revenue=bool(kind["revenue"]),
        receivable=bool(kind["receivable"]),
        reconcile=bool(row["reconcile"]),
        party=bool(row["party_required"]),
        closed=bool(row["closed"]),
    )


def _tax(row: dict[str, Any]) -> Tax:
    invoice, credit = row["invoice_account."], row["credit_note_account."]
    return Tax(
        id=row["id"],
        name=row["name"],
        rate=row["rate"] if row["type"] == "percentage" else None,
        invoice=(invoice or {}).get("code") or "",
        credit=(credit or {}).get("code") or "",
        invoice_id=row["invoice_account"] or 0,
        credit_id=row["credit_note_account"] or 0,
    )
