"""A payout on the desk: in the queue, on its page, through its buttons; seen by the auditor and decided by nobody but the owner."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders import incoming, intake, review, roles
from orders import models as m
from tests import desk, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    made = desk.shop(fees_by="payout")
    roles.settle(apps)
    desk.owner(made).groups.add(Group.objects.get(name=roles.OWNER.name))
    type(desk.owner(made)).objects.filter(pk=desk.owner(made).pk).update(is_staff=True)
    return made


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def paid_out(shop: m.Shop, *ids: str, id: str = "PO1") -> m.Payout:
    """A payout of these orders' payments, each less a fee of 0.40."""
    lines = tuple(
        incoming.PayoutLine(kind="charge", amount=Decimal("11.90"), fee=Decimal("0.40"), payment_id=f"P{one}")
        for one in ids
    )
    told = factories.payout(id, amount=Decimal("11.50") * len(ids), lines=lines, paid_on=date(2026, 10, 5))
    assert not intake.receive(shop, [told], source=factories.source()).refused
    return m.Payout.objects.get(store_id=id)


def sold(shop: m.Shop, id: str) -> m.Order:
    return desk.approved(shop, id, payments=(factories.payment(id=f"P{id}"),))


def act(client: Client, payout: m.Payout, verb: str, **values: object) -> object:
    payout.refresh_from_db()
    return client.post(f"/admin/review/payout/{payout.pk}/{verb}/", {"version": payout.version, **values}, follow=True)


def test_a_ready_payout_is_approved_on_its_page(shop: m.Shop) -> None:
    sold(shop, "1")
    payout, client = paid_out(shop, "1"), signed_in(desk.owner(shop))
    queue = client.get("/admin/review/?kind=payout&tab=ready").content.decode()
    assert "PO1" in queue
    page = client.get(f"/admin/review/payout/{payout.pk}/").content.decode()
    assert "Payout PO1" in page
    assert "Assets:Clearing:Card" in page
    assert "by its id" in page
    act(client, payout, "approve")
    payout.refresh_from_db()
    assert payout.state == m.State.APPROVED
    assert "Approved: 11.5 EUR" in client.get(f"/admin/review/payout/{payout.pk}/").content.decode()


def test_what_is_missing_is_adjusted_on_the_page(shop: m.Shop) -> None:
    payout, client = paid_out(shop, "9"), signed_in(desk.owner(shop))
    page = client.get(f"/admin/review/payout/{payout.pk}/").content.decode()
    assert "belongs to no known payment" in page
    assert 'href="#adjust"' in page
    account = factories.account(shop.ledger, "Expenses:Payouts")
    act(client, payout, "adjust", account=account.pk, net="11.50", reason="an old sale")
    payout.refresh_from_db()
    assert payout.blockers == 0
    act(client, payout, "hold", question="which sale?")
    payout.refresh_from_db()
    assert (payout.state, payout.question) == (m.State.HELD, "which sale?")


def test_several_ready_payouts_are_approved_at_once(shop: m.Shop) -> None:
    made = []
    for id in ("1", "2"):
        sold(shop, id)
        made.append(paid_out(shop, id, id=f"PO{id}"))
    client = signed_in(desk.owner(shop))
    chosen = {"kind": "payout", "tab": "ready", "id": [str(one.pk) for one in made]}
    there = client.post("/admin/review/approve/", chosen).url
    assert client.get(there).context["sums"] == {"EUR": Decimal("23.00")}
    client.post(there, {"confirm": "1"})
    review.bulk.work(60)
    assert m.Payout.objects.filter(state=m.State.APPROVED).count() == 2


def test_the_auditor_sees_a_payout_and_decides_nothing(shop: m.Shop) -> None:
    sold(shop, "1")
    payout, auditor = paid_out(shop, "1"), factories.user("auditor", is_staff=True)
    auditor.groups.add(Group.objects.get(name=roles.AUDITOR.name))
    client = signed_in(auditor)
    page = client.get(f"/admin/review/payout/{payout.pk}/")
    assert page.status_code == 200
    assert "Approve and next" not in page.content.decode()
    assert act(client, payout, "approve").status_code == 403  # type: ignore[attr-defined]


def test_a_page_of_many_movements_asks_no_more_of_the_database_than_one_of_few(shop: m.Shop) -> None:
    counts = []
    client = signed_in(desk.owner(shop))
    for ids in (("1", "2"), ("3", "4", "5", "6", "7")):
        for id in ids:
            sold(shop, id)
        payout = paid_out(shop, *ids, id=f"PO{ids[0]}")
        client.get(f"/admin/review/payout/{payout.pk}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/admin/review/payout/{payout.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
