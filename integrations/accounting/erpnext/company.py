"""The company's own lists, read once an adapter: accounts, sales taxes, and the item that stands for whatever has none of its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal

from integrations.accounting.erpnext.line import Filter, Line, Row
from integrations.errors import Misconfigured, Refused

RECEIVABLE = "Receivable"
LYING = ("Bank", "Cash")
_TEMPLATE, _TAX_ROW = "Sales Taxes and Charges Template", "Sales Taxes and Charges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A row of a sales tax template: `code` is its description, with account or rate behind it where two have the same; `account` takes it."""

    code: str
    name: str
    rate: Decimal
    account: str


class Company:
    """What a document may name in this company's books. An account's code is its name in ERPNext, which ends with the company's letters."""

    def __init__(self, line: Line, company: str, item: str, series: str = "") -> None:
        self.line, self._named, self._item, self.series = line, company.strip(), item.strip(), series.strip()

    @functools.cached_property
    def facts(self) -> Row:
        """The company itself."""
        found = self.line.get("Company", self._named or self._only())
        if found is None:
            words = f"ERPNext has no company “{self._named}”, or the user may not see it."
            raise Misconfigured(
                words, fix="Correct the option company: its whole name, as it stands in ERPNext under Company."
            )
        return found

    def _only(self) -> str:
        names = [row["name"] for row in self.line.find("Company", ["name"], [])]
        if len(names) == 1:
            return str(names[0])
        words = f"ERPNext has {len(names)} companies that the user may see" + (
            f": {', '.join(names)}." if names else "."
        )
        raise Misconfigured(
            words, fix="Name the one in the option company, or give the user the right to see it (Accounts User)."
        )

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def currency(self) -> str:
        return str(self.facts["default_currency"])

    @property
    def cost_center(self) -> str:
        return str(self.facts.get("cost_center") or "")

    @functools.cached_property
    def accounts(self) -> dict[str, Row]:
        """Those that can be booked on, by name."""
        fields = ["name", "account_name", "account_number", "account_type", "root_type", "account_currency"]
        filters: list[Filter] = [["company", "=", self.name], ["is_group", "=", 0], ["disabled", "=", 0]]
        return {row["name"]: row for row in self.line.find("Account", fields, filters)}

    @functools.cached_property
    def taxes(self) -> dict[str, Tax]:
        """Every tax on the net total in a sales tax template, by code; those that are part of the price are left out."""
        templates = self.line.find(_TEMPLATE, ["name", "title"], [["company", "=", self.name], ["disabled", "=", 0]])
        titles = {row["name"]: row.get("title") or row["name"] for row in templates}
        fields = ["parent", "charge_type", "account_head", "rate", "description", "included_in_print_rate"]
        rows = self.line.find_in(_TAX_ROW, fields, "parent", titles, [["parenttype", "=", _TEMPLATE]], parent=_TEMPLATE)
        usable = [row for row in rows if row["charge_type"] == "On Net Total" and not row["included_in_print_rate"]]
        told = {
            (row["account_head"], Decimal(str(row["rate"])), str(row["description"] or row["account_head"])): titles[
                row["parent"]
            ]
            for row in usable
        }
        names = [text for _account, _rate, text in told]
        made = [_tax(key, title, twice=names.count(key[2]) > 1) for key, title in told.items()]
        return {tax.code: tax for tax in made}

    @functools.cached_property
    def item(self) -> Row:
        """The item of the option `item`. Raises Misconfigured where it is not there, or one that is kept in stock."""
        fields = ["name", "item_group", "stock_uom", "is_stock_item", "has_variants", "disabled"]
        found = self.line.find("Item", fields, [["name", "=", self._item]])
        make = "In ERPNext: Item, New, with that code, Maintain Stock not ticked, Unit Nos; or correct the option item."
        if not found:
            raise Misconfigured(
                f"ERPNext has no item “{self._item}”, which stands for what has no item of its own.", fix=make
            )
        if found[0]["is_stock_item"] or found[0]["has_variants"] or found[0]["disabled"]:
            words = f"The item “{self._item}” is kept in stock, has variants or is disabled: it cannot stand for what has no item of its own."
            raise Misconfigured(words, fix=make)
        return found[0]

    def account(self, code: str, place: str) -> Row:
        """The account. Raises Refused naming the place in the document."""
        if code in self.accounts:
            return self.accounts[code]
        words = f"{place}: ERPNext has no account “{code}” in {self.name} that can be booked on."
        raise Refused(
            words, fix=f"Map it to an account that ERPNext has, or make {code or 'one'} in ERPNext: Chart of Accounts."
        )

    def takes_tax(self, account: str, description: str) -> bool:
        """Whether a row under Taxes and Charges is a tax, or a charge such as a discount."""
        kind = self.accounts.get(account, {}).get("account_type")
        return kind == "Tax" or (description in self.taxes and self.taxes[description].account == account)


def _tax(key: tuple[str, Decimal, str], title: str, *, twice: bool) -> Tax:
    account, rate, text = key
    code = f"{text[:20]} @ {rate.normalize():f} {account}"[:50] if twice else text[:50]
    return Tax(code=code, name=title, rate=rate / 100, account=account)
