"""One door for every importer: what comes in, what it becomes, and what is kept of it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import incoming, intake, models
from orders.incoming import LineKind, TaxTreatment
from tests import factories

pytestmark = pytest.mark.django_db
LATER = factories.NOON + timedelta(hours=1)


def one(shop: models.Shop) -> models.Order:
    return models.Order.objects.get(shop=shop)


def receive(shop: models.Shop, *records: incoming.Record, **source: object) -> intake.Receipt:
    return intake.receive(shop, records, source=factories.source(**source))


def test_an_order_comes_in_whole() -> None:
    shop = factories.shop()
    told = factories.order(refunds=(factories.refund(),), shipments=(factories.shipment(),))
    receipt = receive(shop, told)
    order = one(shop)
    assert [line.order_id for line in receipt.created] == [order.pk]
    assert (order.number, order.store_id) == ("1001", "1")
    assert (order.total_due, order.by_lines) == (Decimal("11.9"), Decimal("11.9"))
    line = order.lines.get()
    assert (line.net, line.tax, line.taxes.get().rate) == (Decimal("10"), Decimal("1.9"), Decimal("0.19"))
    assert order.payments.count() == 2
    refund = order.refunds.get()
    assert refund.lines.get().order_line == line
    assert refund.payments.get().parent == order.payments.get(store_id="P1")
    assert order.shipments.get().tracking_number == "T-1"
    assert (order.billing.city, order.shipping.city, order.customer.store_id) == ("Musterstadt", "Musterstadt", "C1")
    assert order.billing_id != order.shipping_id
    assert order.events.get(verb="received").noun == "order"


def test_a_new_order_of_five_lines_costs_at_most_fifteen_queries_before_it_is_checked() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1"))
    lines = tuple(factories.line(id=f"L{n}", sku=f"S{n}") for n in range(5))
    with CaptureQueriesContext(connection) as queries:
        receive(shop, factories.order("2", lines=lines))
    statements = [query["sql"] for query in queries]
    event = next(n for n, sql in enumerate(statements) if sql.startswith('INSERT INTO "orders_event"'))
    assert event <= 15


def test_without_tax_in_the_prices_the_lines_and_their_taxes_make_the_total() -> None:
    shop = factories.shop()
    receive(shop, factories.order(tax_included=False, lines=(factories.line("10", tax="1.90"),)))
    order = one(shop)
    assert order.by_lines == order.total_due == Decimal("11.9")
    assert order.lines.get().net == Decimal(10)


def test_a_gift_card_that_a_plugin_took_off_the_total_is_added_to_what_is_due() -> None:
    shop = factories.shop()
    receive(shop, factories.order(totals=incoming.Totals(total=Decimal("1.90"), taken_off=Decimal(10))))
    order = one(shop)
    assert (order.total, order.total_due, order.by_lines) == (Decimal("1.9"), Decimal("11.9"), Decimal("11.9"))


@pytest.mark.parametrize(
    ("placed_at", "zone", "day"),
    [
        (datetime(2026, 10, 1, 22, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 2)),
        (datetime(2026, 10, 1, 21, 59, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 1)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 26)),
        (datetime(2026, 10, 1, 3, 59, tzinfo=UTC), "America/New_York", date(2026, 9, 30)),
        (datetime(2026, 10, 1, 10, 0, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 10, 2)),
    ],
)
def test_an_orders_day_is_the_shops_day_also_at_midnight_and_when_the_clocks_change(
    placed_at: datetime, zone: str, day: date
) -> None:
    shop = factories.shop(time_zone=zone)
    receive(shop, factories.order(placed_at=placed_at))
    assert one(shop).placed_on == day


def test_a_versions_persons_stand_apart_and_its_body_names_none() -> None:
    shop = factories.shop()
    receive(shop, factories.order(company="Beispiel GmbH", vat_id="DE136695976"))
    version = one(shop).versions.get()
    for name in ("Paula", "paula@example.org", "Musterweg", "Beispiel GmbH", "DE136695976"):
        assert name not in version.body
        assert name in version.personal
    assert json.loads(version.body)["shipping"] == {"country": "DE"}
    assert version.personal_digest == incoming.digest(version.personal)
    assert one(shop).versions.get().hash != version.personal_digest


def test_an_erased_order_does_not_get_its_persons_back() -> None:
    shop = factories.shop()
    receive(shop, factories.order())
    order = one(shop)
    models.Address.objects.filter(pk__in=[order.billing_id, order.shipping_id]).update(
        name="", street="", city="", postcode=""
    )
    models.Order.objects.filter(pk=order.pk).update(erased_at=LATER, email="", customer_name="", customer=None)
    receive(shop, factories.order(po_number="B", updated_at=LATER))
    order = one(shop)
    assert (order.po_number, order.email, order.customer_name, order.customer) == ("B", "", "", None)
    assert (order.billing.name, order.billing.street, order.billing.country) == ("", "", "DE")
    assert order.versions.get(n=2).personal == ""
    assert "paula" not in json.dumps([event.personal for event in order.events.filter(verb="changed")]).lower()


def test_an_erased_customer_stays_erased() -> None:
    shop = factories.shop()
    receive(shop, factories.order())
    models.Customer.objects.update(erased_at=LATER, name="", email="")
    receive(shop, factories.customer(updated_at=LATER), factories.order("2", updated_at=LATER))
    assert models.Customer.objects.get().name == ""


@pytest.mark.parametrize(
    ("home", "fields", "treatment", "country"),
    [
        ("DE", {}, TaxTreatment.DOMESTIC, "DE"),
        ("DE", {"shipping": None, "billing": None}, TaxTreatment.DOMESTIC, "DE"),
        ("DE", {"shipping": factories.address(country="FR"), "lines": (factories.line(title="TVA"),)}, TaxTreatment.DOMESTIC, "DE"),
        ("DE", {"shipping": factories.address(country="AT"), "lines": (factories.line(tax=""),), "vat_id": "ATU1"}, TaxTreatment.REVERSE_CHARGE, "AT"),
        ("DE", {"shipping": factories.address(country="AT"), "lines": (factories.line(tax=""),), "company": "X GmbH"}, TaxTreatment.REVERSE_CHARGE, "AT"),
        ("DE", {"shipping": factories.address(country="AT"), "lines": (factories.line(tax=""),)}, TaxTreatment.OSS, "AT"),
        ("DE", {"shipping": factories.address(country="US"), "lines": (factories.line(tax=""),)}, TaxTreatment.EXPORT, "US"),
        ("DE", {"shipping": factories.address(country="CH")}, TaxTreatment.DOMESTIC, "DE"),
        ("US", {"shipping": factories.address(country="US"), "lines": (factories.line(tax=""),), "tax_exempt": True}, TaxTreatment.EXEMPT, "US"),
        ("DE", {"tax_treatment": TaxTreatment.MARKETPLACE}, TaxTreatment.MARKETPLACE, "DE"),
        ("DE", {"shipping": None, "billing": factories.address(country="us"), "lines": (factories.line(tax=""),)}, TaxTreatment.EXPORT, "US"),
    ],
)  # fmt: skip
def test_the_treatment_follows_from_seller_destination_buyer_and_taxes(
    home: str, fields: dict[str, object], treatment: str, country: str
) -> None:
    shop = factories.shop(country=home)
    receive(shop, factories.order(**fields))
    assert (one(shop).tax_treatment, one(shop).tax_country) == (treatment, country)


def test_the_buyers_own_tax_within_the_union_is_a_distance_sale_and_the_channels_tax_a_marketplaces() -> None:
    shop = factories.shop()
    french = incoming.Tax(title="TVA", amount=Decimal("1.90"), country="FR")
    channel = dataclasses.replace(french, remitted_by=incoming.Remitter.CHANNEL)
    abroad = factories.address(country="FR")
    for id, tax in (("1", french), ("2", channel)):
        receive(shop, factories.order(id, shipping=abroad, lines=(factories.line(taxes=(tax,)),)))
    assert dict(models.Order.objects.values_list("store_id", "tax_treatment")) == {"1": "oss", "2": "marketplace"}


def test_an_orders_customer_is_renewed_by_newer_orders_only_and_emptied_by_none() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", customer=factories.customer(phone="1"), updated_at=LATER))
    receive(shop, factories.order("2", customer=factories.customer(name="Old Name")))
    customer = models.Customer.objects.get()
    assert (customer.name, customer.phone) == ("Paula Beispiel", "1")
    receive(
        shop, factories.order("3", customer=factories.customer(name="New Name"), updated_at=LATER + timedelta(days=1))
    )
    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.orders.count()) == ("New Name", "1", 3)
    assert "New Name" not in models.Event.objects.get(noun="customer").body


def test_a_guest_has_no_customer_row() -> None:
    shop = factories.shop()
    receive(shop, factories.order(customer=factories.customer("")))
    assert one(shop).customer is None
    assert one(shop).customer_name == "Paula Beispiel"


def test_a_gift_card_line_keeps_its_kind() -> None:
    shop = factories.shop()
    receive(shop, factories.order(lines=(factories.line(kind=LineKind.GIFT_CARD, tax=""),)))
    assert one(shop).lines.get().kind == "gift_card"
