"""Files as an uploader meets them: each oddity gets a sentence that names row, column, value and fix; a small file is taken in whole or not at all."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.inbox import decisions
from orders.models import (
    Correction,
    Event,
    ImportJob,
    ImportPiece,
    ImportProfile,
    ImportRecord,
    ImportState,
    Order,
    Quarantine,
)
from tests import sheet_files, test_inbox
from tests.uploading import HEAD, TITLES, Uploader, order, orders, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def who() -> Uploader:
    return Uploader()


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


# One button: recognise, preview, confirm


def test_a_shop_is_offered_by_the_name_that_the_pages_use(who: Uploader) -> None:
    who.shop.name = "Nordlicht Haus"
    who.shop.save()
    assert f"Nordlicht Haus ({who.shop.code})" in who.client.get(reverse("admin:upload")).content.decode()


def test_a_small_file_is_recognised_previewed_and_taken_in_when_confirmed(who: Uploader) -> None:
    job = who.uploads(orders(3))
    assert (job.state, job.layout) == (ImportState.UPLOADED, "shopify-orders-csv")
    assert "Created at" in who.page(job)
    assert "ann@example.org" in who.page(job)
    job = who.does("read", job)
    assert (job.state, job.large, job.created, job.refused) == (ImportState.READY, False, 3, 0)
    said = who.page(job)
    assert "Nothing was taken in yet" in said
    assert "30.00 EUR" in said
    assert "order #1001" in said
    assert not Order.objects.exists()
    job = who.does("confirm", job)
    assert (job.state, job.created, job.confirmed_by) == (ImportState.DONE, 3, who.user)
    assert Order.objects.count() == 3
    assert not ImportRecord.objects.exists()


def test_the_preview_shows_each_cell_before_and_after_and_writes_nothing(who: Uploader) -> None:
    who.does("confirm", who.brings(orders(2)))
    before = Event.objects.count()
    job = who.brings(table(order(1, Financial_Status="refunded", Email="bea@example.org"), order(2)))
    assert (job.created, job.updated, job.same) == (0, 1, 1)
    html = who.client.get(reverse("admin:import", args=[job.pk])).content.decode()
    assert "<del>ann@example.org</del> <ins>bea@example.org</ins>" in html
    assert "style=" not in html.partition('id="content"')[2]
    assert Order.objects.get(number="#1001").email == "ann@example.org"
    assert Event.objects.count() == before
    who.does("confirm", job)
    assert Order.objects.get(number="#1001").email == "bea@example.org"


def test_one_refused_record_keeps_the_whole_small_file_out(who: Uploader) -> None:
    job = who.brings(table(order(1), order(2, Total="€10")))
    assert (job.state, job.created, job.refused) == (ImportState.READY, 1, 1)
    said = who.page(job)
    assert "Nothing can be taken in while a record is refused" in said
    assert "Row 3: “Total” is “€10”" in said
    job = who.does("confirm", job)
    assert job.state == ImportState.READY
    assert not Order.objects.exists()
    assert not Quarantine.objects.exists()


def test_a_file_whose_record_is_refused_only_at_confirming_leaves_nothing_behind(who: Uploader) -> None:
    job = who.brings(orders(2))
    for id_ in ("x", "y"):
        who.does("confirm", who.brings(table(order(9, Id=id_, Name="#1002"))))
    ImportRecord.objects.filter(job=job, n=2).update(body=_without_id(ImportRecord.objects.get(job=job, n=2).body))
    job = who.does("confirm", job)
    assert job.state == ImportState.READY
    assert not Order.objects.filter(number="#1001").exists()


def _without_id(body: str) -> str:
    return json.dumps({**json.loads(body), "id": ""})


def test_the_same_file_again_says_when_and_by_whom_it_was_brought_in(who: Uploader) -> None:
    who.does("confirm", who.brings(orders(1), "march.csv"))
    again = who.uploads(orders(1), "again.csv")
    assert f"by {who.user} as march.csv" in who.page(again)
    again = who.does("read", again)
    assert "would change nothing" in who.page(again)
    assert (again.created, again.same) == (0, 1)


def test_a_cancelled_file_takes_nothing_in_and_says_who_cancelled_it(who: Uploader) -> None:
    job = who.does("cancel", who.brings(orders(1)))
    assert (job.state, Order.objects.count()) == (ImportState.CANCELLED, 0)
    assert f"Cancelled by {who.user}" in who.page(job)
    assert who.does("confirm", job).state == ImportState.CANCELLED


def test_an_import_leaves_who_confirmed_it_in_the_events(who: Uploader) -> None:
    job = who.does("confirm", who.brings(orders(1)))
    [event] = Event.objects.filter(noun="importjob", object_id=str(job.pk))
    assert (event.verb, event.by) == ("confirmed", who.user)


@pytest.mark.parametrize("role", ["auditor", "marketing manager", "order data owner", "IT lead"])
def test_who_may_not_import_is_refused_on_the_server_and_sees_no_button(who: Uploader, role: str) -> None:
    job = who.brings(orders(1))
    other = Uploader(role, shop=who.shop)
    body = {"shop": who.shop.pk, "file": SimpleUploadedFile("a.csv", b"x")}
    assert other.client.get(reverse("admin:upload")).status_code == 403
    assert other.client.post(reverse("admin:upload"), body).status_code == 403
    for verb in ("read", "confirm", "cancel", "again"):
        assert other.client.post(reverse("admin:import_act", args=[job.pk, verb])).status_code == 403
    assert other.client.get(reverse("admin:import_refused", args=[job.pk])).status_code == 403
    seen = other.client.get(reverse("admin:import", args=[job.pk]))
    assert seen.status_code == (403 if role == "marketing manager" else 200)
    if seen.status_code == 200:
        html = seen.content.decode().partition('id="content"')[2].partition("<dialog")[0]
        assert "<button" not in html
        assert ("What would change" in html) == (role != "IT lead"), "the IT lead sees no customer"
    assert ImportJob.objects.count() == 1


def test_the_pages_of_an_import_cost_few_queries(who: Uploader) -> None:
    job = who.brings(orders(30))
    with CaptureQueriesContext(connection) as asked:
        who.page(job)
    assert len(asked) <= 14, "\n".join(query["sql"][:150] for query in asked)


# What is open is asked once


def test_a_number_that_reads_two_ways_is_asked_once_and_remembered(who: Uploader) -> None:
    german = table(order(1, Subtotal="1,234", Total="1,234", Lineitem_price="1,234"))
    job = who.brings(german)
    assert (job.state, list(job.asks)) == (ImportState.UPLOADED, ["decimal"])
    said = who.page(job)
    assert "Row 2, column “Lineitem price”: which number is “1,234”?" in said
    assert "1.234 (a comma stands before decimals)" in said
    assert "1234 (a point stands before decimals)" in said
    assert who.does("read", job).state == ImportState.UPLOADED, "without an answer it is asked again"
    job = who.does("read", job, decimal=".")
    assert (job.state, job.totals["sums"]) == (ImportState.READY, {"EUR": "1234"})
    again = who.brings(table(order(2, Subtotal="2,345", Total="2,345", Lineitem_price="2,345")))
    assert (again.state, again.totals["sums"]) == (ImportState.READY, {"EUR": "2345"})
    assert "a point stands before decimals" in who.page(again)
    assert ImportProfile.objects.get().answers == {"decimal": "."}


def test_a_remembered_answer_can_be_taken_back_for_a_file(who: Uploader) -> None:
    rows = table(order(1, Subtotal="1,234", Total="1,234", Lineitem_price="1,234"))
    who.does("read", who.brings(rows), decimal=".")
    job = who.uploads(rows)
    assert job.profile == {"decimal": "."}
    job = who.does("read", who.does("again", job))
    assert list(job.asks) == ["decimal"]
    job = who.does("read", job, decimal=",")
    assert job.totals["sums"] == {"EUR": "1.234"}
    assert ImportProfile.objects.get().answers == {"decimal": ","}


def test_a_third_decimal_is_pointed_out_before_and_after_the_answer(who: Uploader) -> None:
    job = who.brings(table(order(1, Subtotal="1,234", Total="1,234", Lineitem_price="1,234")))
    assert "1.234 (a comma stands before decimals); an amount in EUR has at most 2 decimals" in who.page(job)
    assert "1234 (a point stands before decimals)" in who.page(job)
    job = who.does("read", job, decimal=",")
    assert "1.234 EUR has more decimals than its currency" in who.page(job)


def test_the_preview_writes_amounts_with_their_currencys_decimals(who: Uploader) -> None:
    said = who.page(who.brings(table(order(1))))
    assert "total: 10.00" in said


def test_a_cancelled_import_says_that_its_counts_are_those_of_its_reading(who: Uploader) -> None:
    job = who.does("cancel", who.brings(orders(2)))
    assert "Read until it was cancelled" in who.page(job)


def test_the_reason_of_each_row_of_our_own_sheet_is_the_reason_of_its_corrections(who: Uploader) -> None:
    who.does("confirm", who.brings(orders(2)))
    rows = sheet_files.exported("orders")
    for n, row in enumerate(rows):
        row |= {"po_number": f"PO-{n}", "reason": "By telephone" if n else ""}
    job = who.uploads(sheet_files.written("orders", rows))
    job = who.does("confirm", who.does("read", job, reason="As agreed"))
    assert (job.state, job.updated) == (ImportState.DONE, 2)
    made = Correction.objects.order_by("order__number").values_list("value", "reason", "by")
    assert list(made) == [("PO-0", "As agreed", who.user.pk), ("PO-1", "By telephone", who.user.pk)]


def test_a_date_that_reads_two_ways_is_asked_with_both_days(who: Uploader) -> None:
    job = who.brings(table(order(1, Created_at="03/04/2026 08:00", Paid_at="")))
    said = who.page(job)
    assert "Row 2, column “Created at”: which day is “03/04/2026 08:00”?" in said
    assert "3 April 2026 (the day comes first)" in said
    assert "4 March 2026 (the month comes first)" in said
    job = who.does("read", job, dates="dmy")
    assert list(job.asks) == ["zone"], "and the zone of that time, once the day is known"
    job = who.does("read", job, zone="UTC")
    who.does("confirm", job)
    assert Order.objects.get().placed_at.isoformat() == "2026-04-03T08:00:00+00:00"


def test_a_zone_that_is_not_offered_can_be_named(who: Uploader) -> None:
    job = who.brings(table(order(1, Created_at="2026-03-04 08:00:00", Paid_at="")))
    said = who.client.get(reverse("admin:import", args=[job.pk])).content.decode()
    assert "which time zone does “2026-03-04 08:00:00” belong to?" in said
    assert re.findall(r'name="zone" value="([^"]+)"', said) == ["Europe/Berlin", "UTC", "Europe/Busingen", "other"]
    assert '<option value="Asia/Tokyo">' in said
    job = who.does("read", job, zone="other", other_zone="Mars/Olympus")
    assert job.state == ImportState.UPLOADED
    job = who.does("read", job, zone="other", other_zone="Asia/Tokyo")
    who.does("confirm", job)
    assert Order.objects.get().placed_at.isoformat() == "2026-03-03T23:00:00+00:00"


def test_windows_letters_are_asked_with_how_they_would_read(who: Uploader) -> None:
    job = who.brings(table(order(1, Billing_Name="Zoë Müller")).encode("cp1252"))
    assert "Row 2, column “Billing Name”" in who.page(job)
    assert "Zoë Müller (Windows, Western Europe)" in who.page(job)
    who.does("confirm", who.does("read", job, encoding="cp1252"))
    assert Order.objects.get().billing.name == "Zoë Müller"  # type: ignore[union-attr]


def test_macintosh_letters_are_read_as_said(who: Uploader) -> None:
    job = who.brings(table(order(1, Billing_Name="Zoë Müller")).encode("mac_roman"))
    who.does("confirm", who.does("read", job, encoding="mac_roman"))
    assert Order.objects.get().billing.name == "Zoë Müller"  # type: ignore[union-attr]


# What people bring


def taken(who: Uploader, content: bytes) -> Order:
    job = who.brings(content)
    assert job.state == ImportState.READY, who.page(job)
    assert who.does("confirm", job).state == ImportState.DONE
    return Order.objects.get()


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_every_usual_encoding_and_delimiter_is_taken_in(who: Uploader, charset: str, between: str) -> None:
    found = taken(who, table(order(1, Billing_Name="Zoë, Müller; Co"), between=between).encode(charset))
    assert (found.number, found.billing and found.billing.name) == ("#1001", "Zoë, Müller; Co")


def test_a_workbook_is_taken_in_with_its_leading_zeros(who: Uploader) -> None:
    row: dict[str, Any] = {**order(1, Lineitem_sku="00123"), "Total": 10, "Subtotal": 10.0, "Lineitem price": 10, "Lineitem quantity": 1, "Id": 1}  # fmt: skip
    found = taken(who, workbook(TITLES, list(row.values())))
    assert (found.total, found.store_id, found.lines.get().sku) == (10, "1", "00123")


def test_an_empty_file_is_refused(who: Uploader) -> None:
    assert "The file is empty" in who.page(who.brings(b""))
    assert "no rows below them" in who.page(who.brings(table()))


def test_a_pdf_by_the_name_of_csv_is_refused(who: Uploader) -> None:
    job = who.brings(b"%PDF-1.7\n%\xe2\xe3", "orders.csv")
    assert "This looks like a PDF. Export the orders from the store as CSV or JSON." in who.page(job)
    assert "Shopify (customers, inventory, orders, payouts, products)" in who.page(job)
    assert "orders-csv" not in who.page(job)


def test_a_missing_column_is_named(who: Uploader) -> None:
    job = who.brings(table(order(1), titles=[title for title in TITLES if title != "Total"]))
    assert "missing columns: Total" in who.page(job)


def test_a_file_cut_in_the_middle_of_a_row_is_refused_with_row_column_and_value(who: Uploader) -> None:
    whole = orders(3)
    job = who.brings(whole[: whole.rindex("2026-03-04 10:20:00") + 7])
    said = who.page(job)
    assert job.state == ImportState.FAILED
    assert "ends in the middle of row 4, column “Created at”, after “2026-03”" in said
    assert "Export it again" in said


def test_a_file_cut_between_the_rows_of_an_order_is_pointed_out(who: Uploader) -> None:
    job = who.brings(table(order(1), order(2, Subtotal="20.00", Total="20.00")))
    assert job.state == ImportState.READY
    assert "The last order of the file, #1002, does not add up by 10.00" in who.page(job)


def test_a_cell_of_seventy_kilobytes_is_refused_by_its_place(who: Uploader) -> None:
    said = who.page(who.brings(table(order(1, Billing_Name="x" * 70_000))))
    assert "Row 2, column “Billing Name”: the cell beginning with “xxx" in said
    assert "has 70,000 letters; at most 65,536" in said


def test_a_formula_in_an_amount_is_refused_and_one_in_a_text_is_only_text(who: Uploader) -> None:
    said = who.page(who.brings(table(order(1, Total="=5+5"))))
    assert "Row 2: “Total” is “=5+5”. It is a formula, not a number: put in the number that it gives." in said
    found = taken(who, table(order(2, Lineitem_name="=HYPERLINK(1)")).encode())
    assert found.lines.get().title == "=HYPERLINK(1)"


def test_an_order_that_stands_twice_in_a_file_is_refused_by_its_name(who: Uploader) -> None:
    job = who.brings(table(order(1), order(2), order(1)))
    said = who.page(job)
    assert "“Name” is “#1001”. The file has this order more than once" in said
    assert job.refused == 1


def test_an_order_in_a_foreign_currency_is_counted_in_its_own(who: Uploader) -> None:
    job = who.brings(table(order(1), order(2, Currency="USD")))
    assert "10.00 EUR · 10.00 USD" in who.page(job)
    who.does("confirm", job)
    assert Order.objects.get(number="#1002").currency == "USD"


def test_three_hundred_columns_are_refused_with_the_limit(who: Uploader) -> None:
    titles = [*TITLES, *(f"Extra {n}" for n in range(300 - len(TITLES)))]
    assert "Row 1 has 300 columns; at most 256 are read" in who.page(who.brings(table(order(1), titles=titles)))


def test_archives_and_bombs_are_refused_in_words(who: Uploader) -> None:
    for name, words in (("xl/workbook.xml", "unpacks to more than"), ("data.csv", "ZIP archive")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, b"x")
            archive.writestr("xl/worksheets/sheet1.xml", bytes(64 << 20))
        job = who.brings(stream.getvalue(), "orders.xlsx")
        assert job.state == ImportState.FAILED
        assert words in who.page(job)


def test_an_upload_beyond_the_limit_is_stopped_and_nothing_of_it_is_kept(who: Uploader, settings: Any) -> None:
    settings.ORDERSYNC_FILE_LIMIT = 1_000
    reply = who.client.post(reverse("admin:upload"), {"shop": who.shop.pk, "file": SimpleUploadedFile("a.csv", b"x" * 5_000)})  # fmt: skip
    assert "larger than 1 kB" in reply.content.decode()
    assert not ImportJob.objects.exists()
    assert not ImportPiece.objects.exists()


def test_a_layout_can_be_changed_before_the_file_is_read(who: Uploader) -> None:
    job = who.does("read", who.uploads(orders(1)), layout="woocommerce-orders-json")
    assert job.state == ImportState.FAILED
    assert job.words


# The refused rows come back


def test_the_refused_rows_come_back_with_their_reason_and_can_be_corrected_and_brought_in(who: Uploader) -> None:
    job = who.brings(table(order(1), order(2, Total="€10", Lineitem_name="=1+1")))
    text = who.refused_file(job).decode("utf-8-sig")
    header, row = text.splitlines()
    assert header == ",".join([*TITLES, "reason"])
    assert "'=1+1" in row
    assert "Row 3: “Total” is “€10”" in row
    job = who.brings(text.replace("€10,", "10.00,", 1))
    assert (job.state, job.created, job.refused) == (ImportState.READY, 1, 0)
    who.does("confirm", job)
    assert Order.objects.get().lines.get().title == "=1+1"


def test_a_refused_row_of_a_workbook_comes_back_in_a_workbook(who: Uploader) -> None:
    job = who.brings(workbook(TITLES, list(order(1, Total="€10", Lineitem_sku="00123").values())))
    sheet = openpyxl.load_workbook(io.BytesIO(who.refused_file(job))).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == [*TITLES, "reason"]
    assert rows[1][TITLES.index("Lineitem sku")] == "00123"


def test_a_refused_record_of_a_json_file_comes_back_as_json(who: Uploader) -> None:
    job = who.brings(test_inbox.body(test_inbox.order(1), test_inbox.order(2, total_price="ten")), "orders.json")
    [back] = json.loads(who.refused_file(job))
    assert (back["name"], "ten" in back["reason"]) == ("#1002", True)
    job = who.brings(json.dumps([{**back, "total_price": "10.00"}]), "orders.json")
    assert (job.created, job.refused) == (1, 0)


# Two people at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_wins_and_the_other_is_told() -> None:
    first = Uploader()
    second = Uploader("accountant", "order data owner", shop=first.shop)
    job = first.brings(orders(5))
    told: list[str] = []
    ready = threading.Barrier(2)

    def confirms(user: Any) -> None:
        ready.wait()
        try:
            decisions.confirm(ImportJob.objects.get(pk=job.pk), by=user)
        except decisions.NotPossible as refused:
            told.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=confirms, args=[who.user]) for who in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.refresh_from_db()
    assert (job.state, job.created, Order.objects.count()) == (ImportState.DONE, 5, 5)
    [words] = told
    assert words.startswith(f"{job.confirmed_by} has confirmed this import on ")
    assert HEAD["Email"] == Order.objects.first().email  # type: ignore[union-attr]


def test_a_text_that_looks_like_an_escaped_sign_comes_back_from_the_refused_rows_as_it_was(who: Uploader) -> None:
    row = order(1, Lineitem_name="_x005F_x0041_ mug", Total="ten")
    job = who.brings(workbook(TITLES, [row[title] for title in TITLES]), "orders.xlsx")
    again = who.brings(who.refused_file(job), "again.xlsx")
    assert again.refused == 1
    with zipfile.ZipFile(io.BytesIO(who.refused_file(job))) as packed:
        inside = b"".join(packed.read(name) for name in packed.namelist())
    assert b"_x005F_x0041_ mug" in inside
