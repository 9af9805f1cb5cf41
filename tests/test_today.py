"""Today, as each role meets it: what waits for that person, since when, what it is worth, and whether everything runs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection
from orders import models, review, roles
from tests import desk as company
from tests import factories
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


def today(*names: str) -> str:
    """The words of the page for whoever holds these roles."""
    client = Client()
    client.force_login(person(*names, username="somebody"))
    html = client.get(reverse("admin:index")).content.decode().partition('id="content"')[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_owner_sees_what_can_be_undone_and_for_how_long() -> None:
    shop = company.shop(ledger_undo_seconds=900)
    review.approve(company.told(shop), by=company.owner(shop))
    assert re.search(r"one can be undone, for 1[45]:\d\d", today(roles.OWNER.name))


def test_refunds_and_refused_records_wait_beside_the_orders() -> None:
    shop = desk(factories.user("kim"))
    models.Quarantine.objects.create(
        shop=shop, source="orders.csv", place="row 2", reason="no total", digest="d", received_at=timezone.now()
    )
    said = today(roles.OWNER.name, roles.ACCOUNTANT.name)
    assert "Refunds to decide 1" in said
    assert "Refused records 1" in said


def test_the_it_lead_sees_every_connection_with_when_it_last_answered_and_no_order() -> None:
    Connection.objects.create(
        name="books", kind="beancount", ledger=factories.ledger("books"), paused_at=timezone.now()
    )
    Connection.objects.create(
        name="web", kind="webhook", shop=factories.shop("web"), last_success_at=timezone.now() - timedelta(hours=3)
    )
    said = today(roles.IT_LEAD.name)
    assert re.search(r"books \S+.*? paused never", said)
    assert re.search(r"web .*? running 3 h", said)
    assert "Needs review" not in said
    assert "Nothing waits for you." in said


def test_a_drawing_has_its_table() -> None:
    desk(factories.user("kim"))
    said = today(roles.AUDITOR.name)
    assert "As a table" in said
    assert timezone.localtime().strftime("%b") in said.partition("As a table")[2]


def test_marketing_sees_no_figure_of_orders() -> None:
    desk(factories.user("kim"))
    said = today(roles.MARKETING.name)
    assert "Nothing waits for you." in said
    assert "EUR" not in said
