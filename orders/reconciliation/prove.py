"""Runs the proof: three statements, each read once, by day and by reason; nothing is rounded on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.models import Document, Order, Payment, Payout, Refund, Shop
from orders.reconciliation.deposits import PAYOUTS
from orders.reconciliation.money_moves import MONEY
from orders.reconciliation.rows import Difference, Proof, Row, Waiting
from orders.reconciliation.sales import FULFILLED, PAID, SALES

NAMED_AT_MOST = 100
"""So many differing records are named for each row; the rows themselves are always complete."""
AMOUNTS = ("store", "source", "named", "approved", "target", "booked", "unsigned", "unbooked", "left_out", "difference")
SENDING = {
    "undo": "approved, can still be undone", "sending": "signed, to be sent", "unknown": "sent, outcome unknown", "refused": "refused by the ledger",
    "stuck": "stuck", "handed_out": "handed out in a file, waiting for acknowledgement",
}  # fmt: skip

_SUMMED = """
SELECT CASE WHEN GROUPING(day) = 0 THEN 'day' WHEN GROUPING(why) = 0 THEN 'why' ELSE 'sending' END AS form, shop, currency, day, why, sending, measure,
       sum(store) AS store, sum(allowed) AS source, sum(named) AS named, sum(approved) AS approved, sum(target) AS target, sum(booked) AS booked,
       sum(unsigned) AS unsigned, sum(unbooked) AS unbooked, sum(left_out) AS left_out, sum(difference) AS difference, count(*) AS number,
       (array_agg(noun || ' ' || id || ' ' || difference ORDER BY id) FILTER (WHERE differs))[1:%(named)s] AS differing
  FROM final GROUP BY GROUPING SETS ((shop, currency, day, measure), (shop, currency, why, measure), (shop, currency, sending, measure))
 ORDER BY form, shop, currency, day, CASE measure WHEN 'net' THEN 1 WHEN 'gross' THEN 3 ELSE 2 END, measure, why, sending
"""


def proof(shop: Shop | None = None, from_on: date | None = None, to_on: date | None = None) -> Proof:
    """Prove the orders, refunds, payments and payouts of a shop (all shops if None) whose days lie from `from_on` to `to_on`, both included; open ends if None."""
    values = {"shop": shop.pk if shop else None, "from": from_on, "to": to_on, "named": NAMED_AT_MOST}
    near = {"early": from_on and from_on - timedelta(days=2), "late": to_on and to_on + timedelta(days=2)}
    sales = _read(
        SALES.format(
            orders=_within("o", "placed", values),
            refunds=_within("r", "refunded", values),
            paid=PAID,
            fulfilled=FULFILLED,
        ),
        values | near,
    )
    moved = _read(MONEY.format(payments=_moved(values)), values | near)
    paid_out = _read(PAYOUTS.format(payouts=_paid_out(values)), values)
    return Proof(
        sales=tuple(_rows(sales)), money=tuple(_rows(moved)), payouts=tuple(_rows(paid_out)),
        waiting=(*_waiting(sales), *_waiting(moved), *_waiting(paid_out)),
        differences=(*_differences(sales), *_differences(moved), *_differences(paid_out)),
    )  # fmt: skip


def _within(row: str, moment: str, values: dict[str, Any]) -> str:
    """The condition on orders or refunds; the range of instants, wider by two days, lets the index help."""
    wanted = ["true", *(["o.shop_id = %(shop)s"] if values["shop"] else [])]
    day = f"{row}.{moment}_on" if row == "o" else "coalesce(r.refunded_on, o.placed_on)"
    for name, bound, sign in (("from", "early", ">="), ("to", "late", "<=")):
        if values[name]:
            wanted += [f"{day} {sign} %({name})s"] + ([f"o.placed_at {sign} %({bound})s"] if row == "o" else [])
    return " AND ".join(wanted)


def _moved(values: dict[str, Any]) -> str:
    day = "(coalesce(p.processed_at, r.refunded_at, o.placed_at) AT TIME ZONE s.time_zone)::date"
    wanted = ["true", *(["o.shop_id = %(shop)s"] if values["shop"] else [])]
    wanted += [f"{day} {sign} %({name})s" for name, sign in (("from", ">="), ("to", "<=")) if values[name]]
    return " AND ".join(wanted)


def _paid_out(values: dict[str, Any]) -> str:
    wanted = ["true", *(["p.shop_id = %(shop)s"] if values["shop"] else [])]
    wanted += [f"p.paid_on {sign} %({name})s" for name, sign in (("from", ">="), ("to", "<=")) if values[name]]
    return " AND ".join(wanted)


def _read(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement + _SUMMED, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    for row in found:
        amounts = {name: Decimal(row[name]) for name in AMOUNTS}
        if row["form"] == "day" and any(amounts.values()):
            yield Row(shop=row["shop"], currency=row["currency"], day=row["day"], measure=row["measure"], **amounts)


def _waiting(found: list[dict[str, Any]]) -> Iterator[Waiting]:
    """By reason: what is not signed, what was left out, and what is signed but not booked."""
    for row in found:
        if row["form"] == "day" or row["measure"] not in ("gross", "money", "deposit") or not (why := _why(row)):
            continue
        amount = row["unbooked"] if row["form"] == "sending" else row["unsigned"] + row["left_out"]
        money = row["measure"] == "money"
        yield Waiting(
            shop=row["shop"], currency=row["currency"], why=why, count=row["number"], amount=amount, money=money
        )


def _why(row: dict[str, Any]) -> str:
    return SENDING.get(row["sending"] or "", row["sending"] or "") if row["form"] == "sending" else row["why"]


def _differences(found: list[dict[str, Any]]) -> Iterator[Difference]:
    for row in found:
        if row["form"] == "day":
            for text in row["differing"] or ():
                noun, pk, amount = text.split(" ")
                record, documents = _named(noun, int(pk))
                yield Difference(
                    shop=row["shop"], currency=row["currency"], day=row["day"], measure=row["measure"], amount=Decimal(amount), record=record,
                    documents=documents,
                )  # fmt: skip


def _named(noun: str, pk: int) -> tuple[str, tuple[str, ...]]:
    if noun == "order":
        order = Order.objects.get(pk=pk)
        return f"order {order.number}", _references(order=order, sources__refund=None)
    if noun == "refund":
        refund = Refund.objects.select_related("order").get(pk=pk)
        return f"refund {refund.store_id} of order {refund.order.number}", _references(sources__refund=refund)
    if noun == "payout":
        payout = Payout.objects.get(pk=pk)
        return f"payout {payout.store_id}", _references(sources__payout=payout)
    payment = Payment.objects.select_related("order").get(pk=pk)
    return f"payment {payment.store_id} of order {payment.order.number}", _references(sources__payment=payment)


def _references(**wanted: Any) -> tuple[str, ...]:
    found = Document.objects.filter(**wanted, booking__voided_at=None).order_by("n").distinct()
    return tuple(f"{item.kind} {item.reference}" for item in found)
