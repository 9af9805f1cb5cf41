"""Found by any word of it, by a number with or without its signs, and the exact hit first."""

from __future__ import annotations

import pytest

from orders import intake, models, search
from tests import factories

pytestmark = pytest.mark.django_db


def test_values_are_split_lower_cased_and_digits_also_kept_without_leading_zeros() -> None:
    assert search.words("WEB-000123", "TEE/M/BLACK", None, "") == ["000123", "123", "black", "m", "tee", "web"]
    assert search.words("Øre ÄRGER straße_x") == ["straße", "x", "ärger", "øre"]


def test_words_are_cut_and_zero_bytes_do_not_reach_the_database() -> None:
    assert search.words("x" * 300) == ["x" * 200]
    assert search.words("a\0b") == ["a", "b"]
    assert search.words("000") == ["000"]


@pytest.mark.parametrize(
    "text",
    [
        "WEB-000123",
        "web 123",
        "123",
        "#000123",
        "finn@example.org",
        "finn",
        "musterw",
        "TEE/M",
        "black",
        "t-77",
        "O'Hara",
        "Neulandstraße",
    ],
)
def test_an_order_is_found_by_whatever_names_it(text: str) -> None:
    shop = factories.shop()
    address = factories.address(name="Finn O'Hara", street2="Neulandstraße 3", company="Neulandstraße AG")
    wanted = factories.order(
        "1",
        number="WEB-000123",
        email="finn@example.org",
        billing=address,
        lines=(factories.line(sku="TEE/M/BLACK"),),
        shipments=(factories.shipment(tracking_number="T-77"),),
    )
    other = factories.order(
        "2", number="WEB-999", customer=None, email="", billing=None, shipping=None, payments=(), updated_at=None
    )
    intake.receive(shop, [wanted, other], source=factories.source())
    assert [order.number for order in search.query(models.Order.objects.all(), text)] == ["WEB-000123"]


def test_the_exact_number_stands_before_numbers_that_begin_with_it() -> None:
    shop = factories.shop()
    intake.receive(shop, [factories.order(str(n), number=str(n)) for n in (1001, 100, 10)], source=factories.source())
    found = search.query(models.Order.objects.order_by("-pk"), "100")
    assert [order.number for order in found] == ["100", "1001"]


def test_every_word_must_be_found_and_no_text_finds_everything() -> None:
    shop = factories.shop()
    intake.receive(shop, [factories.order("1"), factories.order("2")], source=factories.source())
    assert search.query(models.Order.objects.all(), "1001 paula").count() == 1
    assert search.query(models.Order.objects.all(), "1001 nobody").count() == 0
    assert search.query(models.Order.objects.all(), "  ").count() == 2
    assert search.query(models.Order.objects.all(), "& | ! :* '").count() == 0


def test_the_column_follows_the_order() -> None:
    shop = factories.shop()
    intake.receive(shop, [factories.order()], source=factories.source())
    later = factories.NOON.replace(hour=23)
    intake.receive(shop, [factories.order(po_number="PO-77", updated_at=later)], source=factories.source())
    assert search.query(models.Order.objects.all(), "po-77").count() == 1


def test_customers_and_products_are_found_too() -> None:
    shop = factories.shop()
    product = factories.product("V1", sku="MUG-XL", title="Large mug")
    intake.receive(shop, [factories.customer("C77"), product], source=factories.source())
    assert search.query(models.Customer.objects.all(), "paula").get().store_id == "C77"
    assert search.query(models.Product.objects.all(), "mug-xl").get().title == "Large mug"
