"""Statements out of the books: for whom, for which days, numbered, and the same bytes whenever they are fetched again."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from orders import models as m
from orders.models import ExportBatch
from orders.resources import statements
from orders.resources.statements import STATEMENTS, Asked
from tests import desk, factories, files
from tests.admin_company import person
from tests.statements_of import rows

pytestmark = pytest.mark.django_db
HERE = "/admin/statements/"


@pytest.fixture
def shop() -> m.Shop:
    """Two orders in the books, one of them not paid, and one that waits to be sent."""
    made = desk.shop()
    desk.book_all(desk.approved(made, "1"))
    unpaid = {"payments": (), "payment_state": "pending", "lines": (factories.line("119.00", tax="19.00"),)}
    desk.book_all(desk.approved(made, "2", **unpaid))
    desk.approved(made, "3")
    return made


@pytest.fixture
def accountant() -> User:
    return person("accountant")


def signed_in(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


def day() -> date:
    found: date = m.Document.objects.latest("posting_on").posting_on
    return found


def this_day(shop: m.Shop, statement: str = "journal") -> dict[str, str]:
    return {"statement": statement, "ledger": shop.ledger.code, "from": f"{day()}", "to": f"{day()}"}


def test_an_accountant_sees_the_totals_and_makes_the_file(shop: m.Shop, accountant: User) -> None:
    client = signed_in(accountant)
    page = client.get(HERE, this_day(shop)).content.decode()
    assert "142.80" in page
    assert "Make the file" in page
    reply = client.post(HERE, this_day(shop), follow=True)
    assert "Number 1 is made" in reply.content.decode()
    batch = ExportBatch.objects.get()
    assert (batch.number, batch.by, batch.totals) == (1, accountant, {"EUR": {"debit": "142.80", "credit": "142.80"}})
    assert batch.parameters == {"from": f"{day()}", "to": f"{day()}"}
    assert [file.name.rpartition(".")[2] for file in batch.files.all()] == ["csv", "xlsx"]
    assert m.Event.objects.get(noun="exportbatch").verb == "handed out"
    assert "142.80" in client.get(HERE).content.decode()


def test_a_batch_is_downloaded_again_byte_for_byte(shop: m.Shop, accountant: User) -> None:
    client = signed_in(accountant)
    client.post(HERE, this_day(shop))
    batch = ExportBatch.objects.get()
    for file in batch.files.all():
        address = reverse("admin:exportfile", args=[batch.pk, file.name])
        first, second = client.get(address).content, client.get(address).content
        assert first == second == bytes(file.content)
        assert hashlib.sha256(first).hexdigest() == file.content_hash
    assert m.Event.objects.filter(noun="exportbatch", verb="downloaded", by=accountant).count() == 4


def test_the_same_again_is_the_batch_that_there_is_until_something_was_booked(shop: m.Shop, accountant: User) -> None:
    asked = Asked(shop.ledger, day(), day())
    first = statements.make(STATEMENTS["journal"], asked, accountant)
    again = statements.make(STATEMENTS["journal"], asked, accountant)
    assert (first.new, again.new, again.batch) == (True, False, first.batch)
    desk.book_all(m.Order.objects.get(number="1003"))
    later = statements.make(STATEMENTS["journal"], asked, accountant)
    assert (later.new, later.batch.number) == (True, 2)
    assert statements.make(STATEMENTS["tax"], asked, accountant).batch.number == 3


def test_two_batches_of_the_same_rows_are_the_same_bytes(shop: m.Shop, accountant: User) -> None:
    asked = Asked(shop.ledger, day(), day())
    batch = statements.make(STATEMENTS["journal"], asked, accountant).batch
    why = "The file was lost on the way."
    ExportBatch.objects.filter(pk=batch.pk).update(
        withdrawn_at=batch.made_at, withdrawn_by=accountant, withdrawn_why=why
    )
    other = statements.make(STATEMENTS["journal"], asked, accountant).batch
    assert other.number == 2
    hashes = [list(made.files.values_list("content_hash", flat=True)) for made in (batch, other)]
    assert hashes[0] == hashes[1]


def test_the_file_holds_every_posting_of_what_is_booked_and_of_nothing_else(shop: m.Shop, accountant: User) -> None:
    batch = statements.make(STATEMENTS["journal"], Asked(shop.ledger, day(), day()), accountant).batch
    content = {file.name.rpartition(".")[2]: bytes(file.content) for file in batch.files.all()}
    found = files.records(content["csv"])
    booked = m.Document.objects.filter(booking__booked_at__isnull=False)
    assert {row["document hash"] for row in found} == set(booked.values_list("hash", flat=True))
    assert "1003" not in {row["order"] for row in found}
    lines = m.DocumentLine.objects.filter(document__in=booked).aggregate(net=Sum("net"), tax=Sum("tax"))
    assert sum(Decimal(row["debit"] or 0) for row in found) == lines["net"] + lines["tax"] == Decimal("142.80")
    assert len(files.sheet(content["xlsx"])) == len(found) + 1 == batch.rows + 1
    tax = [row for row in found if row["tax code"] and row["account"].startswith("Liabilities")]
    assert sum(Decimal(row["credit"]) for row in tax) == lines["tax"]


def test_only_the_days_asked_for_are_in_it(shop: m.Shop) -> None:
    before = day() - timedelta(days=1)
    for profile in ("journal", "tax", "sales"):
        assert rows(profile, shop.ledger, day(), day())
        assert rows(profile, shop.ledger, before - timedelta(days=9), before) == []
    assert [(row["order"], row["balance"]) for row in rows("open-items", shop.ledger, last=day())] == [("1002", 119)]
    assert rows("open-items", shop.ledger, last=before) == []


def test_open_items_say_how_long_an_invoice_is_overdue(shop: m.Shop) -> None:
    m.Invoice.objects.update(due_on=day())
    (row,) = rows("open-items", shop.ledger, last=day() + timedelta(days=12))
    assert (row["days overdue"], row["gross"], row["settled"], row["customer"]) == (12, 119, 0, "Paula Beispiel")


def test_nothing_booked_is_nothing_handed_out(shop: m.Shop, accountant: User) -> None:
    long_ago = this_day(shop) | {"from": "2001-01-01", "to": "2001-01-31"}
    client = signed_in(accountant)
    page = client.get(HERE, long_ago).content.decode()
    assert "Nothing was booked in these days" in page
    assert "Make the file" not in page
    assert "nothing to hand out" in client.post(HERE, long_ago, follow=True).content.decode()
    assert not ExportBatch.objects.exists()


def test_a_file_that_sums_otherwise_than_the_books_is_not_handed_out(shop: m.Shop, accountant: User) -> None:
    journal = STATEMENTS["journal"]
    torn = dataclasses.replace(journal, rows=lambda asked: iter(list(journal.rows(asked))[1:]))
    with pytest.raises(statements.Differs, match=r"debit EUR is \S+ in the file and 142.80 in the books"):
        statements.make(torn, Asked(shop.ledger, day(), day()), accountant)
    assert not ExportBatch.objects.exists()


def test_an_auditor_reads_and_downloads_but_makes_no_batch(shop: m.Shop, accountant: User) -> None:
    batch = statements.make(STATEMENTS["journal"], Asked(shop.ledger, day(), day()), accountant).batch
    client = signed_in(person("auditor"))
    page = client.get(HERE, this_day(shop)).content.decode()
    assert "142.80" in page
    assert "Make the file" not in page
    assert client.post(HERE, this_day(shop)).status_code == 403
    assert client.get(reverse("admin:orders_exportbatch_change", args=[batch.pk])).status_code == 200
    assert client.get(reverse("admin:exportfile", args=[batch.pk, batch.files.all()[0].name])).status_code == 200


@pytest.mark.parametrize("role", ["marketing manager", "IT lead", "deputy"])
def test_others_are_refused(shop: m.Shop, accountant: User, role: str) -> None:
    batch = statements.make(STATEMENTS["journal"], Asked(shop.ledger, day(), day()), accountant).batch
    client = signed_in(person(role))
    assert client.get(HERE).status_code == 403
    assert client.post(HERE, this_day(shop)).status_code == 403
    assert client.get(reverse("admin:exportfile", args=[batch.pk, batch.files.all()[0].name])).status_code == 403


def test_an_owner_sees_the_page_and_may_not_make_one(shop: m.Shop) -> None:
    client = signed_in(person("order data owner"))
    assert client.get(HERE, this_day(shop)).status_code == 200
    assert client.post(HERE, this_day(shop)).status_code == 403


def test_a_day_that_is_none_and_a_range_the_wrong_way_round_are_said(shop: m.Shop, accountant: User) -> None:
    client = signed_in(accountant)
    asked = this_day(shop)
    assert "is not a day" in client.get(HERE, asked | {"from": "31.12.2026"}).content.decode()
    assert (
        "lies before the first" in client.get(HERE, asked | {"from": "2026-12-31", "to": "2026-12-01"}).content.decode()
    )


def test_the_command_hands_out_the_same_bytes(shop: m.Shop, accountant: User, tmp_path: Path) -> None:
    said = io.StringIO()
    days: dict[str, Any] = {"ledger": shop.ledger.code, "from_on": f"{day()}", "to_on": f"{day()}"}
    call_command("export", "tax", **days, by=accountant.username, into=str(tmp_path / "out"), stdout=said)
    batch = ExportBatch.objects.get()
    for file in batch.files.all():
        assert (tmp_path / "out" / file.name).read_bytes() == bytes(file.content)
        assert file.content_hash in said.getvalue()
    assert " EUR" in said.getvalue()
    assert "{" not in said.getvalue()
    with pytest.raises(CommandError, match="may not hand out"):
        call_command("export", "tax", **days, by=person("auditor").username)
    with pytest.raises(CommandError, match="lies before"):
        call_command("export", "tax", **days | {"from_on": "2099-01-01"}, by=accountant.username)
