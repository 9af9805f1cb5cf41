"""Each layout byte by byte against files checked by hand, their headers as published; the targets' own limits; and what a spreadsheet program leaves of them."""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.accounting.files import FileLedger, Illegible
from integrations.errors import Misconfigured, Refused
from orders import outgoing
from tests import test_file_ledgers as targets
from tests.contracts import documents
from tests.contracts.documents import DocumentKind
from tests.folder_shelf import FolderShelf

GOLDEN = Path(__file__).parent / "golden"
TARGETS: list[type[targets.FileContract]] = [
    targets.TestIif,
    targets.TestSage,
    targets.TestXero,
    targets.TestQuickBooksOnline,
    targets.TestOdoo,
    targets.TestErpnext,
]
# As published: the sources stand in each module's docstring.
HEADERS = {
    "quickbooks.iif": "!TRNS,TRNSID,TRNSTYPE,DATE,ACCNT,NAME,CLASS,AMOUNT,DOCNUM,MEMO,CLEAR,TOPRINT,ADDR1,ADDR2,ADDR3,ADDR4,ADDR5,DUEDATE,TERMS,PAID,SHIPDATE",
    "sage50.csv": "Type,Account Reference,Nominal A/C Ref,Department Code,Date,Reference,Details,Net Amount,Tax Code,Tax Amount,Exchange Rate,Extra Reference,"
    "User Name,Project Refn,Cost Code Refn",
    "xero-invoices-1.csv": "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,POCountry,"
    "*InvoiceNumber,Reference,*InvoiceDate,*DueDate,InventoryItemCode,*Description,*Quantity,*UnitAmount,Discount,*AccountCode,*TaxType,TrackingName1,"
    "TrackingOption1,TrackingName2,TrackingOption2,Currency,BrandingTheme",
    "quickbooks-invoices-1.csv": "*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Terms,Location,Memo,Item(Product/Service),ItemDescription,ItemQuantity,ItemRate,"
    "*ItemAmount,Item Tax Amount,*Item Tax Code,Currency",
}


def ledger(target: type[targets.FileContract], **changes: Any) -> FileLedger:
    return target.adapter(target.adapter.Options(**{**target.options, **changes}))  # type: ignore[attr-defined]


def given(target: type[targets.FileContract]) -> list[outgoing.Document]:
    """An invoice, its credit note and its payment with a fee, and an invoice with a discount whose text begins like a formula."""
    chart = target.chart
    made = [
        documents.BUILDERS[kind](chart=chart)
        for kind in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT)
        if kind in target.adapter.kinds
    ]
    discount = documents.line(
        2, "-10.00", "-1.90", chart=chart, kind="discount", account=chart.discounts, text="=Autumn"
    )
    lines = (documents.line(1, "33.33", "6.33", chart=chart, quantity=Decimal(3), text="Mug"), discount)
    return [*made, documents.invoice("1002", chart=chart, lines=lines)]


@pytest.mark.parametrize("target", TARGETS)
def test_the_files_are_those_that_were_checked_by_hand(target: type[targets.FileContract]) -> None:
    files = ledger(target).files(given(target))
    assert files
    for file in files:
        assert file.content == (GOLDEN / file.name).read_bytes()
        assert file.steps
        first = file.content.decode("cp1252").splitlines()[0]
        if file.name in HEADERS:
            assert first.replace("\t", ",") == HEADERS[file.name]


def test_every_golden_file_is_made_by_some_ledger() -> None:
    made = {file.name for target in TARGETS for file in ledger(target).files(given(target))}
    assert made == {path.name for path in GOLDEN.iterdir()}


# What each target's limits are


def test_xero_gets_five_hundred_invoices_a_file_and_a_thousand_lines_a_statement() -> None:
    many = [documents.invoice(str(n), chart=targets.TestXero.chart) for n in range(501)]
    first, second = ledger(targets.TestXero).files(many)
    assert [len({row["*InvoiceNumber"] for row in targets.rows(file.content)}) for file in (first, second)] == [500, 1]
    paid = [documents.payment(str(n), chart=targets.TestXero.chart) for n in range(501)]
    assert [file.rows for file in ledger(targets.TestXero).files(paid)] == [1000, 2]


@pytest.mark.parametrize(
    ("order", "written"), [("DMY", "05/04/2026"), ("MDY", "04/05/2026"), ("YMD", "2026-04-05"), ("ymd", "2026-04-05")]
)
def test_dates_are_written_as_the_target_reads_them(order: str, written: str) -> None:
    document = documents.invoice(chart=targets.TestXero.chart, posting_on=date(2026, 4, 5))
    (file,) = ledger(targets.TestXero, dates=order).files([document])
    assert targets.rows(file.content)[0]["*InvoiceDate"] == written


