"""What the tests of review and documents do all the time: a shop, an order taken in, and its documents carried to a ledger that obeys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from orders import documents, incoming, intake, outgoing, review
from orders import models as m
from tests import factories


def shop(code: str = "eu", **fields: Any) -> m.Shop:
    """A shop whose SKU MUG is mapped; fields of its ledger begin with `ledger_`."""
    books = {name.removeprefix("ledger_"): fields.pop(name) for name in list(fields) if name.startswith("ledger_")}
    currency = fields.get("currency", "EUR")
    ledger = fields.pop("ledger", None) or factories.ledger(f"books-{code}", currency=currency, **books)
    made = factories.shop(code, ledger=ledger, **fields)
    if not m.ItemMapping.objects.filter(ledger=ledger, key="MUG").exists():
        factories.item(ledger, "MUG")
    return made


def owner(shop: m.Shop) -> Any:
    """Who owns the shop's orders."""
    return shop.appointments.get().owner


def told(shop: m.Shop, id: str = "1", **fields: Any) -> m.Order:
    """The order as intake makes it of what the store says; told again with a later moment it is the next version."""
    versions = m.OrderVersion.objects.filter(order__shop=shop).count()
    at = factories.NOON + timedelta(minutes=versions)
    receipt = intake.receive(shop, [factories.order(id, **{"updated_at": at, **fields})], source=factories.source())
    assert not receipt.refused, receipt.refused
    return m.Order.objects.get(shop=shop, store_id=id)


def approved(shop: m.Shop, id: str = "1", **fields: Any) -> m.Order:
    """The order, taken in and approved by its owner."""
    order = told(shop, id, **fields)
    review.approve(order, by=owner(shop))
    return fresh(order)


def fresh(record: Any) -> Any:
    return type(record).objects.get(pk=record.pk)


def open_documents(order: m.Order) -> list[m.Document]:
    """Those that may still be booked, in their order."""
    rows = m.Document.objects.filter(
        order=order, booking__voided_at=None, booking__refused_at=None, booking__booked_at=None
    )
    return list(rows.order_by("n"))


def take(documents_: Iterable[m.Document]) -> list[documents.Taken]:
    with transaction.atomic():
        return documents.take([item.pk for item in documents_])


def book(document: m.Document, outcome: str = "booked") -> None:
    """Take the document and let the ledger answer."""
    (taken,) = take([document])
    assert taken.ok, taken.words
    documents.report(document, documents.Report(outcome=outcome, words=outcome, booked=booked(document)))


def booked(document: m.Document) -> outgoing.Booked:
    taxes: dict[str, Decimal] = {}
    for row in document.lines.exclude(tax_code=""):
        taxes[row.tax_code] = taxes.get(row.tax_code, Decimal(0)) + row.tax
    return outgoing.Booked(
        id=document.reference, number=document.reference, currency=document.currency, net=document.net, tax=document.tax,
        gross=document.gross, taxes=tuple(taxes.items()),
    )  # fmt: skip


def book_all(order: m.Order) -> None:
    for document in open_documents(order):
        book(document)


def line(id: str, amount: str, tax: str = "", **fields: Any) -> incoming.Line:
    """An order line of its own id."""
    return factories.line(amount, tax=tax, **{"id": id, **fields})


def codes(record: Any) -> set[str]:
    """The codes of the record's blocking findings."""
    return set(record.findings.filter(severity=m.Severity.BLOCKING).values_list("code", flat=True))


def verbs(record: Any) -> list[str]:
    """What was recorded about it, in order."""
    rows = m.Event.objects.filter(noun=record._meta.model_name, object_id=str(record.pk))
    return list(rows.order_by("pk").values_list("verb", flat=True))


def refused(call: Any, *values: Any, **named: Any) -> str:
    """The words of the refusal that the call must end in."""
    with pytest.raises(review.Refused) as caught:
        call(*values, **named)
    return caught.value.words


def sums(order: m.Order) -> dict[str, Decimal]:
    """The balance of every account by all documents of the order that stand."""
    found: dict[str, Decimal] = {}
    for document in order.documents.filter(booking__voided_at=None, booking__refused_at=None):
        for posting in outgoing.postings(documents.outgoing_of(document)):
            found[posting.account] = found.get(posting.account, Decimal(0)) + posting.amount
    return {account: amount for account, amount in found.items() if amount}
