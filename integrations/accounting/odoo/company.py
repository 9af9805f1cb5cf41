"""The company's own lists, read once an adapter: accounts, taxes, journals, currencies; and its lock dates, read each time."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.accounting.odoo import dialect
from integrations.accounting.odoo.line import Fault, Line
from integrations.errors import Misconfigured, Refused

RECEIVABLE = "asset_receivable"
LYING = ("asset_cash", "asset_current", "liability_credit_card", "liability_current")  # where money may lie


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A sales tax: `code` is its name, with its id behind it where two have the same; `account` takes it."""

    id: int
    code: str
    name: str
    rate: Decimal
    account: str
    included: bool


class Company:
    """What a document may name in this company's books."""

    def __init__(self, line: Line, company: str, journal: str, general: str) -> None:
        self.line, self._named, self._journal, self._general = line, company.strip(), journal.strip(), general.strip()

    @functools.cached_property
    def dialect(self) -> dialect.Dialect:
        return dialect.ask(self.line)

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        """The company itself: its id, name, currency and rounding. From here on every call is made for it alone."""
        fields = ["name", "currency_id", "tax_calculation_rounding_method"]
        if self._named:
            found = self.line.call("res.company", "search_read", domain=[["name", "=", self._named]], fields=fields)
        else:
            (user,) = self.line.call("res.users", "read", [self.line.user], fields=["company_id"])
            found = self.line.call("res.company", "read", [user["company_id"][0]], fields=fields)
        if not found:
            words = f"Odoo has no company “{self._named}”, or the user may not see it."
            raise Misconfigured(
                words, fix="Correct the option company, or in Odoo: Settings > Users > Allowed Companies."
            )
        self.line.company = found[0]["id"]
        return dict(found[0])

    @property
    def id(self) -> int:
        return int(self.facts["id"])

    @property
    def currency(self) -> str:
        return str(self.facts["currency_id"][1])

    @functools.cached_property
    def currencies(self) -> dict[str, int]:
        """The active ones."""
        rows = self._all("res.currency", ["name"], [["active", "=", True]])
        return {row["name"]: row["id"] for row in rows}

    @functools.cached_property
    def accounts(self) -> dict[str, dict[str, Any]]:
        """By code: id, name, account_type."""
        return {
            row["code"]: row
            for row in self._all("account.account", ["code", "name", "account_type"], [])
            if row["code"]
        }

    @functools.cached_property
    def codes(self) -> dict[int, str]:
        return {row["id"]: code for code, row in self.accounts.items()}

    @functools.cached_property
    def taxes(self) -> dict[str, Tax]:
        """Every active percentage tax for sales, by code."""
        mine = [["company_id", "=", self.id]]
        rows = self._all(
            "account.tax",
            ["name", "amount", "price_include"],
            [["type_tax_use", "=", "sale"], ["amount_type", "=", "percent"], *mine],
        )
        kinds = ["invoice_tax_id", "repartition_type", "account_id"]
        shares = self._all("account.tax.repartition.line", kinds, [["repartition_type", "=", "tax"], *mine])
        accounts = {
            row["invoice_tax_id"][0]: row["account_id"] for row in shares if row["invoice_tax_id"] and row["account_id"]
        }
        names = [row["name"] for row in rows]
        made = [self._tax(row, accounts, twice=names.count(row["name"]) > 1) for row in rows]
        return {tax.code: tax for tax in made}

    def _tax(self, row: dict[str, Any], accounts: dict[int, Any], *, twice: bool) -> Tax:
        code = f"{row['name'][:40]} #{row['id']}" if twice else row["name"][:50]
        account = self.codes.get(accounts[row["id"]][0], "") if row["id"] in accounts else ""
        rate = Decimal(str(row["amount"])) / 100
        return Tax(
            id=row["id"], code=code, name=row["name"], rate=rate, account=account, included=bool(row["price_include"])
        )

    @functools.cached_property
    def tax_codes(self) -> dict[int, str]:
        return {tax.id: tax.code for tax in self.taxes.values()}

    @functools.cached_property
    def journals(self) -> list[dict[str, Any]]:
        fields = ["code", "name", "type", "default_account_id", "restrict_mode_hash_table"]
        return self._all("account.journal", fields, [["company_id", "=", self.id]])

    @property
    def sales(self) -> dict[str, Any]:
        """The journal of invoices and credit notes."""
        return self._of(self._journal, "sale", "journal", "a sales journal")

    @property
    def general(self) -> dict[str, Any]:
        """The journal of entries: payments with a fee, deposits, payouts."""
        return self._of(self._general, "general", "general_journal", "a journal of the type Miscellaneous")

    def _of(self, code: str, kind: str, option: str, what: str) -> dict[str, Any]:
        found = [row for row in self.journals if row["type"] == kind and code in ("", row["code"])]
        if not found:
            words = f"Odoo has no {kind} journal{f' “{code}”' if code else ''} in {self.facts['name']}."
            raise Misconfigured(
                words,
                fix=f"Correct the option {option}, or in Odoo: Accounting > Configuration > Journals, make {what}.",
            )
        return found[0]

    @functools.cached_property
    def methods(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The payment method whose entry debits (inbound) or credits (outbound) an account, by both; the first of several."""
        fields = ["journal_id", "payment_type", "payment_account_id"]
        try:
            rows = self._all("account.payment.method.line", fields, [["payment_account_id", "!=", False]])
        except Fault as fault:
            if not fault.name.endswith("AccessError"):
                raise
            rows = []  # who may not look at them books entries, which are as right
        mine = {row["id"] for row in self.journals}
        found = [row for row in rows if row["journal_id"] and row["journal_id"][0] in mine]
        return {(self.codes.get(row["payment_account_id"][0], ""), row["payment_type"]): row for row in reversed(found)}

    @functools.cached_property
    def decimals(self) -> int:
        """Of a unit price: what is finer is rounded by Odoo without a word."""
        return int(self.line.call("decimal.precision", "precision_get", [], application="Product Price"))

    def locks(self) -> tuple[date | None, date | None]:
        """The last closed day for sales, and for what has tax; read anew each time."""
        names = [*self.dialect.locks, dialect.TAX_LOCK]
        (row,) = self.line.call("res.company", "read", [self.id], fields=names)
        days = [date.fromisoformat(row[name]) for name in self.dialect.locks if row[name]]
        taxed = [*days, *([date.fromisoformat(row[dialect.TAX_LOCK])] if row[dialect.TAX_LOCK] else [])]
        return max(days, default=None), max(taxed, default=None)

    def account(self, code: str, place: str) -> int:
        """The account's id. Raises Refused naming the place in the document."""
        row = self.accounts.get(code)
        if row is None:
            words = f"{place}: Odoo has no account “{code}” in {self.facts['name']}."
            raise Refused(
                words,
                fix=f"Map it to an account that Odoo has, or make {code or 'one'} in Odoo: Accounting > Configuration > Chart of Accounts.",
                cause=f"theirs:account:{code}",
            )
        return int(row["id"])

    def _all(self, model: str, fields: list[str], domain: list[Any]) -> list[dict[str, Any]]:
        self.id  # noqa: B018  (asked first, so that every list is of this company)
        return list(self.line.call(model, "search_read", domain=domain, fields=fields))
