"""Shopify's other exports: payouts, customers, products and inventory, each by its header, and what it does not say is not made up."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from integrations.stores import base, files
from orders import incoming
from orders.incoming import PayoutLine

D = Decimal
SETTING = base.Setting(currency="EUR", time_zone="Europe/Berlin")
PAYOUTS = (
    "Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Payout ID,Available On,Amount,Fee,Net,Checkout,Payment Method Name,"
    "Presentment Amount,Presentment Currency,Currency,VAT\n"
)
CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,"
    "Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,"
    "Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
)
OLD_PRODUCTS = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,"
    "Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
    "Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,Status\n"
)
NEW_PRODUCTS = "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Price\n"
INVENTORY = (
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,COO,Location,Bin name,"
    "Incoming (not editable),Unavailable (not editable),Committed (not editable),Available (not editable),On hand (current),On hand (new)\n"
)


def read(text: str) -> list[incoming.Record]:
    data = text.encode()
    return list(files.reader(io.BytesIO(data)).read(io.BytesIO(data), SETTING))


def movement(
    kind: str, order: str, amount: str, fee: str = "0.00", *, id: str = "9001", status: str = "paid", net: str = ""
) -> str:
    net = net or str(D(amount) - D(fee))
    return f"2026-03-10 09:15:00 +0100,{kind},{order},visa,online,{status},2026-03-12,{id},2026-03-12,{amount},{fee},{net},#77,card,{amount},EUR,EUR,0.00\n"


def test_the_movements_of_a_payout_are_put_together() -> None:
    rows = [
        movement("charge", "#1001", "119.00", "2.03"),
        movement("charge", "#1003", "20.00", "0.60", id="9002"),
        movement("refund", "#1000", "-11.90"),
        movement("chargeback", "#990", "-50.00", "15.00"),
        movement("chargeback won", "#980", "30.00"),
        movement("adjustment", "", "-1.00"),
        movement("payout", "", "-69.07"),
        movement("charge", "#1005", "9.00", "0.30", id="", status="pending"),
    ]
    first, second = read(PAYOUTS + "".join(rows))
    assert first == incoming.Payout(
        id="9001", currency="EUR", amount=D("69.07"), paid_on=date(2026, 3, 12), gateway="shopify_payments",
        lines=(
            PayoutLine(kind="charge", amount=D("119.00"), fee=D("2.03"), order_number="#1001"),
            PayoutLine(kind="refund", amount=D("-11.90"), order_number="#1000"),
            PayoutLine(kind="chargeback", amount=D("-50.00"), fee=D("15.00"), order_number="#990"),
            PayoutLine(kind="reversal", amount=D("30.00"), order_number="#980"),
            PayoutLine(kind="adjustment", amount=D("-1.00")),
        ),
    )  # fmt: skip
    assert isinstance(second, incoming.Payout)
    assert (second.id, second.amount) == ("9002", D("19.40"))


def test_a_movement_whose_net_is_not_amount_less_fee_refuses_its_payout_alone() -> None:
    refusal, payout = read(
        PAYOUTS + movement("charge", "#1", "10.00", "1.00", net="8.00") + movement("charge", "#2", "5.00", id="9002")
    )
    assert isinstance(refusal, incoming.Refusal)
    assert refusal.reason == "Row 2: “Net” is “8.00”. Amount less fee make 9.00. Export the transactions again."
    assert (refusal.where, refusal.number) == ("payout 9001", "9001")
    assert isinstance(payout, incoming.Payout)


def test_amounts_that_read_two_ways_are_refused() -> None:
    [refusal] = read(
        PAYOUTS + movement("charge", "#1", "10.00").replace(",10.00,0.00,10.00,", ',"1,234",0.00,"1,234",', 1)
    )
    assert isinstance(refusal, incoming.Refusal)
    assert refusal.reason.startswith("Row 2: “Amount” is “1,234”. It can be read as 1234 and as 1.234")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Payout Date,Status,Charges,Refunds,Adjustments,Reserved Funds,Fees,Retried Amount,Total,Currency\n",
            "summary of payouts",
        ),
        (
            "Transaction Date,Type,Order,Payout Status,Payout Date,Amount,Fee,Net,Currency\n",
            "missing columns: Payout ID",
        ),
        (
            "First Name,Last Name,Email,Accepts Email Marketing,Company,Total Spent,Total Orders,Tax Exempt\n",
            "missing columns: Customer ID",
        ),
        ("Handle,Title,Variant Price\n", "missing columns: Variant SKU"),
    ],
)
def test_what_lacks_an_id_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(base.Unreadable, match=words):
        read(text)


def test_a_customer_comes_with_the_default_address() -> None:
    row = "'6123456789012,Ann,Li,ann@example.org,yes,Li Ltd,1 High St,Flat 2,Dresden,SN,de,'01067,'+49 351 1,,no,99.00,3,,yes,vip\n"
    [customer] = read(CUSTOMERS + row)
    assert isinstance(customer, incoming.Customer)
    assert (customer.id, customer.name, customer.phone, customer.company, customer.tax_exempt) == (
        "6123456789012",
        "Ann Li",
        "+49 351 1",
        "Li Ltd",
        True,
    )
    assert customer.billing == customer.shipping
    assert customer.billing is not None
    assert (customer.billing.name, customer.billing.postcode, customer.billing.country) == ("Ann Li", "01067", "DE")


def test_a_customer_without_id_is_refused_and_the_next_one_read() -> None:
    refusal, customer = read(
        CUSTOMERS + ",Ann,Li,ann@example.org,no,,,,,,,,,,no,0.00,0,,no,\n7,Bo,Ek,,no,,,,,,,,,,no,0.00,0,,no,\n"
    )
    assert isinstance(refusal, incoming.Refusal)
    assert refusal.reason.startswith("Row 2: “Customer ID” is empty.")
    assert isinstance(customer, incoming.Customer)
    assert (customer.id, customer.billing) == ("7", None)


def test_variants_take_their_products_title_and_pictures_are_passed_over() -> None:
    rows = (
        "mug,Mug,,V,,,,true,Size,Large,Colour,Red,,,MUG-LR,300,shopify,deny,manual,11.90,,true,true,'0401,https://x/1.png,1,,false,active\n"
        "mug,,,,,,,,,Small,,Red,,,MUG-SR,200,shopify,deny,manual,9.90,,true,true,,,,,,\n"
        "mug,,,,,,,,,,,,,,,,,,,,,,,,https://x/2.png,2,,,\n"
        "tea,Tea,,V,,,,true,Title,Default Title,,,,,TEA,100,shopify,deny,manual,4.50,,true,true,,,,,false,draft\n"
    )
    found = read(OLD_PRODUCTS + rows)
    assert [
        (one.sku, one.title, one.price, one.barcode, one.active) for one in found if isinstance(one, incoming.Product)
    ] == [
        ("MUG-LR", "Mug - Large / Red", D("11.90"), "0401", True),
        ("MUG-SR", "Mug - Small / Red", D("9.90"), "", True),
        ("TEA", "Tea", D("4.50"), "", False),
    ]
    assert len(found) == 3


def test_the_newer_product_layout_reads_alike_and_a_variant_without_sku_is_refused() -> None:
    product, refusal = read(
        NEW_PRODUCTS + "Mug,mug,,V,,,,true,active,MUG,0401,Size,Large,11.90\n,mug,,,,,,,,,,,Small,9.90\n"
    )
    assert isinstance(product, incoming.Product)
    assert (product.sku, product.title, product.currency) == ("MUG", "Mug - Large", "EUR")
    assert isinstance(refusal, incoming.Refusal)
    assert refusal.reason.startswith("Row 3: “SKU” is empty. “Mug” has a variant without SKU")


def test_stock_is_what_lies_at_a_location() -> None:
    rows = "mug,Mug,Size,L,,,,,MUG,,,Shop,A1,0,0,2,5,7,\nmug,Mug,Size,L,,,,,MUG,,,Attic,,0,0,0,0,0,\ntea,Tea,,,,,,,TEA,,,Attic,,0,0,0,not stocked,not stocked,\n"
    assert read(INVENTORY + rows) == [
        incoming.StockLevel(sku="MUG", quantity=D(7), location="Shop"),
        incoming.StockLevel(sku="MUG", quantity=D(0), location="Attic"),
    ]


def test_locations_may_be_columns() -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Shop in the mall,Attic\n"
    found = read(header + "mug,Mug,Size,L,MUG,,,7,not stocked\ntea,Tea,,,TEA,,,3,4\nx,Lamp,,,,,,1,\n")
    assert found[:3] == [
        incoming.StockLevel(sku="MUG", quantity=D(7), location="Shop in the mall"),
        incoming.StockLevel(sku="TEA", quantity=D(3), location="Shop in the mall"),
        incoming.StockLevel(sku="TEA", quantity=D(4), location="Attic"),
    ]
    assert isinstance(found[3], incoming.Refusal)
    assert "“Lamp” is counted without SKU" in found[3].reason