def test_an_order_of_dates_that_there_is_not_is_said() -> None:
    assert [check.ok for check in ledger(targets.TestXero, dates="american").check()] == [False]
    with pytest.raises(Misconfigured, match="DMY, MDY or YMD"):
        ledger(targets.TestXero, dates="american").files([documents.invoice(chart=targets.TestXero.chart)])


REFUSALS: list[tuple[type[targets.FileContract], dict[str, Any], dict[str, Any], str]] = [
    (targets.TestXero, {}, {"contra_account": "1200"}, "books it on Accounts Receivable, 610"),
    (targets.TestXero, {}, {"tax_code": "x" * 51}, "at most 50"),
    (targets.TestXero, {}, {"currency": "KWD", "net": "1.234", "tax": "0.234"}, "three decimals"),
    (targets.TestSage, {}, {"contra_account": "1200"}, "debtors control account, 1100"),
    (targets.TestSage, {}, {"tax_code": "DE19"}, "T0 to T99|at most 3"),
    (targets.TestSage, {}, {"tax_code": "S20"}, "does not take"),
    (targets.TestSage, {}, {"account": "4000 GOODS"}, "at most 8"),
    (targets.TestSage, {"customer": "WEBCUSTOMERS"}, {}, "at most 8"),
    (targets.TestIif, {}, {"reference": "WEB123456789"}, "at most 11"),
    (targets.TestIif, {}, {"account": "Income:" + "x" * 32}, "more than 31"),
    (targets.TestQuickBooksOnline, {"region": "us"}, {}, "no place for it"),
    (targets.TestQuickBooksOnline, {}, {"contra_account": "Debtors"}, "books invoices on Accounts Receivable"),
    (targets.TestOdoo, {}, {"contra_account": "121001"}, "Odoo books it on 121000"),
    (targets.TestErpnext, {}, {"account": "x" * 141}, "at most 140"),
]


