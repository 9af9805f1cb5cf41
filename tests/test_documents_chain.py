"""Attacks on signed documents: no edit, no removal and nothing slipped in goes unnoticed, and erasure breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders import documents, incoming, models, outgoing
from orders.documents.plan import Draft, Origin, Plan
from orders.models import Document, Ledger, Shop
from tests import factories, races, rows, signed

pytestmark = [pytest.mark.django_db, pytest.mark.constraint]
DAY = date(2026, 10, 1)


@pytest.fixture
def shop() -> Shop:
    return factories.shop()


@pytest.fixture
def chain(shop: Shop) -> list[Document]:
    """Four documents of four orders, signed one after the other."""
    made = [sign(shop, str(n)) for n in range(1001, 1005)]
    signed.checked_now()
    assert documents.verify(shop.ledger) == []
    return made


def sign(shop: Shop, number: str) -> Document:
    """One invoice of two lines, drafted by hand and signed as every document is."""
    order = rows.order(shop, number)
    approval = models.Approval.objects.create(
        order=order, content_hash="", content="{}", amount=order.total, currency=order.currency, at=timezone.now(),
        by=shop.appointments.get().owner,
    )  # fmt: skip
    draft = Draft(document=drafted(shop, number), origins=(Origin(), Origin()), sources={"order": order.pk})
    plan = Plan(drafts=(draft,), problems=(), content={}, amount=order.total, currency=order.currency)
    (document,) = documents.sign(order, plan, approval=approval, not_before=timezone.now())
    return document


def drafted(shop: Shop, number: str) -> outgoing.Document:
    lines = tuple(
        outgoing.Line(
            n=n, kind="item", text="Mug", account="Income:Goods", net=Decimal("10.00"), tax=Decimal("1.90"), tax_code="DE19",
            tax_rate=Decimal("0.19"), tax_account="Liabilities:Tax:DE19", dimensions=(("site", "north"),),
        )
        for n in (1, 2)
    )  # fmt: skip
    return outgoing.Document(
        ledger=shop.ledger.code, key=f"{shop.code}:order:{number}:invoice:1", revision=1, reference=f"{shop.prefix}{number}", kind="invoice",
        currency="EUR", base_currency="EUR", rate=Decimal(1), issued_on=DAY, tax_on=DAY, posting_on=DAY, net=Decimal("20.00"),
        tax=Decimal("3.80"), gross=Decimal("23.80"), contra_account="Assets:Receivable", lines=lines, hash="", order_number=number,
        party=outgoing.Party(name="Paula Beispiel"), shop=shop.code,
    )  # fmt: skip


def test_a_ledger_without_documents_has_a_whole_chain(shop: Shop) -> None:
    assert documents.verify(shop.ledger) == []


def test_what_a_ledger_is_given_is_what_was_drafted(shop: Shop, chain: list[Document]) -> None:
    told = documents.outgoing_of(Document.objects.get(pk=chain[0].pk))
    assert outgoing.body(told) == outgoing.body(drafted(shop, "1001"))
    assert told.party.name == "Paula Beispiel"


COLUMNS = {
    "body": "replace(body, '23.8', '23.9')",
    "personal": "replace(personal, 'Paula', 'Anna')",
    "personal_digest": "repeat('0', 64)",
    "hash": "repeat('0', 64)",
    "previous": "repeat('1', 64)",
    "n": "n + 10",
    "key": "key || '1'",
    "revision": "2",
    "reference": "'X1'",
    "kind": "'receipt'",
    "currency": "'USD'",
    "base_currency": "'USD'",
    "rate": "1.1",
    "rate_source": "'ECB'",
    "issued_on": "'2026-10-02'",
    "tax_on": "'2026-10-02'",
    "posting_on": "'2026-10-02'",
    "net": "20.01",
    "tax": "3.81",
    "gross": "23.81",
    "contra_account": "'Assets:Bank'",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_document_is_noticed(shop: Shop, chain: list[Document], column: str) -> None:
    with signed.triggers_off() as cursor:
        cursor.execute("ALTER TABLE orders_document DROP CONSTRAINT document_gross_is_net_and_tax")
        cursor.execute(f"UPDATE orders_document SET {column} = {COLUMNS[column]} WHERE id = %s", [chain[1].pk])
    broken = documents.verify(shop.ledger)
    assert broken
    named = Document.objects.get(pk=chain[1].pk).reference
    assert any(named in words for words in broken), broken


LINE_COLUMNS = {
    "net": "10.01",
    "tax": "1.91",
    "quantity": "2",
    "kind": "'tip'",
    "account": "'Assets:Bank'",
    "tax_code": "'DE7'",
    "tax_account": "'Assets:Bank'",
    "currency": "'USD'",
    "n": "3",
    "dimensions": '\'{"site": "south"}\'',
}


@pytest.mark.parametrize("column", LINE_COLUMNS)
def test_an_edited_line_is_noticed(shop: Shop, chain: list[Document], column: str) -> None:
    with signed.triggers_off() as cursor:
        pick = f"SET {column} = {LINE_COLUMNS[column]} WHERE document_id = %s AND n = 2"
        cursor.execute(f"UPDATE orders_documentline {pick}", [chain[1].pk])
    assert documents.verify(shop.ledger) == [f"Document {chain[1].reference}: its text is not what was signed."]
    with pytest.raises(documents.Tampered, match=chain[1].reference):
        documents.outgoing_of(Document.objects.get(pk=chain[1].pk))


def line_gone(cursor: Any, document: Document) -> None:
    cursor.execute("DELETE FROM orders_documentline WHERE document_id = %s AND n = 2", [document.pk])


def line_more(cursor: Any, document: Document) -> None:
    signed.line(document, 3).save()


def document_gone(cursor: Any, document: Document) -> None:
    cursor.execute("DELETE FROM orders_document WHERE id = %s", [document.pk])


def document_gone_and_ranks_closed(cursor: Any, document: Document) -> None:
    document_gone(cursor, document)
    cursor.execute("UPDATE orders_document SET n = n - 1 WHERE n > %s", [document.n])


@pytest.mark.parametrize("attack", [line_gone, line_more, document_gone, document_gone_and_ranks_closed])
def test_what_was_removed_or_added_is_noticed(
    shop: Shop, chain: list[Document], attack: Callable[[Any, Document], None]
) -> None:
    with signed.triggers_off() as cursor:
        attack(cursor, chain[1])
    assert documents.verify(shop.ledger)


def test_a_removed_end_is_noticed(shop: Shop, chain: list[Document]) -> None:
    with signed.triggers_off() as cursor:
        document_gone(cursor, chain[3])
    assert documents.verify(shop.ledger) == ["Ledger books-eu: 4 documents were signed, the chain ends at 3."]


def test_a_document_slipped_in_behind_the_end_is_noticed(shop: Shop, chain: list[Document]) -> None:
    with signed.triggers_off():
        signed.head(shop, n=5, previous=chain[3].hash, body=chain[3].body, personal="")
    assert "Ledger books-eu: 4 documents were signed, the chain ends at 5." in documents.verify(shop.ledger)


def test_erasing_the_persons_keeps_the_chain(shop: Shop, chain: list[Document]) -> None:
    Document.objects.filter(pk=chain[1].pk).update(personal="")
    assert documents.verify(shop.ledger) == []


def test_two_ledgers_have_two_chains(shop: Shop, chain: list[Document]) -> None:
    other = factories.shop("us")
    sign(other, "1001")
    assert [document.n for document in other.ledger.documents.all()] == [1]
    assert documents.verify(other.ledger) == []
    assert documents.verify(shop.ledger) == []


@pytest.mark.django_db(transaction=True)
def test_eight_who_sign_at_once_make_one_chain(shop: Shop) -> None:
    outcomes = races.race([lambda n=n: sign(shop, str(n)).n for n in range(1001, 1009)])  # type: ignore[misc]
    assert sorted(outcomes, key=str) == list(range(1, 9))
    assert documents.verify(shop.ledger) == []


@pytest.mark.django_db(transaction=True)
def test_a_signature_that_is_rolled_back_leaves_no_gap(shop: Shop) -> None:
    sign(shop, "1001")
    with transaction.atomic():
        sign(shop, "1002")
        transaction.set_rollback(True)
    assert sign(shop, "1003").n == 2
    assert documents.verify(shop.ledger) == []


def test_saving_a_ledger_that_was_loaded_earlier_does_not_take_its_chain_back(shop: Shop) -> None:
    earlier = Ledger.objects.get(pk=shop.ledger_id)
    sign(shop, "1001")
    earlier.name = "New name"
    earlier.save()
    fresh = Ledger.objects.get(pk=shop.ledger_id)
    assert (fresh.name, fresh.chain_length) == ("New name", 1)
    assert documents.verify(fresh) == []


@pytest.mark.parametrize("back", ["chain_length = chain_length - 1", "chain_hash = repeat('0', 64)"])
def test_the_end_of_a_ledgers_chain_only_moves_forward(chain: list[Document], back: str) -> None:
    with signed.refused("only grows"):
        signed.execute(f"UPDATE orders_ledger SET {back}")


def test_two_documents_never_follow_the_same_one(shop: Shop, chain: list[Document]) -> None:
    with signed.refused("chain_does_not_fork"):
        signed.head(shop, n=9, previous=chain[0].previous)
    with signed.refused("one_document_per_place"):
        signed.head(shop, n=2)


def test_the_persons_have_a_salt_so_that_the_digest_betrays_nobody(chain: list[Document]) -> None:
    assert len({document.personal_digest for document in chain}) == 4
    assert "Paula" not in incoming.canonical([document.body for document in chain])
