"""What a ledger is given: the same after signing as before, and in balance for every kind of document."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import incoming, money, outgoing
from orders.outgoing import DocumentKind

# What PostgreSQL can keep in a text: no NUL, no lone surrogate.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
AMOUNTS = st.decimals(min_value=-(10**6), max_value=10**6, places=3)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
ADDRESSES = st.builds(incoming.Address, **{field.name: TEXT for field in dataclasses.fields(incoming.Address)})
PARTIES = st.builds(
    outgoing.Party, id=TEXT, name=TEXT, email=TEXT, billing=st.none() | ADDRESSES, shipping=st.none() | ADDRESSES
)
LINES = st.builds(
    outgoing.Line,
    n=st.integers(1, 99), kind=TEXT, text=TEXT, account=TEXT, net=AMOUNTS, tax=AMOUNTS, quantity=AMOUNTS, sku=TEXT, item=TEXT, tax_code=TEXT,
    tax_rate=st.none() | st.decimals(0, 1, places=6), tax_account=TEXT, base=st.none() | AMOUNTS, credits=TEXT, dimensions=PAIRS,
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> outgoing.Document:
    """A document of any kind whose figures are the sums of its lines."""
    lines = tuple(draw(st.lists(LINES, max_size=6)))
    net, tax = money.total(line.net for line in lines), money.total(line.tax for line in lines)
    texts: dict[str, Any] = {
        name: draw(TEXT)
        for name in (
            "ledger", "key", "reference", "order_number", "shop", "applies_to", "memo", "rate_source", "adjustment_account", "contra_account",
        )
    }  # fmt: skip
    return outgoing.Document(
        **texts, kind=draw(st.sampled_from(DocumentKind)), revision=draw(st.integers(1, 9)), currency="KWD", base_currency="EUR",
        rate=draw(st.decimals(Decimal("0.0001"), 1000, places=10)), issued_on=draw(DAYS), tax_on=draw(DAYS), posting_on=draw(DAYS),
        due_on=draw(st.none() | DAYS), net=net, tax=tax, gross=net + tax, lines=lines, party=draw(PARTIES), hash=draw(TEXT), number=draw(TEXT),
        adjustment_limit=draw(AMOUNTS), dimensions=draw(PAIRS),
    )  # fmt: skip


@given(documents())
def test_a_document_comes_back_from_its_text_as_it_went_in(document: outgoing.Document) -> None:
    text = incoming.canonical(outgoing.body(document))
    party = incoming.canonical(document.party)
    back = outgoing.restore(text, party=party, hash=document.hash, number=document.number)
    assert back == document
    assert incoming.canonical(outgoing.body(back)) == text


@given(documents())
def test_the_body_holds_neither_persons_nor_what_is_known_only_after_signing(document: outgoing.Document) -> None:
    left_out = {field.name for field in dataclasses.fields(document)} - set(outgoing.body(document))
    assert left_out == {"party", "hash", "number", "known"}


@given(documents(), st.sampled_from(DocumentKind))
def test_the_postings_of_every_kind_make_zero(document: outgoing.Document, kind: DocumentKind) -> None:
    rows = outgoing.postings(dataclasses.replace(document, kind=kind))
    assert money.total(row.amount for row in rows) == 0
    assert money.total(row.debit for row in rows) == money.total(row.credit for row in rows)
    assert rows[0].account == document.contra_account


@given(documents())
def test_the_postings_hold_every_line_once(document: outgoing.Document) -> None:
    side = outgoing.LINE_SIDE[document.kind]
    rows = outgoing.postings(document)
    assert money.total(row.amount for row in rows if row.kind == "tax") == side * document.tax
    assert money.total(row.amount for row in rows if row.kind != "tax") == side * (document.net - document.gross)


@pytest.mark.parametrize(
    ("kind", "line", "contra"),
    [
        ("invoice", "credit", "debit"),
        ("credit_note", "debit", "credit"),
        ("receipt", "credit", "debit"),
        ("payment", "debit", "credit"),
        ("refund_payment", "credit", "debit"),
        ("journal", "debit", "credit"),
    ],
)
def test_each_kind_stands_on_its_side(kind: str, line: str, contra: str) -> None:
    first, second = outgoing.postings(simple(kind))
    assert (getattr(first, contra), getattr(second, line)) == (Decimal(10), Decimal(10))


def test_a_second_tax_on_the_same_goods_is_posted_without_a_net() -> None:
    first = simple("invoice").lines[0]
    second = dataclasses.replace(first, n=2, net=Decimal(0), tax=Decimal(1), tax_code="PST", tax_account="PST")
    document = dataclasses.replace(simple("invoice"), tax=Decimal(1), gross=Decimal(11), lines=(first, second))
    assert [(row.account, row.amount) for row in outgoing.postings(document)] == [
        ("Receivable", 11),
        ("Goods", -10),
        ("PST", -1),
    ]


def test_every_kind_has_a_side() -> None:
    assert set(outgoing.LINE_SIDE) == set(DocumentKind)


@pytest.mark.parametrize("damage", [{"strange": 1}, {"lines": None}])
def test_a_foreign_text_is_no_document(damage: dict[str, Any]) -> None:
    data = outgoing.body(simple("invoice")) | damage
    with pytest.raises(TypeError):
        outgoing.restore(json.dumps(data), party="", hash="", number="")
    with pytest.raises(KeyError):
        outgoing.restore("{}", party="", hash="", number="")


def simple(kind: str) -> outgoing.Document:
    """Goods for 10 without tax."""
    day = date(2026, 10, 1)
    line = outgoing.Line(n=1, kind="item", text="Mug", account="Goods", net=Decimal(10))
    return outgoing.Document(
        ledger="books", key="key", revision=1, reference="R1", kind=kind, currency="EUR", base_currency="EUR", rate=Decimal(1), issued_on=day,
        tax_on=day, posting_on=day, net=Decimal(10), tax=Decimal(0), gross=Decimal(10), contra_account="Receivable", lines=(line,),
        party=outgoing.Party(), hash="",
    )  # fmt: skip