@pytest.mark.parametrize(("target", "options", "changes", "words"), REFUSALS)
def test_what_a_target_does_not_take_is_refused_with_the_document_and_a_fix(
    target: type[targets.FileContract], options: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    in_line = {name: changes[name] for name in ("tax_code", "account") if name in changes}
    line = documents.line(1, changes.get("net", "10.00"), changes.get("tax", "1.90"), chart=target.chart, **in_line)
    rest = {name: value for name, value in changes.items() if name in ("contra_account", "currency", "reference")}
    document = documents.invoice(chart=target.chart, lines=(line,), **rest)
    with pytest.raises(Refused, match=words) as caught:
        ledger(target, **options).examine(document)
    assert document.reference in caught.value.words
    assert caught.value.fix


def test_a_tax_that_xero_reckons_otherwise_is_brought_back_by_a_named_line() -> None:
    lines = tuple(
        documents.line(n, "0.33", tax, chart=targets.TestXero.chart)
        for n, tax in ((1, "0.06"), (2, "0.06"), (3, "0.07"))
    )
    document = documents.invoice(chart=targets.TestXero.chart, lines=lines)
    (made,) = ledger(targets.TestXero).adjustments(document)
    assert (made.tax, made.net) == (Decimal("-0.01"), Decimal("0.01"))
    last = targets.rows(ledger(targets.TestXero).files([document])[0].content)[-1]
    assert (last["*AccountCode"], last["*UnitAmount"], last["*TaxType"]) == ("860", "0.01", "No VAT")
    with pytest.raises(Refused, match=r"reckons 0\.18, signed is 0\.19"):
        ledger(targets.TestXero).examine(dataclasses.replace(document, adjustment_account=""))


def test_quickbooks_repeats_the_header_of_an_invoice_or_not() -> None:
    document = documents.invoice(chart=targets.TestQuickBooksOnline.chart)
    for repeat, expected in ((True, ["Jane Doe", "Jane Doe"]), (False, ["Jane Doe", ""])):
        (file,) = ledger(targets.TestQuickBooksOnline, repeat_header=repeat).files([document])
        assert [row["*Customer"] for row in targets.rows(file.content)] == expected


def test_quickbooks_gets_no_more_than_its_bounds_and_no_invoice_is_cut() -> None:
    many = [documents.invoice(str(n), chart=targets.TestQuickBooksOnline.chart) for n in range(7)]
    files = ledger(targets.TestQuickBooksOnline, invoices_per_file=3).files(many)
    assert [len({row["*InvoiceNo"] for row in targets.rows(file.content)}) for file in files] == [3, 3, 1]


def test_odoos_external_ids_are_the_same_for_the_same_document_and_others_for_the_next_revision() -> None:
    first = targets.rows(ledger(targets.TestOdoo).files([documents.invoice(chart=targets.TestOdoo.chart)])[0].content)
    again = targets.rows(
        ledger(targets.TestOdoo).files([documents.invoice(chart=targets.TestOdoo.chart, memo="told again")])[0].content
    )
    later = targets.rows(
        ledger(targets.TestOdoo).files([documents.invoice(chart=targets.TestOdoo.chart, revision=2)])[0].content
    )
    assert first[0]["id"] == again[0]["id"] != later[0]["id"]
    assert [row["id"] for row in first] == [first[0]["id"], ""]
    assert len({row["invoice_line_ids/id"] for row in [*first, *later]}) == 4


def test_erpnext_gets_the_columns_of_the_sites_own_template() -> None:
    (standard,) = ledger(targets.TestErpnext).files([documents.invoice(chart=targets.TestErpnext.chart)])
    titles = list(targets.rows(standard.content)[0])
    own = ["ID", "Cost Center", *reversed(titles[1:])]
    template = ",".join(own)
    (file,) = ledger(targets.TestErpnext, invoice_template=template).files(
        [documents.invoice(chart=targets.TestErpnext.chart)]
    )
    found = targets.rows(file.content)
    assert list(found[0]) == own
    assert (found[0]["Customer"], found[0]["Cost Center"]) == ("Jane Doe", "")
    lacking = ledger(targets.TestErpnext, invoice_template=template.replace("Debit To,", ""))
    (told,) = (check for check in lacking.check() if not check.ok)
    assert "Debit To" in told.words


# The answer


def test_xeros_own_export_is_an_acknowledgement() -> None:
    head = "ContactName,InvoiceNumber,Reference,InvoiceDate,DueDate,Total,TaxTotal,InvoiceAmountPaid,InvoiceAmountDue,LineAmount,Type,Status"
    content = "\n".join(
        [
            head,
            "Jane,WEB1001,#1,20/11/2026,20/12/2026,124.00,19.80,0.00,124.00,100.00,Sales invoice,Awaiting Payment",
            "Jane,WEB1001,#1,20/11/2026,20/12/2026,124.00,19.80,0.00,124.00,4.20,Sales invoice,Awaiting Payment",
            "Jane,CN-WEB1001,#1,20/11/2026,,-59.50,-9.50,0.00,-59.50,-50.00,Sales credit note,Paid",
            "Jane,WEB1002,#2,20/11/2026,,1.00,0.00,0.00,1.00,1.00,Sales invoice,Lost",
        ]
    ).encode()
    first, second, third = ledger(targets.TestXero).answers(content)
    assert not isinstance(first, Illegible)
    assert not isinstance(second, Illegible)
    assert (first.reference, first.kind, first.state, first.total, first.tax, first.balance) == (
        "WEB1001", "invoice", "open", Decimal("124.00"), Decimal("19.80"), Decimal("124.00"),
    )  # fmt: skip
    assert (second.reference, second.kind, second.state, second.total) == (
        "WEB1001",
        "credit_note",
        "paid",
        Decimal("59.50"),
    )
    assert isinstance(third, Illegible)
    assert "“Lost”" in third.words


def test_what_xeros_export_says_otherwise_is_a_conflict(tmp_path: Path) -> None:
    document = documents.invoice(chart=targets.TestXero.chart)
    there = targets.TestXero().make(tmp_path)
    there.book(document)
    FolderShelf(tmp_path).answer(document, total=document.gross, tax=document.tax + 1)
    with pytest.raises(Refused, match=r"tax of 20\.80 EUR; signed were 19\.80"):
        there.find(document)


# A spreadsheet program


@pytest.mark.slow
def test_zeros_signs_and_dates_survive_a_spreadsheet_program_that_opens_columns_as_text(tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("no LibreOffice on this machine: install libreoffice-calc")
    tables = sorted(path for path in GOLDEN.iterdir() if path.suffix == ".csv")
    columns = "/".join(f"{n}/2" for n in range(1, 40))
    options = ["--headless", "--norestore", f"-env:UserInstallation=file://{tmp_path}/profile"]
    opened, saved = tmp_path / "opened", tmp_path / "saved"
    reading = f"--infilter=Text - txt - csv (StarCalc):44,34,76,1,{columns}"
    subprocess.run(
        [office, *options, reading, "--convert-to", "xlsx", "--outdir", str(opened), *map(str, tables)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    writing = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
    books = sorted(map(str, opened.iterdir()))
    subprocess.run(
        [office, *options, "--convert-to", writing, "--outdir", str(saved), *books],
        check=True,
        capture_output=True,
        timeout=180,
    )
    assert len(books) == len(tables)
    for path in tables:
        before = list(csv.reader(io.StringIO(path.read_text(), newline="")))
        after = list(csv.reader(io.StringIO((saved / path.name).read_text(), newline="")))
        assert after == before, path.name
