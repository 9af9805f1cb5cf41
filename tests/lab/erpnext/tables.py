"""The tables of the lying ERPNext and what is asked of them, as Frappe's sources have it: lists of 20, columns that may be asked for, MariaDB's comparing."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

Row = dict[str, Any]
KEY = "ordersync_key"
STATUS = {
    "AuthenticationError": 401, "PermissionError": 403, "DoesNotExistError": 404, "DuplicateEntryError": 409, "QueryDeadlockError": 508, "OperationalError": 500,
}  # fmt: skip
CHILDREN = {"Sales Taxes and Charges": "taxes", "Sales Invoice Item": "items", "Journal Entry Account": "accounts"}
DATA_140 = ("customer_name", "item_name", "po_no", "reference_no", "cheque_no", "tax_id", "email_id", "item_code", KEY)


class Fault(Exception):
    """What Frappe raises: the class of the exception, and the message for people, which may hold tags."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message

    @property
    def status(self) -> int:
        return STATUS.get(self.name, 417)


def throw(message: str, name: str = "ValidationError") -> Fault:
    return Fault(name, message)


def flt(value: Any, precision: int = 9) -> Decimal:
    """Frappe's rounding to a field's precision, to the even digit as its legacy default has it."""
    return Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-precision), ROUND_HALF_EVEN)


class Tables:
    """Every DocType's documents by name, with their rows inside."""

    def __init__(self) -> None:
        self.docs: dict[str, dict[str, Row]] = {}
        self.columns: dict[str, set[str]] = {}
        self.custom: dict[str, Row] = {
            doctype: {"unique": 1, "no_copy": 1}
            for doctype in ("Sales Invoice", "Payment Entry", "Journal Entry", "Customer")
        }
        self._numbers: dict[str, int] = {}
        self._moments = itertools.count(1)

    def add(self, doctype: str, name: str, **values: Any) -> Row:
        moment = self.moment()
        row = {"name": name, "docstatus": 0, "creation": moment, "modified": moment, **values}
        self.docs.setdefault(doctype, {})[name] = row
        return row

    def get(self, doctype: str, name: str) -> Row:
        if name not in self.docs.get(doctype, {}):
            raise throw(f"{doctype} {name} not found", "DoesNotExistError")
        return self.docs[doctype][name]

    def rows(self, doctype: str) -> list[Row]:
        return list(self.docs.get(doctype, {}).values())

    def moment(self) -> str:
        """A `modified` that no other has."""
        return f"2026-11-24 10:00:00.{next(self._moments):06}"

    def next_name(self, series: str) -> str:
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{series}{self._numbers[series]:05}"

    def unique(self, doctype: str, body: Row) -> None:
        """Drops the key where nobody made the field for it, without a word; refuses a second one where the field is unique."""
        if doctype not in self.custom:
            body.pop(KEY, None)
        if (
            body.get(KEY)
            and self.custom[doctype]["unique"]
            and any(same(row.get(KEY), body[KEY]) for row in self.rows(doctype))
        ):
            raise throw("Ordersync Key must be unique", "UniqueValidationError")

    def linked(self, doctype: str, name: Any, label: str) -> Row | None:
        if not name:
            return None
        if name not in self.docs.get(doctype, {}):
            raise throw(f"Could not find {label}: {name}", "LinkValidationError")
        return self.docs[doctype][name]

    # Lists

    def listed(self, doctype: str, asked: Mapping[str, str]) -> list[Row]:
        found = self._children(doctype, asked.get("parent", "")) if doctype in CHILDREN else self.rows(doctype)
        for item in json.loads(asked.get("filters", "[]")):
            field, operator, value = item[-3:]
            self._permitted(doctype, field)
            found = [row for row in found if meets(row.get(field), operator, value)]
        fields = json.loads(asked.get("fields", '["name"]'))
        for field in fields:
            self._permitted(doctype, field)
        name, _space, way = asked.get("order_by", "creation desc").partition(" ")
        found = sorted(found, key=lambda row: str(row.get(name, "")), reverse=way == "desc")
        limit = int(asked.get("limit_page_length", 20))
        return [{field: row.get(field) for field in fields} for row in (found[:limit] if limit else found)]

    def _children(self, doctype: str, parent: str) -> list[Row]:
        if not parent:
            raise throw(f"You do not have access to {doctype}", "PermissionError")
        field, found = CHILDREN[doctype], []
        for row in self.rows(parent):
            found += [
                {**child, "parent": row["name"], "parenttype": parent, "creation": row["creation"]}
                for child in row.get(field) or []
            ]
        return found

    def _permitted(self, doctype: str, field: str) -> None:
        known = self.columns.get(doctype)
        if field == KEY and doctype in self.custom:
            return
        if known is None or field not in known | {"name", "docstatus", "creation", "modified", "parent", "parenttype"}:
            raise throw(f"Field not permitted in query: {field}", "DataError")


def same(one: Any, other: Any) -> bool:
    """As utf8mb4_unicode_ci compares: neither case nor accents nor blanks behind count."""
    return _bare(one) == _bare(other)


def _bare(value: Any) -> str:
    text = unicodedata.normalize("NFKD", str(value if value is not None else "")).rstrip()
    return "".join(sign for sign in text if not unicodedata.combining(sign)).casefold()


def meets(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return same(value if value is not None else 0 if wanted == 0 else "", wanted)
        case "in":
            return any(same(value, item) for item in wanted)
        case "like":
            pattern = "".join(
                ".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in _bare(wanted)
            )
            return re.fullmatch(pattern, _bare(value), re.DOTALL) is not None
        case "<" | "<=" | ">" | ">=":
            left, right = (
                (value, wanted) if isinstance(wanted, str) else (Decimal(str(value or 0)), Decimal(str(wanted)))
            )
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    raise throw(f"Operator must be one of =, in, like, not {operator}")


def short_enough(body: Mapping[str, Any], children: Sequence[Mapping[str, Any]] = ()) -> None:
    for row in (body, *children):
        for field in DATA_140:
            if len(str(row.get(field) or "")) > 140:
                words = f"{field}: '{str(row[field])[:20]}…' will get truncated, as max characters allowed is 140"
                raise throw(words, "CharacterLengthExceededError")
