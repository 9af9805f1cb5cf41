"""A mapping says how many waiting orders use it, and which signed documents a change leaves as they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders import models as m
from orders import usage
from tests import desk, factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    made = desk.shop(owner=person("order data owner", "accountant", username="kim"))
    for n in (1, 2, 3):
        desk.told(made, str(n), payments=(factories.payment(id=f"P{n}"),))
    return made


def test_only_what_waits_and_has_it_is_counted(shop: m.Shop) -> None:
    item = m.ItemMapping.objects.get(key="MUG")
    other = factories.item(shop.ledger, "BOWL")
    assert usage.waiting([item, other]) == {item.pk: 3, other.pk: 0}
    desk.approved(shop, "1", payments=(factories.payment(id="P1"),))
    assert usage.waiting([item]) == {item.pk: 2}
    rows = {row.value: row for row in m.AccountMapping.objects.filter(purpose__in=["line", "payment"])}
    counted = usage.waiting(list(rows.values()))
    assert {value for value, row in rows.items() if counted[row.pk]} == {"item", "card"}
    taxes = list(m.TaxMapping.objects.all())
    told = usage.waiting(taxes)
    assert {row.tax_code.code: told[row.pk] for row in taxes} == {"DE19": 2, "DE7": 0, "DE0": 0}


def test_a_shops_own_row_counts_its_own_orders_alone(shop: m.Shop) -> None:
    another = factories.shop("us", ledger=shop.ledger)
    mine, theirs = (
        m.ItemMapping.objects.create(ledger=shop.ledger, shop=of, key="MUG", item="x") for of in (shop, another)
    )
    assert usage.waiting([mine, theirs]) == {mine.pk: 3, theirs.pk: 0}


def test_the_list_and_the_form_say_so_and_name_what_is_signed(shop: m.Shop) -> None:
    desk.approved(shop, "1", payments=(factories.payment(id="P1"),))
    client, item = Client(), m.ItemMapping.objects.get(key="MUG")
    client.force_login(desk.owner(shop))
    assert "2 waiting orders" in client.get(reverse("admin:orders_itemmapping_changelist")).content.decode()
    form = client.get(reverse("admin:orders_itemmapping_change", args=[item.pk])).content.decode()
    assert "2 waiting orders: a change drafts them anew." in form
    assert "1 signed document that is not sent yet stays as it was signed: EU1001." in form
    assert "waiting order" not in client.get(reverse("admin:orders_itemmapping_add")).content.decode()


def test_fifty_rows_of_taxes_are_counted_by_one_statement(shop: m.Shop, django_assert_num_queries: Any) -> None:
    taxes = list(m.TaxMapping.objects.all())
    with django_assert_num_queries(1):
        assert sum(usage.waiting(taxes).values()) == 3
