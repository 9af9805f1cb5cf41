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


def test_the_same_version_again_writes_nothing() -> None:
    shop, told = factories.shop(), factories.order()
    receive(shop, told)
    counts = [model.objects.count() for model in (models.OrderVersion, models.Event, models.Address, models.OrderLine)]
    receipt = receive(shop, told)
    assert len(receipt.same) == 1
    assert not receipt.updated
    assert counts == [
        model.objects.count() for model in (models.OrderVersion, models.Event, models.Address, models.OrderLine)
    ]
    assert one(shop).version == 1


def test_a_newer_version_changes_the_order_and_one_event_says_from_what_to_what() -> None:
    shop = factories.shop()
    receive(shop, factories.order(po_number="A", email="old@example.org"))
    receipt = receive(shop, factories.order(po_number="B", email="new@example.org", updated_at=LATER))
    order = one(shop)
    assert len(receipt.updated) == 1
    assert (order.po_number, order.email, order.version, order.as_of) == ("B", "new@example.org", 2, LATER)
    event = order.events.get(verb="changed", noun="order")
    body = json.loads(event.body)
    assert (body["from"]["po_number"], body["to"]["po_number"]) == ("A", "B")
    assert "new@example.org" not in event.body + event.words
    assert json.loads(event.personal)["email"] == {"from": "old@example.org", "to": "new@example.org"}
    assert [version.applied for version in order.versions.all()] == [True, True]


def test_an_older_version_is_kept_and_changes_nothing() -> None:
    shop = factories.shop()
    receive(shop, factories.order(po_number="B", updated_at=LATER))
    receipt = receive(shop, factories.order(po_number="A"))
    order = one(shop)
    assert len(receipt.older) == 1
    assert (order.po_number, order.version) == ("B", 1)
    assert [version.applied for version in order.versions.all()] == [True, False]


def test_of_two_versions_of_one_moment_the_later_to_arrive_counts_and_the_first_again_is_nothing_new() -> None:
    shop = factories.shop()
    first, second = factories.order(po_number="A"), factories.order(po_number="B")
    receive(shop, first, second)
    assert one(shop).po_number == "B"
    assert len(receive(shop, first).same) == 1
    assert one(shop).po_number == "B"


def test_a_store_without_times_of_change_is_ordered_by_arrival() -> None:
    shop = factories.shop()
    for po_number in ("A", "B", "A"):
        receive(shop, factories.order(po_number=po_number, updated_at=None))
    assert one(shop).po_number == "A"
    assert len(receive(shop, factories.order(po_number="A", updated_at=None)).same) == 1


def test_two_ids_with_one_number_are_two_orders() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"), factories.order("2", number="1001"))
    assert sorted(models.Order.objects.values_list("store_id", flat=True)) == ["1", "2"]


def test_one_id_with_another_number_is_the_same_order_renumbered() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"), factories.order("1", number="A-1", updated_at=LATER))
    assert one(shop).number == "A-1"


def test_an_order_without_id_is_found_by_its_number_or_refused_where_two_have_it() -> None:
    shop = factories.shop()
    receive(shop, factories.order("1", number="1001"))
    assert len(receive(shop, factories.order("", number="1001", po_number="B", updated_at=LATER)).updated) == 1
    assert one(shop).po_number == "B"
    receive(shop, factories.order("2", number="1001"))
    refused = receive(shop, factories.order("", number="1001", po_number="C")).refused
    assert "Several orders have the number 1001" in refused[0].words
    assert refused[0].field == "id"


def test_an_order_that_came_without_id_takes_the_id_told_later_and_no_second_one() -> None:
    shop = factories.shop()
    receive(shop, factories.order("", number="1001"), fidelity=incoming.FILE)
    receive(shop, factories.order("7", number="1001"))
    assert one(shop).store_id == "7"
    receive(shop, factories.order("8", number="1001"))
    assert models.Order.objects.filter(shop=shop).count() == 2


def test_two_shops_may_use_the_same_ids_and_numbers() -> None:
    first, second = factories.shop("a"), factories.shop("b")
    receive(first, factories.order())
    receive(second, factories.order())
    assert one(first).pk != one(second).pk


def test_lines_keep_their_row_and_vanished_ones_are_marked_and_come_back() -> None:
    shop = factories.shop()
    mug, pen = factories.line(id="L1", sku="MUG"), factories.line(id="L2", sku="PEN")
    receive(shop, factories.order(lines=(mug, pen)))
    order = one(shop)
    first = order.lines.get(sku="MUG")
    cheaper = dataclasses.replace(
        pen, amount=Decimal("5.95"), taxes=(dataclasses.replace(pen.taxes[0], amount=Decimal("0.95")),)
    )
    receive(shop, factories.order(lines=(cheaper,), updated_at=LATER))
    first.refresh_from_db()
    assert first.removed
    assert [(row.sku, row.amount, row.tax, row.position) for row in order.lines.filter(removed=False)] == [
        ("PEN", Decimal("5.95"), Decimal("0.95"), 0)
    ]
    assert one(shop).by_lines == Decimal("5.95")
    receive(shop, factories.order(lines=(mug, pen), updated_at=LATER + timedelta(hours=1)))
    assert order.lines.values_list("pk", "removed", "position").earliest("position") == (first.pk, False, 0)
    assert models.LineTax.objects.filter(line__order=order).count() == 2


