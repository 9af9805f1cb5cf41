"""Odoo 17, 18 and 19 against a lying one that behaves as measured: the contract for each, and what that Odoo does to whoever is careless."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from integrations import connections, registry
from integrations.accounting.odoo import Odoo
from orders import outgoing
from tests.contracts import documents
from tests.contracts.accounting import AccountingContract, Sums
from tests.lab import odoo as lab

CHART = lab.NUMBERS
running: dict[Path, lab.Odoo] = {}


def adapter(server: lab.Odoo, **changes: str) -> Odoo:
    """The adapter as a connection makes it."""
    values = {
        "url": server.url,
        "database": lab.DATABASE,
        "login": lab.LOGIN,
        "key": lab.KEY,
        "networks": "127.0.0.1/32",
    }
    values |= {"key_expires_on": "2099-12-31"} if server.serie >= 18 else {}
    return connections._make("odoo", {**values, **changes})  # type: ignore[return-value]


def serve(folder: Path, serie: int, **more: Any) -> lab.Odoo:
    """One server a folder, as its books are."""
    if folder not in running:
        running[folder] = lab.Odoo(folder, serie=serie, **more).__enter__()
    return running[folder]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    while running:
        running.popitem()[1].__exit__()


class OdooContract(AccountingContract):
    chart = CHART
    serie: ClassVar[int]
    books_currency = "EUR"
    keeps_hash = False
    keeps_customers = True
    keeps_stock = True
    tells_tax_codes = True
    refused_account = "999999"

    def make(self, folder: Path) -> Odoo:
        return adapter(serve(folder, self.serie))

    def with_options(self, folder: Path, **options: str) -> Odoo:
        server = serve(folder, self.serie)
        server.groups.add("sales_team.group_sale_manager")
        return adapter(server, **options)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        books = running[folder].books
        (move,) = [row for row in books.tables.rows["account.move"].values() if row["ref"] == document.reference]
        line = books.tables.lines(move["id"])[0]
        books.write(move["id"], {"invoice_line_ids": [[1, line["id"], {"amount_currency": -101}]]})

    def person_adds(self, folder: Path, noun: str, **facts: str) -> str:
        books = serve(folder, self.serie).books
        if noun == "customer":
            return str(lab.partner(books, dict(facts)))
        return str(books.tables.add("product.product", name=facts["name"], default_code=facts["code"]))

    def person_counts(self, folder: Path, code: str, warehouse: str, quantity: str) -> None:
        serve(folder, self.serie).counted(code, warehouse, str(Decimal(quantity) + 1), reserved="1")

    def customer_on(self, folder: Path, document: outgoing.Document) -> str:
        rows = running[folder].books.tables.rows["account.move"].values()
        return str(
            next(row["partner_id"] for row in rows if row["ref"] == document.reference and row["state"] == "posted")
        )

    def sums(self, folder: Path) -> Sums:
        return running[folder].sums()


class TestOdoo17(OdooContract):
    serie = 17


class TestOdoo18(OdooContract):
    serie = 18


class TestOdoo19(OdooContract):
    serie = 19


def test_it_is_registered_with_its_secret() -> None:
    assert registry.secret_names("odoo") == {"key"}
    assert documents.CHART != CHART
