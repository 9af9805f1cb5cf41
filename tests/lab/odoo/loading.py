"""Odoo's `load`: rows with columns become records by their external ids. In its safe mode it creates what is absent; in any other it writes again and appends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from tests.lab.odoo.documents import Documents
from tests.lab.odoo.tables import MANY2ONE, Fault, Row

LINES = {"invoice_line_ids": "account.move.line", "line_ids": "account.move.line"}
FK = (
    "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\n"
    "Model: Journal Item\nConstraint: account_move_line_account_tax_rel_account_tax_id_fkey"
)


class Loading:
    def __init__(self, books: Documents) -> None:
        self.books, self.tables = books, books.tables

    def load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[Any]], safe: bool) -> Row:
        """ids in order, or ids false and what was wrong with which record; then nothing of the call remains."""
        made: list[tuple[str, int]] = []
        ids: list[int] = []
        for n, (start, rows) in enumerate(_records(fields, data)):
            try:
                ids.append(self._one(model, fields, rows, safe, made))
            except Fault as fault:
                for kind, id in reversed(made):
                    self.books.forget(id) if kind == "account.move" else self.tables.drop(kind, id)
                message = {
                    "type": "error",
                    "record": n,
                    "rows": {"from": start, "to": start + len(rows) - 1},
                    "message": fault.message,
                }
                return {"ids": False, "messages": [message], "nextrow": 0}
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _one(
        self, model: str, fields: Sequence[str], rows: Sequence[Sequence[Any]], safe: bool, made: list[tuple[str, int]]
    ) -> int:
        head, lines = self._split(model, fields, rows)
        xid = str(head.pop("id", "") or "")
        if " " in xid:
            raise Fault("ValidationError", "External IDs cannot contain spaces: ir_model_data_name_nospaces")
        xid = xid if "." in xid or not xid else f"__import__.{xid}"
        known = self.tables.names.get(xid)
        if known and known[0] != model:
            raise Fault(
                "ValidationError",
                f"For external id {xid} when trying to create/update a record of model {model} found record of different model {known[0]}",
            )
        if known and safe:
            return known[1]
        if known:
            self._again(model, known[1], head, lines)
            return known[1]
        id = self._make(model, head, lines)
        made.append((model, id))
        if xid:
            self.tables.name(xid, model, id)
        return id

    def _again(self, model: str, id: int, head: Row, lines: list[Row]) -> None:
        """The default mode: the header once more, and every line beside those that are there, posted or not."""
        if model != "account.move":
            self.tables.get(model, id).update(head)
            return
        move = self.tables.get(model, id)
        for line in lines:
            self.books.add_line(move, line)
        if move["state"] == "posted":
            self.books.judge.note("doubled", ref=move["ref"], total=str(move["amount_total"]))

    def _make(self, model: str, head: Row, lines: list[Row]) -> int:
        if model == "account.move":
            return self.books.draft(head, lines)
        if model == "account.payment":
            return self.books.payment(head)
        if model == "res.partner":
            return partner(self.books, head)
        return self.tables.add(model, **({"default_code": ""} | head))

    def _split(self, model: str, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[Row, list[Row]]:
        head: Row = {}
        lines: list[Row] = []
        for n, row in enumerate(rows):
            line: Row = {}
            for field, value in zip(fields, row, strict=True):
                if isinstance(value, bool):
                    raise Fault("builtins.AttributeError", "'bool' object has no attribute 'lower'")
                first, _slash, rest = field.partition("/")
                if first in LINES:
                    name, found = self._value(rest, value, f"Invoice lines/{rest}")
                    line[name] = found
                elif n == 0 and value != "":
                    name, found = self._value(field, value, field)
                    head[name] = found
            if line:
                lines.append(_line(line))
        return head, lines

    def _value(self, field: str, value: Any, place: str) -> tuple[str, Any]:
        name, _slash, way = field.partition("/")
        if name == "tax_ids":
            return name, self._taxes(value)
        if name not in MANY2ONE or value == "":
            return name, value or ("" if value == "" else value)
        if way == ".id":
            if int(value) not in self.tables.rows.get(MANY2ONE[name], {}):
                raise Fault("ValidationError", f"No matching record found for database id '{value}' in field '{place}'")
            return name, int(value)
        if way == "id":
            return name, self.tables.names[value][1]
        hits = [
            row["id"]
            for row in self.tables.rows.get(MANY2ONE[name], {}).values()
            if value in (row.get("name"), row.get("code"))
        ]
        if not hits:
            raise Fault("ValidationError", f"No matching record found for name '{value}' in field '{place}'")
        return name, hits[0]

    def _taxes(self, value: Any) -> list[int]:
        ids = [int(part) for part in str(value).split(",") if part]
        if any(id not in self.tables.rows["account.tax"] for id in ids):
            raise Fault("ValidationError", FK)
        return ids


def partner(books: Documents, values: Row) -> int:
    fields: Row = {
        "name": "",
        "ref": "",
        "vat": "",
        "email": "",
        "street": "",
        "city": "",
        "zip": "",
        "country_id": None,
        "company_type": "person",
        "is_company": False,
        "parent_id": None,
        "property_account_receivable_id": None,
        **values,
    }
    fields["email_normalized"] = str(fields["email"] or "").strip().lower()
    made = books.tables.add("res.partner", **fields)
    row = books.tables.get("res.partner", made)
    row["commercial_partner_id"], row["display"] = made, row["name"]
    books.judge.note("customer", id=made, ref=row["ref"], xid="")
    return made


def _line(values: Row) -> Row:
    for field in ("quantity", "discount", "price_unit"):
        if field in values:
            values[field] = Decimal(str(values[field] or 0))
    if "product_id" in values and values["product_id"] == "":
        values["product_id"] = None
    return values


def _records(fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[Sequence[Any]]]]:
    """A row whose header cells are all empty belongs to the record above it."""
    header = [n for n, field in enumerate(fields) if field.partition("/")[0] not in LINES]
    found: list[Sequence[Any]] = []
    start = 0
    for n, row in enumerate(data):
        if found and any(row[at] != "" for at in header):
            yield start, found
            found, start = [], n
        found.append(row)
    if found:
        yield start, found
