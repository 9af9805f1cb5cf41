"""Every list can be taken out as a file: what is filtered on screen and no more, by who may, and each time with an event."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from integrations.models import Connection
from orders import models
from tests import factories, files
from tests.admin_company import desk, person, stored

pytestmark = pytest.mark.django_db
LISTS: list[Any] = sorted(admin.site._registry, key=lambda model: str(model._meta.label))


@pytest.fixture
def client() -> Client:
    return signed_in(factories.user("root", is_staff=True, is_superuser=True))


def signed_in(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


def there(model: type[Model], form: str = "csv") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_takeout", args=[form])


def taken(client: Client, address: str, **asked: str) -> bytes:
    return files.body(client.get(address, asked))


def event() -> models.Event:
    return models.Event.objects.filter(noun="user").latest("id")


@pytest.fixture
def company() -> models.Shop:
    shop = desk(person("order data owner", username="kim"))
    Connection.objects.create(name="books", kind="beancount", ledger=shop.ledger, secrets="very-secret")
    TOTPDevice.objects.create(user=User.objects.get(username="kim"), key="00deadbeef", name="phone")
    return shop


def test_every_list_is_a_file_with_as_many_records_as_the_screen(client: Client, company: models.Shop) -> None:
    for model in LISTS:
        _is_a_file(client, model)


def _is_a_file(client: Client, model: type[Model]) -> None:
    page = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert there(model) in page.content.decode()
    with CaptureQueriesContext(connection) as asked:
        text = taken(client, there(model))
    assert len(asked) <= 20, model
    rows = files.records(text)
    many = {models.Order: "line id", models.Refund: "line id", models.Payout: "line id"}.get(model)
    count = len({row["id"] for row in rows}) if many else len(rows)
    assert count == page.context["cl"].queryset.count()
    cells = files.sheet(taken(client, there(model, "xlsx")))
    assert len(cells) == len(rows) + 1
    assert [str(title) for title in cells[0]] == files.table(text)[0]
    for secret in ("very-secret", "00deadbeef", User.objects.get(username="kim").password):
        assert secret not in text.decode()


def test_what_is_filtered_and_searched_on_the_screen_is_what_is_taken_out(client: Client, company: models.Shop) -> None:
    asked = {"shop__id__exact": str(company.pk), "q": "finn"}
    screen = client.get(reverse("admin:orders_customer_changelist"), asked)
    emails = {row["email"] for row in files.records(taken(client, there(models.Customer), **asked))}
    assert emails == {customer.email for customer in screen.context["cl"].queryset} == {"finn@example.org"}
    assert there(models.Customer) + "?shop__id__exact=" in screen.content.decode()


def test_a_filter_that_does_not_exist_leads_back_to_the_list(client: Client, company: models.Shop) -> None:
    reply = client.get(there(models.Customer), {"nonsense__exact": "1"})
    assert (reply.status_code, "nonsense" in reply.headers["Location"]) == (302, True)
    assert client.get(there(models.Customer, "pdf")).status_code == 404


def test_an_export_is_an_event_that_says_who_what_which_filter_and_how_many(
    client: Client, company: models.Shop
) -> None:
    taken(client, there(models.Customer), shop__id__exact=str(company.pk), q="finn", p="1")
    found = event()
    said = json.loads(found.body)
    assert (found.verb, str(found.by), found.words) == ("took out", "root", "customers taken out as CSV: 2 records")
    filters = {"shop__id__exact": str(company.pk)}
    assert said["to"] == {"list": "customers", "form": "csv", "filters": filters, "rows": 2}
    assert "finn" not in found.body + found.words
    assert json.loads(found.personal)["searched"] == "finn"


def test_a_file_that_breaks_off_says_how_far_it_came(client: Client, company: models.Shop) -> None:
    reply: Any = client.get(there(models.Order))
    next(iter(reply.streaming_content))
    reply._iterator.close()
    assert event().verb == "broke off"


def test_a_tab_of_the_queue_is_taken_out_whole(client: Client, company: models.Shop) -> None:
    address = reverse("admin:review_takeout", args=["csv"])
    page = client.get(reverse("admin:review"), {"tab": "ready"}).content.decode()
    assert f"{address}?tab=ready" in page
    numbers = {row["number"] for row in files.records(taken(client, address, tab="ready", q="finn"))}
    ready = models.Order.objects.filter(blockers=0, state="pending", customer_name="Finn Sato")
    assert numbers == set(ready.values_list("number", flat=True)) != set()
    refunds = files.records(taken(client, address, kind="refund", tab="review"))
    assert {row["order"] for row in refunds} == {"1018"}


MAY = {
    "order data owner": {"order": 200, "customer": 200, "product": 200},
    "deputy": {"order": 200, "customer": 200, "product": 200},
    "accountant": {"order": 200, "customer": 200, "product": 200},
    "entrepreneur": {"order": 200, "customer": 200, "product": 200},
    "auditor": {"order": 200, "customer": 200, "product": 200, "event": 200},
    "marketing manager": {"order": 403, "customer": 403, "product": 200, "stocklevel": 200, "event": 403},
    "IT lead": {"order": 403, "customer": 403, "event": 403, "quarantine": 403, "shop": 403},
}


@pytest.mark.parametrize("role", MAY)
def test_who_may_see_a_list_may_take_it_out_but_for_the_it_lead(role: str, company: models.Shop) -> None:
    client = signed_in(person(role))
    found = {name: client.get(there(models_by_name(name))).status_code for name in MAY[role]}
    assert found == MAY[role]
    assert client.get(reverse("admin:review_takeout", args=["csv"])).status_code == MAY[role]["order"]


def models_by_name(name: str) -> type[Model]:
    return next(model for model in LISTS if model._meta.model_name == name)


def test_the_it_lead_finds_no_button_that_takes_out(company: models.Shop) -> None:
    client = signed_in(person("IT lead"))
    assert "take-out" not in client.get(reverse("admin:orders_shop_changelist")).content.decode()
    both = signed_in(person("IT lead", "accountant", username="both"))
    assert "take-out" in both.get(reverse("admin:orders_shop_changelist")).content.decode()


def test_the_totals_that_close_a_file_are_the_sums_of_the_database(client: Client, company: models.Shop) -> None:
    *_rows, last = files.table(taken(client, there(models.Document)))
    assert last[0] == "TOTAL, 0 rows"
    for number, currency, total in (("A1", "EUR", "1.10"), ("A2", "EUR", "2.205"), ("A3", "JPY", "300")):
        stored(company, number, total, currency=currency)
    book = taken(client, there(models.Order, "xlsx"))
    sums = {(row[0], row[1]): row[2] for row in files.sheet(book, "Totals")[1:]}
    for currency in ("EUR", "JPY"):
        wanted = sum(models.Order.objects.filter(currency=currency).values_list("total_due", flat=True))
        assert Decimal(str(sums[currency, "total due"])) == wanted
