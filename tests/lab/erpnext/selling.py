"""Sales Invoices of the lying ERPNext, reckoned as `erpnext.controllers.taxes_and_totals` has it, with all that it fills in by itself where it is not told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.lab.erpnext.tables import KEY, Row, Tables, flt, short_enough, throw
from tests.lab.judge import Judge

ZERO = Decimal(0)
TODAY = "2026-11-24"
FIELDS = (
    "customer company posting_date posting_time set_posting_time due_date ignore_default_payment_terms_template currency conversion_rate ignore_pricing_rule "
    "disable_rounded_total update_stock is_pos debit_to po_no remarks is_return return_against update_outstanding_for_self cost_center naming_series "
    f"allocate_advances_automatically docstatus items taxes {KEY}"
).split()
RATES = {"USD": Decimal("0.91"), "JPY": Decimal("0.006"), "KWD": Decimal("3.0"), "SEK": Decimal("0.09")}


class Selling:
    def __init__(self, tables: Tables, judge: Judge, precision: int) -> None:
        self.tables, self.judge, self.precision = tables, judge, precision
        self.discounts: dict[str, Decimal] = {}  # pricing rules: a share off an item
        self.prices: dict[str, Decimal] = {}  # the price list
        self.before_submit: Callable[[Row], None] = lambda _row: None

    def insert(self, body: Row) -> Row:
        body = {name: body.get(name) for name in FIELDS}
        short_enough(body, body["items"] or [])
        self.tables.unique("Sales Invoice", body)
        row = self._validated(body)
        series = str(body["naming_series"] or "ACC-SINV-.YYYY.-")
        if series not in ("ACC-SINV-.YYYY.-", "WEB-.YYYY.-"):
            raise throw(f'Naming Series must be one of "ACC-SINV-.YYYY.-", "WEB-.YYYY.-", not "{series}"')
        return self.tables.add(
            "Sales Invoice",
            self.tables.next_name(series.replace(".YYYY.", "2026").strip(".")),
            **{**row, "docstatus": 0},
        )

    def save(self, row: Row, changes: Row) -> None:
        row.update(
            self._validated(
                {
                    **{name: row.get(name) for name in FIELDS},
                    **{name: changes[name] for name in changes if name in FIELDS},
                }
            )
        )

    # What is checked and filled in

    def _validated(self, body: Row) -> Row:
        row, find = dict(body), self.tables.linked
        find("Company", row["company"], "Company")
        customer = find("Customer", row["customer"], "Customer")
        if customer is None:
            raise throw("Error: Value missing for Sales Invoice: Customer", "MandatoryError")
        if customer["disabled"]:
            raise throw(f"Customer {customer['name']} is disabled", "PartyDisabled")
        receivable = find("Account", row["debit_to"] or "Debtors - DB", "Debit To")
        if receivable is None or receivable["account_type"] != "Receivable":
            raise throw("Please ensure Debit To account Debit To is a <b>Receivable</b> account", "InvalidAccountError")
        self._dates(row, customer)
        row["currency"] = row["currency"] or "EUR"
        row["conversion_rate"] = (
            Decimal(1) if row["currency"] == "EUR" else flt(row["conversion_rate"]) or RATES[row["currency"]]
        )
        row |= {
            "party_account_currency": receivable["account_currency"],
            "debit_to": receivable["name"],
            "is_return": int(row["is_return"] or 0),
        }
        row["update_outstanding_for_self"] = (
            1 if row["update_outstanding_for_self"] is None else int(row["update_outstanding_for_self"])
        )
        self._return(row)
        row["items"] = [self._item(dict(item), row) for item in row["items"] or []]
        if not row["items"]:
            raise throw("Error: Value missing for Sales Invoice: Items", "MandatoryError")
        return self._reckoned(row)

    def _dates(self, row: Row, customer: Row) -> None:
        if not row["set_posting_time"] or not row["posting_date"]:
            row["posting_date"], row["posting_time"] = TODAY, "10:00:00"  # without a word
        years = self.tables.rows("Fiscal Year")
        if not any(
            year["year_start_date"] <= row["posting_date"] <= year["year_end_date"] and not year["disabled"]
            for year in years
        ):
            raise throw(
                f"Date <strong>{row['posting_date']}</strong> is not in any active Fiscal Year", "FiscalYearError"
            )
        terms = customer.get("payment_days")
        if terms is not None and not row["ignore_default_payment_terms_template"] and not row["is_return"]:
            row["due_date"] = str(date.fromisoformat(row["posting_date"]) + timedelta(days=terms))
        row["due_date"] = row["due_date"] or row["posting_date"]
        if row["due_date"] < row["posting_date"]:
            raise throw("Due Date cannot be before Posting / Supplier Invoice Date")

    def _return(self, row: Row) -> None:
        if not row["return_against"]:
            return
        first = self.tables.linked("Sales Invoice", row["return_against"], "Return Against")
        if first is None or first["docstatus"] != 1:
            raise throw(f"Return Against Sales Invoice {row['return_against']} must be submitted")
        if (row["posting_date"], row["posting_time"] or "10:00:00") < (
            first["posting_date"],
            first["posting_time"] or "10:00:00",
        ):
            raise throw(f"Posting timestamp must be after {first['posting_date']}")
        if row["conversion_rate"] != first["conversion_rate"]:
            raise throw(f"Exchange Rate must be same as Sales Invoice {first['name']} ({first['conversion_rate']})")

    def _item(self, item: Row, row: Row) -> Row:
        code = item.get("item_code")
        if not code:
            raise throw(f"Item Code required at Row No {len(row['items'])}")
        master = self.tables.linked("Item", code, "Row #1: Item") or {}
        if master["disabled"] or master["has_variants"]:
            raise throw(
                f"Item {code} is disabled"
                if master["disabled"]
                else f"Item {code} is a template, please select one of its variants"
            )
        selling = self.tables.get("Selling Settings", "Selling Settings")
        if master["is_stock_item"] and "Yes" in (selling["so_required"], selling["dn_required"]):
            raise throw(f"Sales Order is mandatory for Item {code}")
        qty, rate = flt(item.get("qty"), 3), flt(item.get("rate"), self.precision)
        if (qty > 0) if row["is_return"] else (qty < 0):
            raise throw(f"For an item {code}, quantity must be {'negative' if row['is_return'] else 'positive'} number")
        if rate < 0 and not selling["allow_negative_rates_for_items"]:
            raise throw(
                f"For item <strong>{code}</strong>, rate must be a positive number. To Allow negative rates, enable it in Selling Settings"
            )
        price = (
            self.prices.get(code, ZERO)
            if item.get("price_list_rate") is None
            else flt(item["price_list_rate"], self.precision)
        )
        rate = rate or price
        if not row["ignore_pricing_rule"]:
            rate = flt(rate * (1 - self.discounts.get(code, ZERO)), self.precision)
        self.tables.linked("Account", item.get("income_account"), "Row #1: Income Account")
        amount = flt(rate * qty, self.precision)
        return {
            **item,
            "qty": qty,
            "rate": rate,
            "amount": amount,
            "net_amount": amount,
            "tax_rates": master.get("tax_rates", {}),
            "uom": master["stock_uom"],
        }

    # What it comes to

    def _reckoned(self, row: Row) -> Row:
        net = sum((item["net_amount"] for item in row["items"]), ZERO)
        taxes = [self._tax(dict(tax), row["items"]) for tax in row["taxes"] or []]
        grand = flt(net + sum((tax["tax_amount_after_discount_amount"] for tax in taxes), ZERO), self.precision)
        rounded = ZERO if row["disable_rounded_total"] else flt(grand, 0)
        rate = row["conversion_rate"]
        total = rounded or grand
        held = flt(total * rate, self.precision) if row["party_account_currency"] == "EUR" else total
        return {
            **row,
            "taxes": taxes,
            "net_total": net,
            "grand_total": grand,
            "rounded_total": rounded,
            "base_grand_total": flt(grand * rate, self.precision),
            "outstanding_amount": held,
            "status": "Draft",
        }

    def _tax(self, tax: Row, items: Sequence[Row]) -> Row:
        """A rate is reckoned item by item, with the item's own rate where it has one, and rounded at the end or item by item; an amount stands as it is."""
        head = self.tables.linked("Account", tax.get("account_head"), "Row #1: Account Head") or {}
        if tax["charge_type"] == "Actual":
            tax["rate"], amount = None, flt(tax.get("tax_amount"), self.precision)
        else:
            by_item = self.tables.get("Accounts Settings", "Accounts Settings")["round_row_wise_tax"]
            shares = [
                item["net_amount"] * Decimal(str(item["tax_rates"].get(head["name"], tax["rate"]))) / 100
                for item in items
            ]
            amount = flt(
                sum((flt(share, self.precision) if by_item else share for share in shares), ZERO), self.precision
            )
        return {**tax, "tax_amount": amount, "tax_amount_after_discount_amount": amount}

    # What is posted

    def submit(self, row: Row) -> None:
        self.before_submit(row)
        credit = self.tables.get("Customer", row["customer"]).get("credit_limit")
        if credit is not None and row["grand_total"] > credit:
            raise throw(
                f"Credit limit has been crossed for customer <strong>{row['customer']}</strong>", "CreditLimitError"
            )
        postings = [(row["debit_to"], row["rounded_total"] or row["grand_total"])]
        postings += [(item["income_account"], -item["net_amount"]) for item in row["items"]]
        postings += [(tax["account_head"], -tax["tax_amount_after_discount_amount"]) for tax in row["taxes"]]
        left = -sum(amount for _account, amount in postings)
        postings += [("Rounded Off - DB", left)] if left else []
        open_accounts(self.tables, row["posting_date"], "Sales Invoice", [account for account, _amount in postings])
        row["docstatus"] = 1
        if row["is_return"] and row["return_against"]:
            self._taken_back(row)
        settle(row)
        self.judge.note(
            "submitted",
            doctype="Sales Invoice",
            name=row["name"],
            key=row.get(KEY) or "",
            ref=row["po_no"],
            currency=row["currency"],
            day=row["posting_date"],
            lines=[(account, str(amount)) for account, amount in postings],
        )

    def _taken_back(self, row: Row) -> None:
        """It lowers what is owed on its invoice, unless it keeps its own balance, which it does by itself where less is owed."""
        first = self.tables.get("Sales Invoice", row["return_against"])
        if not row["update_outstanding_for_self"] and first["outstanding_amount"] >= -row["outstanding_amount"]:
            first["outstanding_amount"] += row["outstanding_amount"]
            row["outstanding_amount"] = ZERO
            settle(first)


