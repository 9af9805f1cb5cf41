"""Attacks on amounts: to the currency's minor unit and no further, and documents that are the sum of their lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from orders import models, money
from orders.models import DocumentLine
from tests import factories, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]

ISO_4217 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP
CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI
UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""  # list one: the active codes of money


@pytest.fixture
def shop() -> models.Shop:
    return factories.shop()


def commit(shop: models.Shop, lines: list[dict[str, Any]], **fields: Any) -> models.Document:
    """A document whose deferred triggers have fired."""
    made = signed.document(shop, lines, **fields)
    signed.checked_now()
    return made


@pytest.mark.schema
def test_the_database_and_money_know_the_same_minor_units() -> None:
    iso = set(ISO_4217.split())
    codes = sorted({*iso, *money.UNUSUAL_EXPONENTS, "XXX", ""})
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, currency_exponent(code) FROM unnest(%s::text[]) code", [codes])
        assert dict(cursor.fetchall()) == {code: money.exponent(code) for code in codes}
    assert set(money.UNUSUAL_EXPONENTS) <= iso


@pytest.mark.parametrize(
    ("currency", "smallest"), [("JPY", "1"), ("EUR", "0.01"), ("KWD", "0.001"), ("CLF", "0.0001"), ("BHD", "0.001")]
)
def test_an_amount_goes_down_to_the_minor_unit_and_no_further(shop: models.Shop, currency: str, smallest: str) -> None:
    commit(shop, [{"net": smallest, "tax": smallest}], currency=currency)
    for below in ({"net": "0"}, {"tax": "0"}):
        tenth = {"net": smallest, "tax": smallest} | dict.fromkeys(below, str(Decimal(smallest) / 10))
        with signed.refused("amounts_are_exact"):
            signed.document(shop, [tenth], currency=currency)


def test_a_line_of_too_many_decimals_is_refused_under_a_head_that_hides_them(shop: models.Shop) -> None:
    halves = [{"net": "0.005", "tax": "0"}, {"net": "0.005", "tax": "0"}]
    with signed.refused("document_line_amounts_are_exact"):
        signed.document(shop, halves)


def test_gross_is_net_and_tax(shop: models.Shop) -> None:
    with signed.refused("document_gross_is_net_and_tax"):
        signed.head(shop, [{}], gross=Decimal("11.91"))


def test_a_taxed_line_names_code_and_account(shop: models.Shop) -> None:
    for missing in ("tax_code", "tax_account"):
        with signed.refused("taxed_line_has_code"):
            signed.document(shop, [{missing: ""}])


@pytest.mark.parametrize(
    "wrong",
    [
        {"net": Decimal("10.01"), "gross": Decimal("11.91")},
        {"tax": Decimal("1.89"), "gross": Decimal("11.89")},
        {"net": Decimal("10.01"), "tax": Decimal("1.89")},
        {"lines_signed": 2},
        {"lines_signed": 0},
    ],
)
def test_a_document_is_the_sum_of_its_lines(shop: models.Shop, wrong: dict[str, Any]) -> None:
    with signed.refused("does not sum"):
        commit(shop, [{}], **wrong)


def test_a_document_without_its_lines_is_refused_and_one_that_has_none_stands(shop: models.Shop) -> None:
    with signed.refused("does not sum"):
        signed.head(shop, [{}])
    commit(shop, [])


@pytest.mark.parametrize("late", [[("0", "0")], [("1", "0"), ("-1", "0")], [("0", "1"), ("0", "-1")], [("10", "1.90")]])
def test_a_line_that_comes_late_is_refused_even_where_the_sums_hold(
    shop: models.Shop, late: list[tuple[str, str]]
) -> None:
    document = commit(shop, [{}])
    rows = [signed.line(document, n, net=net, tax=tax) for n, (net, tax) in enumerate(late, start=2)]
    with signed.refused("does not sum"):
        DocumentLine.objects.bulk_create(rows)


def test_a_line_in_another_currency_is_refused(shop: models.Shop) -> None:
    with signed.refused("does not sum"):
        commit(shop, [{}, {"currency": "USD"}])


def test_lines_may_come_before_the_commit_in_any_number_of_steps(shop: models.Shop) -> None:
    with transaction.atomic():
        document = signed.head(shop, [{}, {}])
        signed.line(document, 1).save()
        signed.line(document, 2).save()
        signed.checked_now()
    assert document.lines.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_document_that_does_not_sum_is_gone_after_its_commit_failed(shop: models.Shop) -> None:
    with signed.refused("does not sum"):
        signed.document(shop, [{}], lines_signed=2)
    assert not models.Document.objects.exists()
