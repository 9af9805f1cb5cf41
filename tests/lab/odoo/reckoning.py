"""The lying Odoo's own arithmetic: totals, taxes by line or globally, balances by its rate, and what is open after things were matched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.lab.odoo.tables import Fault, Row, Tables, user_error

ZERO = Decimal(0)
DECIMALS = {"JPY": 0, "KWD": 3}
SALES = ("out_invoice", "out_refund")


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)), ROUND_HALF_UP)


class Reckoning:
    """What Odoo computes by itself of a document. Debits are positive."""

    def __init__(self, tables: Tables, serie: int, company: Row) -> None:
        self.tables, self.serie, self.company = tables, serie, company

    def currency(self, row: Row) -> str:
        return str(self.tables.get("res.currency", row["currency_id"])["name"])

    def rate(self, move: Row) -> Decimal:
        """Units of the document's currency per unit of the company's."""
        if move["currency_id"] == self.company["currency_id"]:
            return Decimal(1)
        if self.serie >= 18 and move.get("invoice_currency_rate"):
            return Decimal(str(move["invoice_currency_rate"]))
        day = move["invoice_date"] or move["date"]
        told = [
            row
            for row in self.tables.rows.get("res.currency.rate", {}).values()
            if row["currency_id"] == move["currency_id"] and row["name"] <= day
        ]
        return Decimal(max(told, key=lambda row: row["name"])["rate"]) if told else Decimal(1)

    def recompute(self, move: Row) -> None:
        """Taxes and the customer's line anew: whatever was forced before is lost."""
        for line in self.tables.lines(move["id"]):
            if line["display_type"] in ("tax", "payment_term"):
                self.tables.drop("account.move.line", line["id"])
        side = -1 if move["move_type"] == "out_invoice" else 1
        currency, taxes = self.currency(move), dict[int, Decimal]()
        exact = self.company["tax_calculation_rounding_method"] == "round_globally"
        for line in self.tables.lines(move["id"]):
            whole = line["quantity"] * line["price_unit"] * (1 - line["discount"] / 100)
            net = rounded(whole, currency)
            for tax_id in line["tax_ids"]:
                tax = self.tables.get("account.tax", tax_id)
                if tax["price_include"]:
                    net = rounded(whole / (1 + tax["amount"] / 100), currency)
                share = (rounded(whole, currency) - net) if tax["price_include"] else net * tax["amount"] / 100
                taxes[tax_id] = taxes.get(tax_id, ZERO) + (share if exact else rounded(share, currency))
            line["amount_currency"] = side * net
        for tax_id, amount in taxes.items():
            self._tax_line(move, tax_id, side * rounded(amount, currency))
        self._balances(move)
        self.sync(move)

    def _tax_line(self, move: Row, tax_id: int, amount: Decimal) -> None:
        if not amount:
            return
        repartition = next(
            row
            for row in self.tables.rows["account.tax.repartition.line"].values()
            if row["invoice_tax_id"] == tax_id and row["repartition_type"] == "tax"
        )
        tax = self.tables.get("account.tax", tax_id)
        self.line(
            move,
            display_type="tax",
            account_id=repartition["account_id"],
            tax_line_id=tax_id,
            name=tax["name"],
            amount_currency=amount,
        )

    def line(self, move: Row, **values: Any) -> Row:
        fields: Row = {
            "move_id": move["id"],
            "partner_id": move.get("commercial_partner_id"),
            "account_id": None,
            "name": "",
            "quantity": Decimal(1),
            "price_unit": ZERO,
            "discount": ZERO,
            "tax_ids": [],
            "display_type": "product",
            "tax_line_id": None,
            "product_id": None,
            "amount_currency": ZERO,
            "balance": ZERO,
            "reconciled": False,
            "amount_residual": ZERO,
            "currency_id": move["currency_id"],
            "payment_id": None,
            "sequence": 0,
        }
        id = self.tables.add("account.move.line", **{**fields, **values})
        return self.tables.rows["account.move.line"][id]

    def _balances(self, move: Row) -> None:
        name = self.currency(self.company)
        for line in self.tables.lines(move["id"]):
            line["balance"] = rounded(line["amount_currency"] / self.rate(move), name)

    def sync(self, move: Row) -> None:
        """The customer's line takes what is left, and the totals follow."""
        others = [line for line in self.tables.lines(move["id"]) if line["display_type"] != "payment_term"]
        due = [line for line in self.tables.lines(move["id"]) if line["display_type"] == "payment_term"]
        total = -sum((line["amount_currency"] for line in others), ZERO)
        line = due[0] if due else self.line(move, display_type="payment_term", account_id=self._receivable(move))
        line["amount_currency"] = total
        if not line.get("forced"):
            line["balance"] = -sum((item["balance"] for item in others), ZERO)
        line["name"] = move["payment_reference"] or ""
        self.totals(move)

    def totals(self, move: Row) -> None:
        side = -1 if move["move_type"] == "out_invoice" else 1
        lines = self.tables.lines(move["id"])
        tax = side * sum((line["amount_currency"] for line in lines if line["display_type"] == "tax"), ZERO)
        net = side * sum((line["amount_currency"] for line in lines if line["display_type"] == "product"), ZERO)
        move.update(amount_untaxed=net, amount_tax=tax, amount_total=net + tax)
        if move["state"] == "draft":
            move["amount_residual"] = net + tax

    def _receivable(self, move: Row) -> int:
        partner = self.tables.rows["res.partner"].get(move["partner_id"] or 0, {})
        return int(partner.get("property_account_receivable_id") or self.company["receivable"])

    # After posting

    def open_lines(self, move: Row) -> None:
        for line in self.tables.lines(move["id"]):
            if self.tables.get("account.account", line["account_id"])["account_type"] == "asset_receivable":
                line["amount_residual"] = line["amount_currency"]
                line["reconciled"] = not line["amount_currency"]
        self.settle(move)

    def match(self, one: Sequence[Row], other: Sequence[Row]) -> None:
        """Reconcile lines of the same account: each takes from each what it can."""
        if all(line["reconciled"] for line in one) or not other:
            raise user_error("You are trying to reconcile some entries that are already reconciled.")
        for left in one:
            for right in other:
                self._pair(left, right)
        for line in (*one, *other):
            self.settle(self.tables.get("account.move", line["move_id"]))

    def _pair(self, left: Row, right: Row) -> None:
        if left["amount_residual"] * right["amount_residual"] >= 0:
            return
        taken = min(abs(left["amount_residual"]), abs(right["amount_residual"]))
        for line in (left, right):
            line["amount_residual"] -= taken if line["amount_residual"] > 0 else -taken
            line["reconciled"] = not line["amount_residual"]

    def settle(self, move: Row) -> None:
        if move["move_type"] not in SALES or move["state"] != "posted":
            return
        lines = [line for line in self.tables.lines(move["id"]) if line["display_type"] == "payment_term"]
        move["amount_residual"] = abs(sum((line["amount_residual"] for line in lines), ZERO))
        whole = move["amount_residual"] == move["amount_total"] and move["amount_total"]
        move["payment_state"] = "not_paid" if whole else "partial" if move["amount_residual"] else "paid"

    def locked(self, move: Row) -> date | None:
        """The last closed day that holds for the document, None where its date is open."""
        names = [
            "fiscalyear_lock_date",
            *(["period_lock_date"] if self.serie < 18 else ["sale_lock_date", "hard_lock_date"]),
        ]
        if any(line["tax_line_id"] or line["tax_ids"] for line in self.tables.lines(move["id"])):
            names.append("tax_lock_date")
        days = [self.company[name] for name in names if self.company[name]]
        last = max(days, default=None)
        return last if last and move["date"] <= last else None

    def balanced(self, move: Row) -> None:
        off = sum((line["balance"] for line in self.tables.lines(move["id"])), ZERO)
        if off:
            raise user_error(
                f"The move ({move['ref']}) is not balanced. The total of debits exceeds credits by {off} €."
            )


def parsed(text: Any) -> date | None:
    if not text:
        return None
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Fault("builtins.ValueError", f"time data '{text}' does not match format '%Y-%m-%d'") from error
