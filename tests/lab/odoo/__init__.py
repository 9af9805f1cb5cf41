"""A lying Odoo behind real HTTP: JSON-RPC as 17 and 18 speak it, JSON-2 as 19 does, with traps measured on a real 17.0 and read in the sources of 18 and 19.

Every answer of JSON-RPC is HTTP 200, whatever went wrong. `serie` is 17, 18 or 19; `pace` 1.0 makes it as slow as the real one was (by call and document).
Beside the crimes of the lab it knows its own, planned for a call by its name ("load", "action_post", ...): RACE (another client's load wins, ours is told
`ids: false`) and SERIALIZATION (rolled back after five tries). `books` are its tables, for a person who clicks there; the judge's log tells what was posted.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.contracts.documents import Chart
from tests.lab import crimes
from tests.lab.odoo.company import NUMBERS, RIGHTS
from tests.lab.odoo.documents import Documents
from tests.lab.odoo.loading import Loading, partner
from tests.lab.odoo.tables import Fault, Row
from tests.lab.server import Answer, Request, Server

KEY, DATABASE, LOGIN = "0123456789abcdef0123456789abcdef01234567", "books", "ordersync"
RACE, SERIALIZATION = "another load wins", "could not serialize"
MODEL_METHODS = {
    "load",
    "search_read",
    "search_count",
    "fields_get",
    "check_object_reference",
    "has_group",
    "precision_get",
    "context_get",
}
PACE = {
    "load": (183.0, 68.0),
    "action_post": (125.0, 48.0),
    "read": (20.0, 1.0),
}  # ms a call, ms a document; other calls 15
TROUBLES = {
    "odoo.exceptions.AccessError": 403,
    "odoo.exceptions.AccessDenied": 401,
    "odoo.exceptions.MissingError": 404,
    "psycopg2.errors.SerializationFailure": 500,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    model: str
    method: str
    ids: Sequence[int]
    named: Mapping[str, Any]
    context: Mapping[str, Any]


class Odoo(Server):
    name = "odoo"

    def __init__(
        self, folder: Path, *, serie: int = 17, rounding: str = "round_per_line", chart: Chart = NUMBERS, **more: Any
    ) -> None:
        super().__init__(folder, **more)
        self.serie, self.pace, self.key = serie, 0.0, KEY
        self.groups: set[str] = set(RIGHTS)
        self.books = Documents(self.judge, serie, rounding, chart)
        self.loading = Loading(self.books)

    def call(self, request: Request) -> tuple[str, str]:
        told = self._told(request)
        return (told.method, str(told.named.get("domain", ""))) if isinstance(told, Call) else (str(told), crimes.ANY)

    def act(self, request: Request, crime: str) -> Answer:
        told = self._told(request)
        rpc = request.path == "/jsonrpc"
        try:
            if isinstance(told, str):
                return self._envelope(request, self._common(told, request))
            self._let_in(request, rpc)
            self._rest(told)
            result = self._crime(told, crime)
        except Fault as fault:
            return self._fault(request, fault, rpc)
        if not rpc:
            return Answer(200, result)
        return self._envelope(request, result)

    def times(self) -> Counter[tuple[str, str]]:
        """How often each document was posted, by its kind and reference."""
        return Counter((_kind(line), line["ref"]) for line in self.judge.lines("posted"))

    def xids(self) -> Counter[str]:
        """How often each external id was posted; "" are documents that nobody can find again."""
        return Counter(line["xid"] for line in self.judge.lines("posted"))

    def sums(self) -> dict[tuple[str, str], Decimal]:
        """The balance of every account by currency, from the judge's log of what was posted."""
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in self.judge.lines("posted"):
            for account, amount, _base in line["lines"]:
                found[account, line["currency"]] += Decimal(amount)
        return found

    def taxes(self) -> dict[str, Decimal]:
        """Tax of everything posted, by code; a credit note's is negative."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.judge.lines("posted"):
            side = -1 if line["type"] == "out_refund" else 1
            for name, amount in line["taxes"].items():
                found[name] += side * Decimal(amount)
        return found

    # The two protocols

    def _told(self, request: Request) -> Call | str:
        if request.path == "/web/version":
            return "version"
        if request.path.startswith("/json/2/"):
            model, _slash, method = request.path.removeprefix("/json/2/").partition("/")
            named = dict(request.json)
            return Call(
                model=model, method=method, ids=named.pop("ids", []), context=named.pop("context", {}), named=named
            )
        try:
            params = request.json["params"]
        except (ValueError, KeyError, TypeError):
            return "malformed"
        if params["service"] == "common":
            return str(params["method"])
        _db, _uid, _key, model, method, args, *rest = params["args"]
        named = dict(rest[0]) if rest else {}
        context = named.pop("context", {})
        ids = args[0] if args and method not in MODEL_METHODS else []
        return Call(model=model, method=method, ids=ids, named=named, context=context)

    def _common(self, method: str, request: Request) -> Any:
        if method == "version":
            serie = f"{self.serie}.0"
            told = {
                "server_version": serie,
                "server_version_info": [self.serie, 0, 0, "final", 0, ""],
                "server_serie": serie,
            }
            return {**told, "protocol_version": 1}
        database, login, key, *_rest = request.json["params"]["args"]
        self._database(database)
        return self.books.here.user if (login, key) == (LOGIN, self.key) else False

    def _let_in(self, request: Request, rpc: bool) -> None:
        if not rpc:
            if request.headers.get("Authorization") != f"bearer {self.key}":
                raise Fault("odoo.exceptions.AccessDenied", "Invalid apikey")
            self._database(request.headers.get("X-Odoo-Database", DATABASE))
            return
        database, uid, key, *_rest = request.json["params"]["args"]
        self._database(database)
        if uid != self.books.here.user or key != self.key:
            raise Fault("odoo.exceptions.AccessDenied", "Access Denied")

    def _database(self, name: str) -> None:
        if name != DATABASE:
            words = f'connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "{name}" does not exist\n'
            raise Fault("psycopg2.OperationalError", words)

    def _envelope(self, request: Request, result: Any) -> Answer:
        if request.path == "/web/version":
            found = self.serie >= 19
            return (
                Answer(200, {"version_info": [self.serie, 0, 0, "final", 0, ""], "version": f"{self.serie}.0"})
                if found
                else Answer(404, {})
            )
        if result == "malformed":
            return Answer(400, {})
        answer = {"jsonrpc": "2.0", "id": request.json.get("id")}
        return Answer(200, answer if result is None else {**answer, "result": result})  # None: no result at all

    def _fault(self, request: Request, fault: Fault, rpc: bool) -> Answer:
        data = {
            "name": fault.name,
            "message": fault.message,
            "arguments": [fault.message],
            "context": {},
            "debug": f"Traceback (most recent call last):\n{fault.message}",
        }
        if not rpc:
            return Answer(TROUBLES.get(fault.name, 422), data)
        error = {"code": 200, "message": "Odoo Server Error", "data": data}
        return Answer(200, {"jsonrpc": "2.0", "id": request.json.get("id"), "error": error})

    # What is asked

    def _rest(self, call: Call) -> None:
        if not self.pace:
            return
        several, each = PACE.get(call.method, (15.0, 0.0))
        count = len(call.ids) if call.method != "load" else sum(1 for row in call.named["data"] if row[0])
        time.sleep(self.pace * (several + each * count) / 1000)

    def _crime(self, call: Call, crime: str) -> Any:
        if crime == SERIALIZATION:
            words = "could not serialize access due to concurrent update\n"
            raise Fault("psycopg2.errors.SerializationFailure", words)
        result = self._do(call)
        if crime == RACE and call.method == "load":
            words = "could not serialize access due to concurrent update"
            return {"ids": False, "messages": [{"type": "error", "record": 0, "message": words}], "nextrow": 0}
        return json.loads(json.dumps(result, default=float))

    def _do(self, call: Call) -> Any:
        books, named = self.books, call.named
        match call.method:
            case "load":
                self._right(call.model)
                safe = call.context.get("mode") == "update" and bool(call.context.get("noupdate"))
                return self.loading.load(call.model, named["fields"], named["data"], safe)
            case "search_read" | "search_count":
                return self._search(call)
            case "read":
                rows = books.tables.rows.get(call.model, {})
                return [
                    books.tables.shown(call.model, self._live(call.model, rows[id]), named["fields"])
                    for id in call.ids
                    if id in rows
                ]
            case "action_post" if call.model == "account.payment":
                books.post_payments(call.ids)
                return None
            case "action_post":
                self._right("account.move")
                books.post(call.ids)
                return False
            case "js_assign_outstanding_line":
                books.assign(call.ids[0], named["line_id"])
                return None
            case "action_create_payments":
                books.wizard(call.context["active_ids"], named)
                return {"res_model": "account.payment"}
            case "unlink":
                books.unlink(call.model, call.ids)
                return True
        return self._reference(call)

    def _reference(self, call: Call) -> Any:
        books, named = self.books, call.named
        match call.method:
            case "write":
                for id in call.ids:
                    books.write(id, named["vals"] if "vals" in named else named["values"])
                return True
            case "create":
                vals = named.get("vals_list", [])
                return [partner(books, item) if call.model == "res.partner" else books.draft(item, []) for item in vals]
            case "fields_get":
                found = self._fields(call.model)
                return {
                    name: {"type": "char", "searchable": name != "reconciled_invoice_ids"}
                    for name in named["allfields"]
                    if name in found
                }
            case "check_object_reference":
                xid = f"{named['module']}.{named['xml_id']}"
                if xid not in books.tables.names:
                    raise Fault("builtins.ValueError", f"External ID not found in the system: {xid}")
                return list(books.tables.names[xid])
            case "get_external_id":
                return {str(id): books.tables.name_of(call.model, id) for id in call.ids}
            case "has_group":
                return named.get("group_ext_id", named.get("group")) in self.groups
            case "check_access_rights" | "has_access":
                return self._may(call.model, named["operation"])
            case "precision_get":
                return books.price_decimals
            case "context_get":
                return {"lang": "en_US", "uid": books.here.user}
        raise Fault("builtins.AttributeError", f"The method '{call.method}' does not exist on the model '{call.model}'")

    def _search(self, call: Call) -> Any:
        named, tables = call.named, self.books.tables
        active_test = call.context.get("active_test", True)
        found = tables.search(call.model, named["domain"], active_test=active_test)
        if call.method == "search_count":
            return len(found)
        found = found[: named.get("limit") or len(found)]
        return [tables.shown(call.model, self._live(call.model, row), named["fields"]) for row in found]

    def _live(self, model: str, row: Row) -> Row:
        """What Odoo computes when it is read."""
        if model == "account.move":
            return {**row, "line_ids": [line["id"] for line in self.books.tables.lines(row["id"])]}
        if model == "account.move.line":
            kind = self.books.tables.get("account.account", row["account_id"])["account_type"]
            return {
                **row,
                "account_type": kind,
                "debit": max(row["balance"], Decimal(0)),
                "credit": max(-row["balance"], Decimal(0)),
            }
        if model == "product.product":
            return {self._kept: "consu" if self.serie < 18 else False, **row}
        return row

    def _fields(self, model: str) -> set[str]:
        extra = {
            "account.move": {"invoice_currency_rate"} if self.serie >= 18 else set[str](),
            "account.payment": {self.books.memo, "reconciled_invoice_ids"},
            "product.product": {self._kept},
        }
        rows = self.books.tables.rows.get(model, {})
        return set(next(iter(rows.values()), {})) | extra.get(model, set())

    @property
    def _kept(self) -> str:
        """The field that says of a product that stock is kept of it."""
        return "detailed_type" if self.serie < 18 else "is_storable"

    def counted(self, code: str, warehouse: str, quantity: str, reserved: str = "0") -> None:
        """What a person does who counts the shelves: the warehouse, the product and its rows of stock are made where they are missing."""
        tables, kept = self.books.tables, {self._kept: "product" if self.serie < 18 else True}
        products = [row for row in tables.rows.get("product.product", {}).values() if row["default_code"] == code]
        product = products[0]["id"] if products else tables.add("product.product", name=code, default_code=code, **kept)
        tables.get("product.product", product).update(kept)
        there = [row for row in tables.rows.get("stock.warehouse", {}).values() if row["code"] == warehouse]
        if not there:
            view = tables.add("stock.location", name=warehouse, location_id=None)
            lot = tables.add("stock.location", name=f"{warehouse}/Stock", location_id=view)
            company = self.books.here.company["id"]
            made = tables.add("stock.warehouse", code=warehouse, name=warehouse, company_id=company, lot_stock_id=lot)
            there = [tables.get("stock.warehouse", made)]
        shelf = tables.add("stock.location", name="Shelf", location_id=there[0]["lot_stock_id"])
        amounts = {"quantity": Decimal(quantity), "reserved_quantity": Decimal(reserved)}
        tables.add("stock.quant", product_id=product, location_id=shelf, **amounts)

    def _right(self, model: str) -> None:
        if not self._may(model, "create"):
            groups = {"res.partner": "Extra Rights/Contact Creation", "product.product": "Sales/Administrator"}.get(
                model, "Invoicing/Billing"
            )
            words = (
                f"You are not allowed to create '{model}' ({model}) records.\n\nThis operation is allowed for the following groups:\n\t- {groups}\n\n"
                "Contact your administrator to request access if necessary."
            )
            raise Fault("odoo.exceptions.AccessError", words)

    def _may(self, model: str, operation: str) -> bool:
        needed = {
            "res.partner": "base.group_partner_manager",
            "product.product": "sales_team.group_sale_manager",
            "account.tax": "account.group_account_manager",
        }
        group = needed.get(model, "account.group_account_invoice")
        return operation == "read" or group in self.groups


def _kind(line: Row) -> str:
    return str(line["xid"].partition("ordersync.")[2].partition("_")[0] or line["type"])
