"""Signed documents as bare rows, written past the services: what an attack on the tables starts from."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from orders import models
from orders.models import Document, DocumentLine
from tests import factories

_serial = itertools.count(1)


def document(shop: models.Shop, lines: Sequence[dict[str, Any]] = ({},), **fields: Any) -> Document:
    """A document of an invoice's kind with these lines, its figures and place in the chain being right unless told otherwise; in one transaction."""
    with transaction.atomic():
        made = head(shop, lines, **fields)
        DocumentLine.objects.bulk_create(line(made, n, **values) for n, values in enumerate(lines, start=1))
        models.Booking.objects.create(document=made, not_before=timezone.now())
    return made


def head(shop: models.Shop, lines: Sequence[dict[str, Any]] = (), **fields: Any) -> Document:
    """The document's own row, alone."""
    serial = next(_serial)
    net = sum((Decimal(row.get("net", "10")) for row in lines), Decimal(0))
    tax = sum((Decimal(row.get("tax", "1.90")) for row in lines), Decimal(0))
    day = factories.NOON.date()
    return Document.objects.create(
        **{
            "ledger": shop.ledger, "shop": shop, "kind": "invoice", "key": f"key {serial}", "reference": f"X{serial}", "issued_on": day,
            "tax_on": day, "posting_on": day, "currency": shop.currency, "base_currency": shop.currency, "rate": 1, "net": net, "tax": tax,
            "gross": net + tax, "lines_signed": len(lines), "contra_account": "Assets:Receivable", "body": "{}", "personal": "someone",
            "personal_digest": hashed("someone"), "n": serial, "previous": hashed(f"before {serial}"), "hash": hashed(f"{serial}"),
            "signed_at": factories.NOON,
        } | fields
    )  # fmt: skip


def line(document: Document, n: int = 1, **fields: Any) -> DocumentLine:
    """An unsaved line over 10 net and 1.90 tax; `net`, `tax` and `quantity` may be text."""
    values = {
        "kind": "item", "currency": document.currency, "net": "10", "tax": "1.90", "quantity": "1", "account": "Income:Goods",
        "tax_code": "DE19", "tax_account": "Liabilities:Tax:DE19",
    } | fields  # fmt: skip
    for name in ("net", "tax", "quantity"):
        values[name] = Decimal(values[name])
    return DocumentLine(document=document, n=n, **values)


def credit(shop: models.Shop, of: DocumentLine, **fields: Any) -> Document:
    """A credit note with one line that takes back from `of`: all of it unless told otherwise."""
    own = {"net": of.net, "tax": of.tax, "quantity": of.quantity, "currency": of.currency, "credits": of} | fields
    return document(shop, [own], kind="credit_note", currency=own["currency"])


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def triggers_off() -> Iterator[Any]:
    """A cursor in a transaction in which no trigger fires and no foreign key holds: what a database superuser can do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def execute(sql: str, *values: Any) -> int:
    """One statement by hand, in a savepoint of its own; returns how many rows it met."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


@contextmanager
def refused(words: str = "") -> Iterator[None]:
    """What the block does is refused by the database, at the latest when it would be committed, in these words."""
    with pytest.raises(DatabaseError, match=words), _to_the_end():
        yield


@contextmanager
def _to_the_end() -> Iterator[None]:
    with transaction.atomic():
        yield
        checked_now()


def isolated(level: str) -> None:
    """The transaction that has just begun runs at this level."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")


def checked_now() -> None:
    """Fire the deferred triggers that wait for the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
