"""What a ledger refuses comes with the button that puts it right: at the order, on the page of the document and of its delivery."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import connections, outbox
from integrations.errors import Refused
from orders import models as m
from orders.admin.desk import fixes
from tests import desk, factories
from tests.admin_company import person
from tests.contracts import documents
from tests.lab import odoo as lab
from tests.test_odoo import _stopped as _stopped
from tests.test_odoo import adapter, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    return desk.shop(owner=person("order data owner", "accountant", username="kim"))


@pytest.mark.django_db(transaction=True)
def test_an_account_that_the_ledger_refuses_leads_to_the_mappings_that_name_it(shop: m.Shop, tmp_path: Path) -> None:
    connections.connect("beancount", "books", ledger=shop.ledger, options={"folder": str(tmp_path)})
    wrong = factories.account(shop.ledger, "4000")
    m.AccountMapping.objects.filter(ledger=shop.ledger, purpose="line", value="item").update(account=wrong)
    order = desk.approved(shop)
    m.Booking.objects.update(not_before=timezone.now())
    outbox.tick(5)
    booking = m.Booking.objects.get(document__kind="invoice")
    assert (booking.outcome, booking.cause) == ("refused", "theirs:account:4000")
    assert order.findings.get(code="posting_failed").cause == "theirs:account:4000"
    client, there = Client(), f"{reverse('admin:orders_accountmapping_changelist')}?account__id__exact={wrong.pk}"
    client.force_login(desk.owner(shop))
    for page in (
        reverse("admin:record", args=["order", order.pk]),
        reverse("admin:orders_document_change", args=[booking.document_id]),
        reverse("admin:integrations_delivery_change", args=[booking.document.delivery.pk]),
    ):
        assert there in client.get(page).content.decode(), page
    assert "item" in client.get(there).content.decode()


@pytest.mark.parametrize(
    ("cause", "where"),
    [
        ("theirs:tax:DE19", "orders/taxmapping/?tax_code__id__exact="),
        ("period:2026-10", "orders/period/"),
        ("rate:USD", "orders/exchangerate/add/?currency=USD"),
        ("account:ledger:adjustment", "orders/ledger/"),
        ("connection:", "integrations/connection/"),
        ("party:", "#correct"),
        ("amounts:", "#adjust"),
    ],
)
def test_every_cause_has_its_place(shop: m.Shop, cause: str, where: str) -> None:
    everybody = User.objects.create_superuser("all")
    fix = fixes.of(everybody, shop.ledger, cause, back="/")
    assert fix is not None
    assert where in fix.href
    order = desk.approved(shop)
    elsewhere = fixes.of_document(everybody, order.documents.first(), cause, back="/")
    assert elsewhere is not None
    assert elsewhere.href.startswith("/")
    nobody = factories.user()
    assert fixes.of_document(nobody, order.documents.first(), cause, back="/") is None


@pytest.mark.parametrize(
    ("spoilt", "cause"),
    [
        ({"account": "999999"}, "theirs:account:999999"),
        ({"tax_code": "16%"}, "theirs:tax:16%"),
    ],
)
def test_odoo_names_what_is_to_be_put_right(tmp_path: Path, spoilt: dict[str, str], cause: str) -> None:
    chart = lab.NUMBERS
    lines = (documents.line(1, "100.00", "19.00", chart=chart, **spoilt),)
    with pytest.raises(Refused) as caught:
        adapter(serve(tmp_path, 17)).book(documents.invoice(chart=chart, lines=lines))
    assert caught.value.cause == cause
