"""The tables of the lying Odoo and what is asked of them: records, external ids, domains; a search on what cannot be searched is no filter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
MANY2ONE = {
    "journal_id": "account.journal",
    "partner_id": "res.partner",
    "commercial_partner_id": "res.partner",
    "currency_id": "res.currency",
    "reversed_entry_id": "account.move",
    "move_id": "account.move",
    "account_id": "account.account",
    "tax_line_id": "account.tax",
    "product_id": "product.product",
    "payment_id": "account.payment",
    "location_id": "stock.location",
    "lot_stock_id": "stock.location",
    "payment_method_line_id": "account.payment.method.line",
    "payment_account_id": "account.account",
    "company_id": "res.company",
    "country_id": "res.country",
    "invoice_tax_id": "account.tax",
    "default_account_id": "account.account",
    "property_account_receivable_id": "account.account",
    "invoice_payment_term_id": "account.payment.term",
}
NOT_SEARCHABLE = {"reconciled_invoice_ids", "tax_totals", "amount_total_words"}


class Fault(Exception):
    """What Odoo says when it does not do what it is asked: the name of its exception, and the text for people."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


def user_error(message: str) -> Fault:
    return Fault("odoo.exceptions.UserError", message)


def missing(model: str, id: int) -> Fault:
    words = f"Record does not exist or has been deleted.\n(Record: {model}({id},), User: 6)"
    return Fault("odoo.exceptions.MissingError", words)


class Tables:
    """Every model's rows by id, and the external ids."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Row]] = {}
        self.names: dict[str, tuple[str, int]] = {}  # "module.name" → model, id
        self._named: dict[tuple[str, int], str] = {}
        self._ids = itertools.count(1)
        self._by_ref: dict[tuple[str, str], list[int]] = {}
        self._lines: dict[int, list[int]] = {}

    def add(self, model: str, **values: Any) -> int:
        id = next(self._ids)
        row = self.rows.setdefault(model, {})[id] = {"id": id, "active": True, **values}
        if row.get("ref"):
            self._by_ref.setdefault((model, row["ref"]), []).append(id)
        if model == "account.move.line":
            self._lines.setdefault(row["move_id"], []).append(id)
        return id

    def get(self, model: str, id: int) -> Row:
        row = self.rows.get(model, {}).get(int(id))
        if row is None:
            raise missing(model, id)
        return row

    def drop(self, model: str, id: int) -> None:
        row = self.rows[model].pop(id)
        if row.get("ref"):
            self._by_ref[model, row["ref"]].remove(id)
        if model == "account.move.line":
            self._lines[row["move_id"]].remove(id)
        if name := self._named.pop((model, id), ""):
            del self.names[name]  # the external id goes with its record, and a load makes another one

    def name(self, xid: str, model: str, id: int) -> None:
        self.names[xid] = (model, id)
        self._named[model, id] = xid

    def name_of(self, model: str, id: int) -> str:
        return self._named.get((model, id), "")

    def lines(self, move: int) -> list[Row]:
        return [self.rows["account.move.line"][id] for id in self._lines.get(move, [])]

    def search(self, model: str, domain: Sequence[Any], *, active_test: bool = True) -> list[Row]:
        """Rows by id. A condition on a field that cannot be searched is ignored, not refused."""
        rows = self._candidates(model, domain)
        asks_active = any(isinstance(item, (list, tuple)) and item[0] == "active" for item in domain)
        hides = active_test and not asks_active
        found = [row for row in rows if not (hides and not row["active"]) and self._holds(model, row, list(domain))]
        return sorted(found, key=lambda row: row["id"])

    def _candidates(self, model: str, domain: Sequence[Any]) -> Iterable[Row]:
        """Not every row for a plain question by id, reference or document: the books may be large."""
        table = self.rows.get(model, {})
        plain = [] if "|" in domain or "!" in domain else [item for item in domain if isinstance(item, (list, tuple))]
        for field, operator, value in plain:
            if operator not in ("=", "in"):
                continue
            wanted = value if isinstance(value, (list, tuple)) else [value]
            if field == "id":
                return [table[id] for id in wanted if id in table]
            if field == "ref":
                return [table[id] for ref in set(wanted) for id in self._by_ref.get((model, ref), [])]
            if field == "move_id" and model == "account.move.line":
                return [row for move in wanted for row in self.lines(move)]
        return list(table.values())

    def _holds(self, model: str, row: Row, domain: list[Any]) -> bool:
        stack: list[bool] = []
        for item in reversed(domain):
            if item == "|":
                stack.append(stack.pop() | stack.pop())
            elif item == "&":
                stack.append(stack.pop() & stack.pop())
            elif item == "!":
                stack.append(not stack.pop())
            else:
                stack.append(self._condition(row, *item))
        return all(stack)

    def _condition(self, row: Row, field: str, operator: str, value: Any) -> bool:
        if field in NOT_SEARCHABLE:
            return True
        found = self._value(row, field)
        if isinstance(found, list):
            wanted = value if isinstance(value, list) else [value]
            return bool(set(found) & set(wanted)) == (operator in ("in", "="))
        match operator:
            case "=":
                return bool(found == value or (value is False and not found))
            case "!=":
                return bool(found != value)
            case "in":
                return found in value
            case "child_of":
                return self._below(MANY2ONE[field], found, value)
            case "not in":
                return found not in value
            case "=ilike":
                return _like(str(found or ""), str(value))
        raise Fault("builtins.ValueError", f"Invalid leaf {[field, operator, value]}")

    def _below(self, model: str, id: int | None, top: int) -> bool:
        while id is not None and id != top:
            id = self.get(model, id).get("location_id")
        return id == top

    def _value(self, row: Row, field: str) -> Any:
        head, dot, rest = field.partition(".")
        if head not in row:
            raise Fault("builtins.ValueError", f"Invalid field '{head}' in leaf")
        value = row[head]
        if dot and value:
            return self._value(self.get(MANY2ONE[head], value), rest)
        return value.isoformat() if isinstance(value, date) else value

    def shown(self, model: str, row: Row, fields: Sequence[str]) -> Row:
        """As Odoo answers: many2one with its label, empty as false, amounts as floats."""
        absent = [name for name in fields if name not in row]
        if absent:
            raise Fault("builtins.ValueError", f"Invalid field '{absent[0]}' on model '{model}'")
        return {"id": row["id"], **{name: self._shown(name, row[name]) for name in fields}}

    def _shown(self, name: str, value: Any) -> Any:
        if value is None or value == "":
            return False
        if name in MANY2ONE and isinstance(value, int):
            target = self.get(MANY2ONE[name], value)
            return [value, target.get("display") or target.get("name") or target.get("code") or str(value)]
        if isinstance(value, Decimal):
            return float(value) + (4e-16 if value == Decimal("2.80") else 0)  # 2.8000000000000003, as was seen
        return value.isoformat() if isinstance(value, date) else value


def _like(text: str, pattern: str) -> bool:
    """`_` and `%` are wildcards, which whoever looks for an e-mail forgets."""
    import re

    parts = "".join({"_": ".", "%": ".*"}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(parts, text, re.IGNORECASE) is not None
