"""ERPNext against a lying one that behaves as the facts and the public sources say: the contract, and that it is registered."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations import connections, registry
from integrations.accounting.erpnext import ERPNext
from orders import outgoing
from tests.contracts.accounting import AccountingContract, Sums
from tests.lab import erpnext as lab

running: dict[Path, lab.ERPNext] = {}


def adapter(server: lab.ERPNext, **changes: str) -> ERPNext:
    """The adapter as a connection makes it."""
    values = {
        "url": server.url,
        "key": lab.API_KEY,
        "secret": lab.SECRET,
        "item": lab.GENERAL,
        "networks": "127.0.0.1/32",
    }
    return connections._make("erpnext", {**values, **changes})  # type: ignore[return-value]


def serve(folder: Path, **more: Any) -> lab.ERPNext:
    """One server a folder, as its books are."""
    if folder not in running:
        running[folder] = lab.ERPNext(folder, **more).__enter__()
    return running[folder]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    while running:
        running.popitem()[1].__exit__()


class TestERPNext(AccountingContract):
    chart = lab.NAMES
    books_currency = "EUR"
    keeps_customers = True
    tells_tax_codes = True
    keeps_stock = True
    refused_account = "No such account - DB"

    def make(self, folder: Path) -> ERPNext:
        return adapter(serve(folder))

    def with_options(self, folder: Path, **options: str) -> ERPNext:
        server = serve(folder)
        server.roles.add("Item Manager")
        return adapter(server, **options)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        (row,) = [row for row in running[folder].rows() if row["po_no"] == document.reference]
        row["items"][0]["net_amount"] += Decimal(1)
        row["grand_total"] += Decimal(1)

    def person_adds(self, folder: Path, noun: str, **facts: str) -> str:
        tables = serve(folder).tables
        if noun == "customer":
            return lab.company.customer(tables, **facts)
        return lab.company.item(tables, facts["code"], facts["name"])

    def customer_on(self, folder: Path, document: outgoing.Document) -> str:
        rows = running[folder].rows()
        return next(
            str(row["customer"]) for row in rows if row["po_no"] == document.reference and row["docstatus"] == 1
        )

    def person_counts(self, folder: Path, code: str, warehouse: str, quantity: str) -> None:
        lab.company.counted(serve(folder).tables, code, warehouse, quantity)

    def sums(self, folder: Path) -> Sums:
        return running[folder].sums()


def test_it_is_registered_with_its_secret() -> None:
    assert registry.secret_names("erpnext") == {"secret"}
