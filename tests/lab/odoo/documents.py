"""What the lying Odoo does with documents: load them, write them, post them, pay them, match them; every effect goes to the judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.contracts.documents import Chart
from tests.lab.judge import Judge
from tests.lab.odoo.company import NUMBERS, found
from tests.lab.odoo.reckoning import SALES, ZERO, Reckoning, parsed
from tests.lab.odoo.tables import Fault, Row, Tables, missing, user_error

RECEIVABLE = "asset_receivable"
TODAY = date(2026, 11, 24)
PREFIX = {"out_invoice": "", "out_refund": "R", "entry": ""}


class Documents:
    """One company's books in an Odoo of this `serie` (17, 18, 19)."""

    def __init__(self, judge: Judge, serie: int, rounding: str = "round_per_line", chart: Chart = NUMBERS) -> None:
        self.judge, self.serie, self.tables = judge, serie, Tables()
        self.here = found(self.tables, serie, rounding, chart)
        self.reckon = Reckoning(self.tables, serie, self.here.company)
        self.memo = "ref" if serie < 18 else "memo"
        self.price_decimals = 2
        self._numbers: dict[str, int] = {}
        self.tables.rows.setdefault("account.payment", {})
        self.tables.rows.setdefault("account.move", {})
        self.tables.rows.setdefault("account.move.line", {})

    # Moves

    def draft(self, values: Row, lines: Sequence[Row]) -> int:
        """A draft invoice, credit note or entry; it is refused only for what Odoo looks at so early."""
        kind = values.get("move_type", "entry")
        partner = values.get("partner_id")
        if partner:
            self.tables.get("res.partner", partner)
        day = parsed(values.get("invoice_date"))
        fields: Row = {
            "move_type": kind,
            "journal_id": self.here.journals["WEB" if kind in SALES else "MISC"]["id"],
            "partner_id": None,
            "ref": "",
            "payment_reference": "",
            "invoice_origin": "",
            "currency_id": self.here.company["currency_id"],
            "state": "draft",
            "payment_state": "not_paid",
            "reversed_entry_id": None,
            "invoice_payment_term_id": None,
            "amount_untaxed": ZERO,
            "amount_tax": ZERO,
            "amount_total": ZERO,
            "amount_residual": ZERO,
            "company_id": self.here.company["id"],
            **({"invoice_currency_rate": None} if self.serie >= 18 else {}),
            **values,
        }
        fields |= {
            "invoice_date": day,
            "date": parsed(values.get("date")) or day or TODAY,
            "commercial_partner_id": partner,
        }
        fields["invoice_date_due"] = parsed(values.get("invoice_date_due")) or day
        fields["name"] = self._draft_name(fields)
        move = self.tables.get("account.move", self.tables.add("account.move", **fields))
        try:
            for line in lines:
                self.add_line(move, line)
        except Fault:
            self.forget(move["id"])
            raise
        return int(move["id"])

    def add_line(self, move: Row, values: Row) -> None:
        if move["move_type"] in SALES:
            journal = self.tables.get("account.journal", move["journal_id"])
            account = values.get("account_id") or journal["default_account_id"]
            if not account:
                raise Fault(
                    "odoo.exceptions.ValidationError",
                    "The operation cannot be completed: Missing required account on accountable line.",
                )
            self.reckon.line(move, **{**values, "account_id": account, "price_unit": self._price(values)})
            self.reckon.recompute(move)
            return
        debit, credit = Decimal(str(values.pop("debit", 0) or 0)), Decimal(str(values.pop("credit", 0) or 0))
        amount = values.pop("amount_currency", None)
        line = self.reckon.line(move, **values)
        line["balance"] = debit - credit
        line["amount_currency"] = line["balance"] if amount in (None, "") else Decimal(str(amount))

    def _price(self, values: Row) -> Decimal:
        return Decimal(str(values.get("price_unit") or 0)).quantize(Decimal(1).scaleb(-self.price_decimals))

    def write(self, id: int, values: Row) -> None:
        """Header values as they come; lines by commands: even of a posted document, which nobody keeps from it."""
        move = self.tables.get("account.move", id)
        for field, value in values.items():
            if field in ("line_ids", "invoice_line_ids"):
                self._commands(move, value)
            elif field not in move:
                raise Fault("builtins.ValueError", f"Invalid field '{field}' on model 'account.move'")
            else:
                move[field] = parsed(value) if field in ("date", "invoice_date", "invoice_date_due") else value
        if move["state"] == "posted" and {"line_ids", "invoice_line_ids"} & set(values):
            self._note("edited", move)

    def _commands(self, move: Row, commands: Sequence[Any]) -> None:
        balances = False
        for code, id, values in commands:
            if code == 0:
                self.add_line(move, {"tax_ids": [], **_typed(values)})
                continue
            line = self.tables.get("account.move.line", id)
            for field, value in values.items():
                line[field] = Decimal(str(value)) if field in ("amount_currency", "balance") else value
            balances |= "balance" in values
            line["forced"] = "balance" in values
            if "amount_currency" in values and "balance" not in values:
                line["balance"] = line["amount_currency"] / self.reckon.rate(move)
        if move["move_type"] in SALES:
            self.reckon.sync(move)
        if balances:
            self.reckon.balanced(move)

    def forget(self, id: int) -> None:
        for line in list(self.tables.lines(id)):
            self.tables.drop("account.move.line", line["id"])
        self.tables.drop("account.move", id)

    def unlink(self, model: str, ids: Sequence[int]) -> None:
        for id in ids:
            if self.tables.get(model, id)["state"] != "draft":
                raise user_error("You cannot delete an item linked to a posted entry.")
        for id in ids:
            self.forget(id) if model == "account.move" else self.tables.drop(model, id)

    def post(self, ids: Sequence[int]) -> None:
        """All or nothing."""
        moves = [self.tables.get("account.move", id) for id in ids]
        for move in moves:
            self._postable(move)
        for move in moves:
            self._post(move)

    def _postable(self, move: Row) -> None:
        if move["state"] != "draft":
            raise user_error(f"The entry {move['name']} (id {move['id']}) must be in draft.")
        if not self.tables.lines(move["id"]):
            raise user_error("You need to add a line before posting.")
        if not self.tables.get("res.currency", move["currency_id"])["active"]:
            raise user_error(f"You cannot validate a document with an inactive currency: {self.reckon.currency(move)}")
        if move["move_type"] not in SALES:
            self.reckon.balanced(move)
            return
        if not move["partner_id"]:
            raise user_error("The field 'Customer' is required, please complete it to validate the Customer Invoice.")
        if move["amount_total"] < 0:
            raise user_error(
                "You cannot validate an invoice with a negative total amount. You should create a credit note instead. "
                "Use the action menu to transform it into a credit note or refund."
            )

    def _post(self, move: Row) -> None:
        if closed := self.reckon.locked(move):
            move["date"] = max(TODAY, closed + timedelta(days=1))  # without a word; invoice_date stays
        move["state"] = "posted"
        move["name"] = self._number(move)
        self.reckon.open_lines(move)
        self._note("posted", move)
        origin = self.tables.rows["account.move"].get(move["reversed_entry_id"] or 0)
        if origin and origin["state"] == "posted" and origin["amount_residual"]:
            self.reckon.match(self._due(move), self._due(origin))

    def assign(self, move_id: int, line_id: int) -> None:
        """js_assign_outstanding_line."""
        move, line = self.tables.get("account.move", move_id), self.tables.get("account.move.line", line_id)
        mine = [item for item in self._due(move) if item["account_id"] == line["account_id"] and not item["reconciled"]]
        self.reckon.match([line], mine)
        self.judge.note("assigned", move=move["ref"], to=self.tables.get("account.move", line["move_id"])["ref"])

    def _due(self, move: Row) -> list[Row]:
        return [
            line
            for line in self.tables.lines(move["id"])
            if self.tables.get("account.account", line["account_id"])["account_type"] == RECEIVABLE
        ]

    def _draft_name(self, fields: Row) -> str:
        """The first draft of a sequence shows a number already."""
        first = fields["move_type"] in SALES and not self._numbers.get(self._series(fields))
        empty = "/" if self.serie < 18 else ""
        return f"{self._series(fields)}/00001" if first else empty

    def _series(self, move: Row) -> str:
        journal = self.tables.get("account.journal", move["journal_id"])
        return f"{PREFIX.get(move['move_type'], '')}{journal['code']}/{move['date'].year}"

    def _number(self, move: Row) -> str:
        series = self._series(move)
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{series}/{self._numbers[series]:05}"

    def _note(self, verb: str, move: Row) -> None:
        """What the judge is told is reckoned here, from the rows as they are."""
        lines = self.tables.lines(move["id"])
        taxes: dict[str, Decimal] = {}
        side = 1 if move["move_type"] == "out_refund" else -1
        for line in lines:
            if line["tax_line_id"]:
                name = self.tables.get("account.tax", line["tax_line_id"])["name"]
                taxes[name] = taxes.get(name, ZERO) + side * line["amount_currency"]
        code = {line["account_id"]: self.tables.get("account.account", line["account_id"])["code"] for line in lines}
        payment = (
            next((row["id"] for row in self.tables.rows["account.payment"].values() if row["move_id"] == move["id"]), 0)
            if move.get("pays")
            else 0
        )
        self.judge.note(
            verb,
            id=move["id"],
            ref=move["ref"],
            type=move["move_type"],
            currency=self.reckon.currency(move),
            total=str(move["amount_total"]),
            xid=self.tables.name_of("account.payment", payment)
            if payment
            else self.tables.name_of("account.move", move["id"]),
            date=str(move["date"]),
            taxes={name: str(amount) for name, amount in taxes.items()},
            lines=[[code[line["account_id"]], str(line["amount_currency"]), str(line["balance"])] for line in lines],
        )

    # Payments

    def payment(self, values: Row) -> int:
        """A draft payment; before 18 its entry stands beside it at once."""
        method = values.get("payment_method_line_id")
        fields: Row = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": None,
            "amount": ZERO,
            "date": TODAY,
            "state": "draft",
            "move_id": None,
            "currency_id": self.here.company["currency_id"],
            "payment_method_line_id": method,
            self.memo: "",
            "journal_id": None,
            "reconciled_invoice_ids": [],
            "company_id": self.here.company["id"],
            **values,
        }
        fields |= {"amount": Decimal(str(fields["amount"])), "date": parsed(fields["date"])}
        return self.tables.add("account.payment", **fields)

    def post_payments(self, ids: Sequence[int]) -> None:
        for id in ids:
            if self.tables.get("account.payment", id)["state"] != "draft":
                raise user_error(f"The entry PAY/{id} (id {id}) must be in draft.")
        for id in ids:
            self._post_payment(self.tables.get("account.payment", id))

    def _post_payment(self, row: Row) -> None:
        method = self.tables.rows["account.payment.method.line"].get(row["payment_method_line_id"] or 0, {})
        account = method.get("payment_account_id") or (self.here.ids["bank"] if self.serie < 18 else None)
        row["state"] = "posted" if self.serie < 18 else "in_process"
        if not account:  # from 18 on there is no entry then
            self.judge.note("paid without an entry", xid=self.tables.name_of("account.payment", row["id"]))
            return
        side = row["amount"] if row["payment_type"] == "inbound" else -row["amount"]
        values = {
            "move_type": "entry",
            "journal_id": row["journal_id"],
            "date": row["date"],
            "ref": row[self.memo],
            "partner_id": row["partner_id"],
            "currency_id": row["currency_id"],
            "pays": True,
        }
        lines = [{"account_id": account, "debit": max(side, ZERO), "credit": max(-side, ZERO)}]
        lines += [{"account_id": self.here.company["receivable"], "debit": max(-side, ZERO), "credit": max(side, ZERO)}]
        made = self.draft(values, lines)
        row["move_id"] = made
        for line in self.tables.lines(made):
            line["payment_id"] = row["id"]
        self._post(self.tables.get("account.move", made))

    def wizard(self, move_ids: Sequence[int], values: Row) -> None:
        """The payment wizard: whoever runs it three times at once pays thrice."""
        for id in move_ids:
            move = self.tables.get("account.move", id)
            if not move["amount_residual"]:
                raise user_error(
                    "You can't register a payment because there is nothing left to pay on the selected journal items."
                )
            paid = self.payment(
                {
                    "partner_id": move["partner_id"],
                    "amount": values.get("amount") or move["amount_residual"],
                    "journal_id": values["journal_id"],
                    self.memo: values.get("communication", ""),
                }
            )
            self.post_payments([paid])
            entry = self.tables.get("account.move", self.tables.get("account.payment", paid)["move_id"])
            self.reckon.match(self._due(entry), self._due(move))

    def cancel(self, id: int) -> None:
        """A person takes a document back: to draft and cancelled."""
        self.tables.get("account.move", id).update(state="cancel", payment_state="not_paid")
        self.judge.note("cancelled", ref=self.tables.get("account.move", id)["ref"])


def _typed(values: Row) -> Row:
    typed = dict(values)
    for field in ("quantity", "discount"):
        if field in typed:
            typed[field] = Decimal(str(typed[field] or 0))
    if "tax_ids" in typed:
        typed["tax_ids"] = [
            id
            for command in typed["tax_ids"]
            for id in (command[2] if isinstance(command, (list, tuple)) else [command])
        ]
    return typed


__all__ = ["Documents", "missing"]
