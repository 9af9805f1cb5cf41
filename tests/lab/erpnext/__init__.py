"""A lying ERPNext behind real HTTP, as the facts of its REST say and as the public sources of Frappe and ERPNext 14 to 16 have it; nobody measured a real one.

Refusals are 417, 409, 404, 403 with `exc_type` and JSON within JSON in `_server_messages`; every call is one transaction; only the unique field knows a repeat.
Traps: today's date where `set_posting_time` is missing, terms, price lists and pricing rules that change what was sent, totals rounded to the whole, negative
prices refused, credit notes that keep their own balance, an answer to a submission older than its effects, unknown fields dropped in silence, lists of 20.
Beside the crimes of the lab it knows RACE (another process inserts the same first), DEADLOCK (508, rolled back), EDITED (a person saves it first) and BREAKS (500).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from tests.contracts.documents import Chart
from tests.lab.erpnext import company
from tests.lab.erpnext.company import COMPANY, GENERAL, NAMES, ROLES
from tests.lab.erpnext.money import Money
from tests.lab.erpnext.selling import Selling
from tests.lab.erpnext.tables import KEY, Fault, Row, Tables, short_enough, throw
from tests.lab.server import Answer, Request, Server

__all__ = [
    "API_KEY",
    "BREAKS",
    "COMPANY",
    "DEADLOCK",
    "EDITED",
    "GENERAL",
    "NAMES",
    "RACE",
    "SECRET",
    "USER",
    "ERPNext",
    "Fault",
    "company",
]

API_KEY, SECRET, USER = "0123456789abcde", "fedcba987654321", "ordersync@example.org"
RACE, DEADLOCK, EDITED, BREAKS = "another insert wins", "deadlock", "somebody saves it first", "breaks down"
LINE = 4094  # signs of a request line that gunicorn takes
NEEDED = {
    "Customer": "Sales User",
    "Item": "Item Manager",
    "Custom Field": "System Manager",
    "Accounts Settings": "Accounts Manager",
}
ENTRIES = ("Sales Invoice", "Payment Entry", "Journal Entry")


class ERPNext(Server):
    name = "erpnext"

    def __init__(
        self, folder: Path, *, chart: Chart = NAMES, precision: int = 2, version: str = "15.40.0", **more: Any
    ) -> None:
        super().__init__(folder, **more)
        self.key, self.secret, self.version, self.apps = API_KEY, SECRET, version, ["frappe", "erpnext"]
        self.hides: set[str] = set()  # methods and settings that the user may not ask for
        self.roles = set(ROLES)
        self.tables = Tables()
        company.found(self.tables, chart)
        self.selling, self.money = Selling(self.tables, self.judge, precision), Money(self.tables, self.judge)

    def call(self, request: Request) -> tuple[str, str]:
        doctype, name = _place(request)
        if request.path.startswith("/api/method/"):
            return "ask", request.path.removeprefix("/api/method/")
        verb = {"GET": "read" if name else "list", "POST": "insert", "PUT": "update", "DELETE": "delete"}[
            request.method
        ]
        if verb == "update" and request.json.get("docstatus") == 1:
            verb = "submit"
        return verb, doctype

    def act(self, request: Request, crime: str) -> Answer:
        if len(f"GET {request.path}?{urlencode(request.query, doseq=True)} HTTP/1.1") > LINE:
            return Answer(400, "Request Line is too large")
        try:
            self._let_in(request)
            if crime == DEADLOCK:
                raise throw("Deadlock Occurred", "QueryDeadlockError")
            if crime == BREAKS:
                raise throw("(2013, 'Lost connection to MySQL server during query')", "OperationalError")
            answer = self._do(request, crime)
        except Fault as fault:
            return _refused(fault)
        return Answer(answer.status, json.loads(json.dumps(answer.data, default=float)))

    # For a test

    def times(self) -> Counter[tuple[str, str]]:
        """How often each document was submitted, by its kind and reference."""
        return Counter((line["key"].partition(":")[0], line["ref"]) for line in self.judge.lines("submitted"))

    def keys(self) -> Counter[str]:
        return Counter(line["key"] for line in self.judge.lines("submitted"))

    def sums(self) -> dict[tuple[str, str], Decimal]:
        """The balance of every account by currency, from the judge's log of what was submitted."""
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in self.judge.lines("submitted"):
            for account, amount in line["lines"]:
                found[account, line["currency"]] += Decimal(amount)
        return found

    def rows(self, doctype: str = "Sales Invoice") -> list[Row]:
        return self.tables.rows(doctype)

    def cancel(self, doctype: str, name: str) -> None:
        """What a person does who cancels it."""
        row = self.tables.get(doctype, name)
        row |= {"docstatus": 2, "status": "Cancelled", "modified": self.tables.moment()}
        self.judge.note("cancelled", doctype=doctype, name=name)

    # What is asked

    def _let_in(self, request: Request) -> None:
        if request.path == "/api/method/ping":
            return
        if request.headers.get("Authorization") != f"token {self.key}:{self.secret}":
            raise throw("Invalid API key or secret", "AuthenticationError")

    def _do(self, request: Request, crime: str) -> Answer:
        doctype, name = _place(request)
        asked = {key: values[-1] for key, values in request.query.items()}
        if request.path.startswith("/api/method/"):
            return Answer(200, self._method(request.path.removeprefix("/api/method/"), asked))
        if not doctype:
            return Answer(404, {"message": "Not Found"})
        match request.method:
            case "GET":
                self._right(doctype, "read")
                found = self._shown(doctype, name) if name else self.tables.listed(doctype, asked)
                return Answer(200, {"data": found})
            case "POST":
                self._right(doctype, "create")
                return Answer(200, {"data": self._inserted(doctype, dict(request.json), crime)})
            case "PUT":
                return Answer(200, {"data": self._updated(doctype, name, dict(request.json), crime)})
        self._deleted(doctype, name)
        return Answer(202, {"data": "ok"})

    def _shown(self, doctype: str, name: str) -> Row:
        row = self.tables.get(doctype, name)
        return row if doctype in self.tables.custom else {key: value for key, value in row.items() if key != KEY}

    def _inserted(self, doctype: str, body: Row, crime: str) -> Row:
        makers = {
            "Sales Invoice": self.selling.insert,
            "Payment Entry": self.money.insert_payment,
            "Journal Entry": self.money.insert_entry,
            "Customer": self._customer,
            "Item": self._item,
        }
        if doctype not in makers:
            raise throw(f"No permission for {doctype}", "PermissionError")
        if crime == RACE:
            makers[doctype](json.loads(json.dumps(body)))
        return dict(makers[doctype](body))

    def _updated(self, doctype: str, name: str, changes: Row, crime: str) -> Row:
        row = self.tables.get(doctype, name)
        if crime == EDITED:
            row["modified"] = self.tables.moment()
        if changes.get("modified") not in (None, row["modified"]):
            times = f"({row['modified']}, {changes['modified']})"
            words = f"Error: Document has been modified after you have opened it {times}. Please refresh to get the latest document."
            raise throw(words, "TimestampMismatchError")
        if row["docstatus"] == 2:
            raise throw("Cannot edit cancelled document")
        wanted = changes.get("docstatus", row["docstatus"])
        if row["docstatus"] == 1:
            self._after(changes, row)
            return dict(row)
        others = {key: value for key, value in changes.items() if key not in ("docstatus", "modified")}
        if others and doctype == "Sales Invoice":
            self.selling.save(row, others)
        before = json.loads(json.dumps(row, default=float))
        if wanted == 1:
            self._right(doctype, "submit")
            {
                "Sales Invoice": self.selling.submit,
                "Payment Entry": self.money.submit_payment,
                "Journal Entry": self.money.submit_entry,
            }[doctype](row)
        row["modified"] = self.tables.moment()
        return {
            **before,
            "docstatus": row["docstatus"],
            "modified": row["modified"],
        }  # not what the ledger made of it meanwhile

    def _after(self, changes: Row, row: Row) -> None:
        fields = [key for key in changes if key not in ("docstatus", "modified") and changes[key] != row.get(key)]
        if fields:
            raise throw(
                f"Not allowed to change <strong>{fields[0]}</strong> after submission", "UpdateAfterSubmitError"
            )

    def _deleted(self, doctype: str, name: str) -> None:
        self._right(doctype, "delete")
        if self.tables.get(doctype, name)["docstatus"] == 1:
            raise throw(f"{doctype} {name}: Submitted Record cannot be deleted. You must Cancel it first.")
        del self.tables.docs[doctype][name]

    def _customer(self, body: Row) -> Row:
        short_enough(body)
        self.tables.unique("Customer", body)
        name = company.customer(
            self.tables, name=body["customer_name"], vat=body.get("tax_id", ""), email=body.get("email_id", "")
        )
        return self.tables.get("Customer", name) | ({KEY: body[KEY]} if self._keep(name, body) else {})

    def _keep(self, name: str, body: Row) -> bool:
        if KEY in body:
            self.tables.get("Customer", name)[KEY] = body[KEY]
        place = {key: body[key] for key in ("address_line1", "city", "country") if key in body}
        if len(place) == 3:
            self.tables.add("Address", f"{name}-Billing", customer=name, **place)
        return KEY in body

    def _item(self, body: Row) -> Row:
        short_enough(body)
        if any(row["name"].casefold() == body["item_code"].casefold() for row in self.rows("Item")):
            raise throw(f"Item {body['item_code']} already exists", "DuplicateEntryError")
        facts = {key: body[key] for key in ("item_group", "stock_uom", "is_stock_item")}
        return self.tables.get("Item", company.item(self.tables, body["item_code"], body["item_name"], **facts))

    def _method(self, method: str, asked: dict[str, str]) -> Row:
        if method in self.hides:
            raise throw("Not permitted", "PermissionError")
        match method:
            case "ping":
                return {"message": "pong"}
            case "frappe.auth.get_logged_user":
                return {"message": USER}
            case "frappe.utils.change_log.get_versions":
                return {"message": {app: {"title": app, "version": self.version} for app in self.apps}}
            case "frappe.client.has_permission":
                return {"message": {"has_permission": self._may(asked["doctype"], asked["perm_type"])}}
            case "frappe.desk.form.load.getdoctype":
                found = self.tables.custom.get(asked["doctype"])
                fields = [{"fieldname": "company"}, *([{"fieldname": KEY, **found}] if found else [])]
                return {"docs": [{"name": asked["doctype"], "fields": fields}]}
        raise throw(f"Failed to get method for command {method}", "DoesNotExistError")

    def _may(self, doctype: str, perm: str) -> bool:
        if perm == "read" and doctype in self.hides:
            return False
        if perm == "read":
            return doctype not in ("Custom Field",) or "System Manager" in self.roles
        needed = "Accounts User" if doctype in ENTRIES else NEEDED.get(doctype, "System Manager")
        return needed in self.roles

    def _right(self, doctype: str, perm: str) -> None:
        if not self._may(doctype, perm):
            raise throw(
                f"User <strong>{USER}</strong> does not have doctype access via role permission for document {doctype}",
                "PermissionError",
            )


def _place(request: Request) -> tuple[str, str]:
    if not request.path.startswith("/api/resource/"):
        return "", ""
    doctype, _slash, name = request.path.removeprefix("/api/resource/").partition("/")
    return unquote(doctype), unquote(name)


def _refused(fault: Fault) -> Answer:
    told = {"message": fault.message, "title": "Message", "indicator": "red", "raise_exception": 1}
    text = f"frappe.exceptions.{fault.name}: {fault.message}"
    body = {
        "exception": text,
        "exc_type": fault.name,
        "exc": json.dumps([f"Traceback (most recent call last):\n{text}"]),
    }
    return Answer(fault.status, {**body, "_server_messages": json.dumps([json.dumps(told)])})
