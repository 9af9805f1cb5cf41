"""An approved order of which nothing is due yet says in the queue what it waits for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orders import models
from tests import desk
from tests.admin_company import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("on", "waits"), [("fulfilled", True), ("placed", False)])
def test_what_is_not_due_says_what_it_waits_for(on: str, waits: bool) -> None:
    owner = person("order data owner", username="kim")
    shop = desk.shop(owner=owner, recognise_on=on, ledger_undo_seconds=0)
    order = desk.approved(shop, payments=())
    assert order.progress == models.Progress.WAITING
    client = Client()
    client.force_login(owner)
    page = client.get(reverse("admin:review"), {"tab": "approved"}).content.decode()
    assert ("posted once it is fulfilled" in page) is waits
    assert order.number in page
