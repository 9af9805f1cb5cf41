"""Every ledger of files holds the contract of a ledger, and its files, read by somebody else, hold exactly the signed postings."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.accounting.erpnext_files import ErpnextFiles
from integrations.accounting.files import FileLedger
from integrations.accounting.odoo_files import OdooFiles
from integrations.accounting.quickbooks_iif import QuickBooksIif
from integrations.accounting.quickbooks_online_files import QuickBooksOnlineFiles
from integrations.accounting.sage50 import Sage50
from integrations.accounting.xero_files import XeroFiles
from orders import money, outgoing
from tests.contracts import documents
from tests.contracts.accounting import AccountingContract, Sums
from tests.folder_shelf import FolderShelf

Row = dict[str, str]
Moved = tuple[str, Decimal]


class FileContract(AccountingContract):
    """What the six have in common. `booked` reads a file as the target would: (account, amount) by reference, a debit positive."""

    hands_out = True
    settles = False
    tells_accounts = False
    adapter: type[FileLedger]
    options: dict[str, Any] = {}
    rates: dict[str, Decimal] = {}
    tax_accounts: dict[str, str] = {}

    def make(self, folder: Path) -> FileLedger:
        return self.adapter(self.adapter.Options(**self.options), FolderShelf(folder))  # type: ignore[attr-defined]

    def acknowledge(self, folder: Path, document: outgoing.Document) -> None:
        FolderShelf(folder).answer(document)

    def alter_total(self, folder: Path, document: outgoing.Document) -> None:
        FolderShelf(folder).answer(document, total=document.gross + 1)

    def sums(self, folder: Path) -> Sums:
        laid = [item.document for item in FolderShelf(folder).all()]
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for document in laid:  # one by one, since a file need not name the currency
            for file in self.make(folder).files([document]):
                for account, amount in self.booked(file.name, file.content, document.currency):
                    found[account, document.currency] += amount
        whole = self.make(folder).files(laid)
        assert sum(file.rows for file in whole) == sum(
            file.rows for document in laid for file in self.make(folder).files([document])
        )
        return found

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        raise NotImplementedError


def rows(content: bytes, encoding: str = "utf-8") -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline="")))


class TestIif(FileContract):
    adapter = QuickBooksIif
    foreign_currencies = False
    refused_account = "Income:A name that is longer than a level may be"

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        titles: dict[str, list[str]] = {}
        whole = Decimal(0)
        for line in content.decode("cp1252").splitlines():
            cells = line.split("\t")
            if cells[0].startswith("!"):
                titles[cells[0][1:]] = cells
            elif cells[0] == "ENDTRNS":
                assert whole == 0
            else:
                assert len(cells) == len(titles[cells[0]])
                row = dict(zip(titles[cells[0]], cells, strict=True))
                if row.get("QNTY"):
                    assert Decimal(row["QNTY"]) * Decimal(row["PRICE"]) == Decimal(row["AMOUNT"])
                whole += Decimal(row["AMOUNT"])
                yield row["ACCNT"], Decimal(row["AMOUNT"])


class TestSage(FileContract):
    adapter = Sage50
    chart = documents.Chart(
        receivable="1100", clearing="1250", bank="1200", goods="0400", shipping="4905", discounts="4009", deposits="2110", tips="2300", fees="7901",
        rounding="7999", tax="2200", tax_code="T1", second_tax="2200", second_tax_code="T5",
    )  # fmt: skip

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        for row in rows(content, "cp1252"):
            net, tax, nominal = Decimal(row["Net Amount"]), Decimal(row["Tax Amount"]), row["Nominal A/C Ref"]
            assert net >= 0
            assert tax >= 0
            side = {"SI": 1, "SC": -1, "BR": 1, "BP": -1, "SA": 1, "SP": -1}[row["Type"]]
            if row["Type"] in ("SA", "SP"):
                yield from ((nominal, side * net), ("1100", -side * net))
                continue
            there = "1100" if row["Type"] in ("SI", "SC") else row["Account Reference"]
            yield from ((there, side * (net + tax)), (nominal, -side * net), ("2200", -side * tax))


class TestXero(FileContract):
    adapter = XeroFiles
    options = {"receivable": "610", "tax_account": "820"}
    refused_account = "1200 Receivables"
    chart = documents.Chart(
        receivable="610", clearing="090", bank="091", goods="200", shipping="201", discounts="202", deposits="830", tips="850", fees="404", rounding="860",
        tax="820", tax_code="19% (VAT on Income)", second_tax="821", second_tax_code="City tax",
    )  # fmt: skip

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        if "statement" in name:
            account = name.split("-")[2]
            for row in rows(content):
                amount, other = Decimal(row["*Amount"]), row["Description"].partition(":")[0]
                yield from ((account, amount), (other, -amount))
            return
        for row in rows(content):
            net = Decimal(row["*Quantity"]) * Decimal(row["*UnitAmount"])
            rate = {"19% (VAT on Income)": Decimal("0.19"), "No VAT": Decimal(0)}[row["*TaxType"]]
            tax = money.rounded(net * rate, currency)
            yield from (("610", net + tax), (row["*AccountCode"], -net), ("820", -tax))


class TestQuickBooksOnline(FileContract):
    adapter = QuickBooksOnlineFiles
    refused_account = "Sales of " + "a" * 100
    chart = documents.Chart(receivable="Accounts Receivable (A/R)")

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        taxes = {self.chart.tax_code: self.chart.tax, self.chart.second_tax_code: self.chart.second_tax, "No VAT": ""}
        for row in rows(content):
            if "journals" in name:
                yield row["AccountName"], Decimal(row["Debits"] or 0) - Decimal(row["Credits"] or 0)
                continue
            net, tax = Decimal(row["*ItemAmount"]), Decimal(row["Item Tax Amount"])
            assert Decimal(row["ItemQuantity"]) * Decimal(row["ItemRate"]) == net
            yield from ((self.chart.receivable, net + tax), (row["Item(Product/Service)"], -net))
            yield taxes[row["*Item Tax Code"]], -tax


class TestOdoo(FileContract):
    adapter = OdooFiles
    options = {"receivable": "121000"}
    chart = documents.Chart(
        receivable="121000", clearing="101402", bank="101401", goods="400000", shipping="400100", discounts="443000", deposits="252000", tips="253000",
        fees="620000", rounding="999998", tax="251000", tax_code="19% S", second_tax="251001", second_tax_code="City 2%",
    )  # fmt: skip

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        kind = ""
        for row in rows(content):
            kind = row["move_type"] or kind
            if kind == "entry":
                yield row["line_ids/account_id"], Decimal(row["line_ids/amount_currency"])
                continue
            side = -1 if kind == "out_refund" else 1
            net = side * Decimal(row["invoice_line_ids/quantity"]) * Decimal(row["invoice_line_ids/price_unit"])
            rate = {"19% S": Decimal("0.19"), "": Decimal(0)}[row["invoice_line_ids/tax_ids"]]
            tax = money.rounded(net * rate, currency)
            yield from (("121000", net + tax), (row["invoice_line_ids/account_id"], -net), ("251000", -tax))


class TestErpnext(FileContract):
    adapter = ErpnextFiles
    options = {"company": "Example Ltd", "receivable": documents.CHART.receivable}
    refused_account = "Sales of " + "a" * 140

    def booked(self, name: str, content: bytes, currency: str) -> Iterator[Moved]:
        debtors = ""
        for row in rows(content):
            if "journal" in name:
                account = row["Account (Accounting Entries)"]
                yield account, Decimal(row["Debit (Accounting Entries)"]) - Decimal(row["Credit (Accounting Entries)"])
                continue
            debtors = row["Debit To"] or debtors
            net = Decimal(row["Quantity (Items)"] or 0) * Decimal(row["Rate (Items)"] or 0)
            tax = Decimal(row["Amount (Sales Taxes and Charges)"] or 0)
            yield debtors, net + tax
            yield row["Income Account (Items)"], -net
            yield row["Account Head (Sales Taxes and Charges)"], -tax
