"""What a file or a form may say without harm: numbers of absurd size, letters no database keeps, checks that nobody wrote; and who may read what was refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.accounting.files import Illegible, answers
from integrations.formats.node import Node
from integrations.handover import answering
from integrations.handover.standing import NotDone
from orders import models
from orders.resources import control
from tests import factories
from tests.admin_company import person


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1e50000000", "1E+50000000"),
        ("1e-50000000", "1E-50000000"),
        ("450789469", "450789469"),
        ("1E+3", "1000"),
        ("0.10", "0.10"),
    ],
)
def test_a_number_of_absurd_size_is_never_written_out_in_digits(written: str, text: str) -> None:
    assert Node({"id": Decimal(written)}).text("id") == text


@pytest.mark.parametrize("cell", ["1e400", "1e15", "1_000", "NaN", "Infinity", "12345678901234", "0.1234567", "١٢"])
def test_a_figure_that_no_amount_can_be_is_refused_with_its_row_and_the_others_are_read(cell: str) -> None:
    filler = "".join(f"DE{n},1.00\n" for n in range(200))  # NUL near the beginning is the sign of a workbook
    *_filler, first, second = answers.read(f"reference,total\n{filler}EU1,{cell}\nEU\x002,10.50\n".encode())
    assert isinstance(first, Illegible)
    assert first.words.startswith(f"Row 202, total: “{cell}” is not a number")
    assert not isinstance(second, Illegible)
    assert (second.reference, second.total) == ("EU2", Decimal("10.50"))


@pytest.mark.parametrize("first", ["N" * 60 + "1", "INV\x001", "INV"])
def test_a_first_number_that_no_document_could_bear_is_refused_in_words(first: str) -> None:
    with pytest.raises(NotDone):
        answering._rising(first)


def test_a_check_that_nobody_wrote_marks_the_beginning_of_time() -> None:
    assert control.mark(f"k{'f' * 5000}.AAAA") == 0
    assert control.mark("k1a.AAAA") == 26


@pytest.mark.django_db
def test_what_a_refused_record_says_is_shown_to_those_alone_who_may_see_customers() -> None:
    shop = factories.shop("web")
    job = models.ImportJob.objects.create(
        shop=shop, file_name="a.csv", file_hash="", size=1, layout="shopify-orders-csv", at=timezone.now(),
        state=models.ImportState.FAILED, refused=1, words="Row 2: “ann@example.org” is not read.",
    )  # fmt: skip
    models.ImportRefusal.objects.create(
        job=job, place="ann@example.org", field="Email", value="ann@example.org", reason="“ann@example.org” is twice."
    )
    kept = models.Quarantine.objects.create(
        shop=shop, source="a.csv", place="ann@example.org", number="1001", field="Email", value="ann@example.org",
        reason="“ann@example.org” is twice.", received_at=timezone.now(),
    )  # fmt: skip
    places = [
        reverse("admin:import", args=[job.pk]),
        reverse("admin:orders_quarantine_changelist"),
        reverse("admin:orders_quarantine_change", args=[kept.pk]),
    ]
    for role, seen in (("IT lead", False), ("accountant", True)):
        client = Client()
        client.force_login(person(role, username=role.split()[0].lower()))
        told = [client.get(there) for there in places]
        assert [reply.status_code for reply in told] == [200, 200, 200]
        assert ["ann@example.org" in reply.content.decode() for reply in told] == [seen] * 3
    assert client.get("/admin/orders/importjob/abc/change/").status_code == 404