def test_lines_without_ids_are_matched_by_their_place() -> None:
    shop = factories.shop()
    mug, pen = factories.line(id="", sku="MUG"), factories.line(id="", sku="PEN")
    receive(shop, factories.order(lines=(mug, pen)))
    rows = {row.sku: row.pk for row in one(shop).lines.all()}
    receive(shop, factories.order(lines=(mug, dataclasses.replace(pen, title="Blue pen")), updated_at=LATER))
    assert {row.sku: row.pk for row in one(shop).lines.all()} == rows
    assert one(shop).lines.get(sku="PEN").title == "Blue pen"


def test_payments_shipments_and_refunds_are_known_by_their_ids_and_never_doubled() -> None:
    shop = factories.shop()
    told = factories.order(refunds=(factories.refund(),), shipments=(factories.shipment(),))
    receive(shop, told)
    new = factories.shipment(tracking_number="T-2")
    receive(shop, dataclasses.replace(told, shipments=(new,), po_number="B", updated_at=LATER))
    receive(shop, factories.order(po_number="C", updated_at=LATER + timedelta(hours=1)))
    order = one(shop)
    assert (order.payments.count(), order.refunds.count(), order.shipments.count()) == (2, 1, 1)
    assert order.shipments.get().tracking_number == "T-2"


def test_a_payment_told_with_the_order_and_with_its_refund_is_one_and_belongs_to_the_refund() -> None:
    shop = factories.shop()
    back = factories.refund().payments[0]
    receive(shop, factories.order(payments=(factories.payment(), back)))
    receive(
        shop, factories.order(payments=(factories.payment(), back), refunds=(factories.refund(),), updated_at=LATER)
    )
    order = one(shop)
    assert order.payments.count() == 2
    assert order.payments.get(store_id=back.id).refund == order.refunds.get()


def test_an_inferred_payment_gives_way_to_the_transactions_and_does_not_come_back() -> None:
    shop = factories.shop()
    inferred = factories.payment(id="paid", derived=True)
    parts = (factories.payment("5", id="T1"), factories.payment("6.90", id="T2"))
    receive(shop, factories.order(payments=(inferred,)))
    receive(shop, factories.order(payments=parts, updated_at=LATER))
    receive(shop, factories.order(payments=(inferred,), updated_at=LATER + timedelta(hours=1)))
    assert sorted(one(shop).payments.values_list("store_id", flat=True)) == ["T1", "T2"]


def test_an_inferred_refund_gives_way_to_the_refunds_themselves() -> None:
    shop = factories.shop()
    money = factories.payment("5", id="refunded", derived=True, kind=incoming.PaymentKind.REFUND)
    sum_only = factories.refund("5", id="refunded", refunded_at=None, lines=(), payments=(money,))
    receive(shop, factories.order(refunds=(sum_only,)))
    assert one(shop).refunds.get().store_id == "refunded"
    receive(shop, factories.order(refunds=(factories.refund("5", id="R9"),), updated_at=LATER))
    assert one(shop).refunds.get().store_id == "R9"
    assert one(shop).payments.filter(refund__store_id="R9").count() == 1


def test_an_inferred_parcel_is_cancelled_by_the_real_one() -> None:
    shop = factories.shop()
    inferred = factories.shipment("fulfilled", carrier="", tracking_number="")
    receive(shop, factories.order(shipments=(inferred,)))
    receive(shop, factories.order(shipments=(factories.shipment("S9"),), updated_at=LATER))
    assert dict(one(shop).shipments.values_list("store_id", "cancelled")) == {"fulfilled": True, "S9": False}


def test_a_poorer_source_fills_gaps_and_overwrites_nothing() -> None:
    shop = factories.shop()
    receive(shop, factories.order(email="", customer=None, payments=(), shipping=None))
    file = factories.order(
        lines=(factories.line("99"),), number="9999", email="file@example.org", updated_at=None, terms="30 days"
    )
    receipt = receive(shop, file, fidelity=incoming.FILE)
    order = one(shop)
    assert len(receipt.updated) == 1
    assert (order.email, order.terms, order.payments.count(), order.shipping.country) == (
        "file@example.org",
        "30 days",
        1,
        "DE",
    )
    assert (order.number, order.total, order.lines.get().amount) == ("1001", Decimal("11.9"), Decimal("11.9"))
    assert (order.fidelity, order.as_of) == (incoming.API, factories.NOON)
    assert not order.versions.get(fidelity=incoming.FILE).applied


def test_a_richer_source_counts_whenever_it_was_and_leaves_what_it_does_not_know() -> None:
    shop = factories.shop()
    file = factories.order(lines=(factories.line("99", id=""),), updated_at=None, terms="30 days")
    receive(shop, file, fidelity=incoming.FILE)
    receive(shop, factories.order())
    order = one(shop)
    assert (order.total, order.lines.get().amount, order.terms) == (Decimal("11.9"), Decimal("11.9"), "30 days")
    assert (order.fidelity, order.as_of, order.lines.get().store_line_id) == (incoming.API, factories.NOON, "L1")


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