def settle(row: Row) -> None:
    rest = row["outstanding_amount"]
    row["status"] = "Return" if row["is_return"] else "Paid" if rest <= 0 else "Unpaid"


def open_accounts(tables: Tables, day: str, doctype: str, accounts: Sequence[str]) -> None:
    """What the general ledger says when it is written: frozen and closed days, frozen and disabled accounts."""
    frozen = tables.get("Accounts Settings", "Accounts Settings")["acc_frozen_upto"] or tables.rows("Company")[0].get(
        "accounts_frozen_till_date"
    )
    if frozen and day <= frozen:
        raise throw(f"You are not authorized to add or update entries before {frozen}")
    for period in tables.rows("Accounting Period"):
        if period["start_date"] <= day <= period["end_date"]:
            raise throw(
                f"You cannot create a {doctype} within the closed Accounting Period <strong>{period['name']}</strong>",
                "ClosedAccountingPeriod",
            )
    for voucher in tables.rows("Period Closing Voucher"):
        if day <= voucher["period_end_date"]:
            words = f"Books have been closed till the period ending on {voucher['period_end_date']}</br >You cannot create/amend any."
            raise throw(words)
    for name in accounts:
        account: Any = tables.get("Account", name)
        if account["disabled"]:
            raise throw(f"Cannot create accounting entries against disabled accounts: {name}", "InvalidAccountError")
        if account["frozen"] == "Yes":
            raise throw(f"Account: <strong>{name}</strong> is frozen")
