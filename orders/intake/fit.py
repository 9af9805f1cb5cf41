"""Whether a record can be kept as it is: finite amounts, clear instants, names that fit; what cannot be is refused in words."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from orders import incoming, money
from orders.intake import glance

R = TypeVar("R")
LARGEST = Decimal(10) ** 12  # quantities are numeric(18,6), amounts numeric(20,6)
# Ratios, not money: kept with the places of their columns, the rest is rounding by whoever divided.
RATIOS = {"unit_price": 10, "presentment_rate": 10, "payments.rate": 10, "taxes.rate": 6}
# Text that names something: cut short it would name something else. Beyond these lengths the record is refused.
NAMES = dict.fromkeys(
    ["id", "sku", "line_id", "parent_id", "product_id", "variant_id", "payment_id", "tracking_number"], 200
)
NAMES |= {"number": 100, "order_number": 100, "store_invoice_number": 100, "email": 254, "vat_id": 30, "barcode": 50}
NAMES |= {"taxes.country": 2, "location": 100}
# Text that describes: cut at these lengths, else at 200; the store's message keeps the whole.
DESCRIPTIONS = {"lines.title": 1000, "title": 500, "reason": 500, "street": 300, "street2": 300, "tracking_url": 1000}
DESCRIPTIONS |= dict.fromkeys(
    ["jurisdiction", "gateway", "carrier", "po_number", "terms", "region", "taxes.title"], 100
)
DESCRIPTIONS |= {
    "phone": 60,
    "country": 60,
    "taxes.region": 50,
    "store_state": 50,
    "channel": 50,
    "postcode": 30,
    "kind": 20,
}
WHOLE = {"notes", "words", "raw", "cells", "unclear"}


class Unfit(Exception):
    """A record that cannot be kept: which field, which value, why and what to do, in words."""

    def __init__(self, reason: str, *, field: str = "", value: object = "") -> None:
        super().__init__(reason)
        self.reason, self.field, self.value = reason, field, str(value)


def fitted(record: R) -> R:
    """The record with text and ratios cut to what the columns hold; amounts are never touched. Raises Unfit."""
    if _good_at_a_glance(record):
        return record
    found: R = _fitted(record, "")
    return found


def _good_at_a_glance(record: Any) -> bool:
    try:
        return _glance(record)(record)
    except (ArithmeticError, AttributeError, TypeError):  # a value of another type than its field's
        return False


_glances: dict[type[Any], glance.Check] = {}


def _glance(record: Any) -> glance.Check:
    kind = type(record)
    if kind not in _glances:
        _glances[kind] = glance.checker(kind, glance.Limits(_longest, lambda path: _of(RATIOS, path), LARGEST))
    return _glances[kind]


def _longest(path: str) -> int | None:
    """How long a text may be to be kept uncut; None for any length."""
    if WHOLE & set(_names(path)):
        return _of(NAMES, path)
    cut = _of(DESCRIPTIONS, path) or 200
    named = _of(NAMES, path)
    return cut if named is None else min(named, cut)


def check_order(order: incoming.Order) -> None:
    """Raises Unfit for an order that nothing identifies, that has a currency of no three letters, or two parts of one name."""
    if not (order.id or order.number):
        raise Unfit(
            _("The order has neither an id nor a number, so it could not be found again. Give it one."), field="number"
        )
    for field, currency in _currencies(order):
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            words = _("“%(value)s” is no currency code. Use the three letters of ISO 4217, as in EUR.")
            raise Unfit(words % {"value": currency}, field=field, value=currency)
    if not order.currency:
        raise Unfit(_("The order states no currency. Set the shop's currency in the file."), field="currency")
    paid = [payment.id for payment in order.payments]
    back = [payment.id for refund in order.refunds for payment in refund.payments]
    _named_once("lines", (line.id for line in order.lines if line.id))
    for field, ids in (("payments", paid), ("refunds.payments", back)):
        _named_once(field, ids, required=True)
    _named_once("refunds", (refund.id for refund in order.refunds), required=True)
    _named_once("shipments", (shipment.id for shipment in order.shipments), required=True)


def _currencies(order: incoming.Order) -> Iterator[tuple[str, str]]:
    yield from (("currency", order.currency), ("presentment_currency", order.presentment_currency))
    for payment in (*order.payments, *(item for refund in order.refunds for item in refund.payments)):
        yield from (("payments.currency", payment.currency), ("payments.settled_currency", payment.settled_currency))
    yield from (("refunds.currency", refund.currency) for refund in order.refunds)


def _named_once(field: str, ids: Iterable[str], *, required: bool = False) -> None:
    found = list(ids)
    if len(set(found)) == len(found) and not (required and "" in found):
        return  # as nearly always
    for name, times in Counter(found).items():
        if required and not name:
            raise Unfit(
                _("One of the %(field)s has no id. Each needs a name that stays the same.") % {"field": field},
                field=field,
            )
        if times > 1:
            words = _("%(times)s of the %(field)s have the id “%(id)s”. Each needs one of its own.")
            raise Unfit(words % {"times": times, "field": field, "id": name}, field=field, value=name)


def _fitted(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, Decimal):
        return _number(value, path)
    if isinstance(value, datetime) and value.tzinfo is None:
        words = _("“%(value)s” has no time zone, so it could be any of several moments. Add its offset, as in +02:00.")
        raise Unfit(words % {"value": value.isoformat(sep=" ")}, field=path, value=value)
    if isinstance(value, tuple):
        return tuple(_fitted(item, f"{path}[{n}]") for n, item in enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _record(value, path)
    return value


def _record(value: Any, path: str) -> Any:
    """The same record where nothing had to be cut, else a copy."""
    start = f"{path}." if path else ""
    old = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    new = {name: _fitted(item, start + name) for name, item in old.items()}
    changed = {name: item for name, item in new.items() if item is not old[name]}
    return dataclasses.replace(value, **changed) if changed else value


def _number(value: Decimal, path: str) -> Decimal:
    if not value.is_finite():
        raise Unfit(_("“%(value)s” is no number. Put in the amount.") % {"value": value}, field=path, value=value)
    if abs(value) >= LARGEST:
        raise Unfit(
            _("%(value)s is too large: less than a million million is kept.") % {"value": value},
            field=path,
            value=value,
        )
    places = _of(RATIOS, path)
    if places is not None:
        return value if -_exponent(value) <= places else value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if money.kept(value) != value:
        words = _(
            "%(value)s has more than six decimals, which no currency has. Give the amount as the store charged it."
        )
        raise Unfit(words % {"value": value}, field=path, value=value)
    return value


def _exponent(value: Decimal) -> int:
    found = value.as_tuple().exponent
    return found if isinstance(found, int) else 0


def _text(value: str, path: str) -> str:
    """Without what a database cannot hold; a name that is too long is refused, a description is cut."""
    clean = value if value.isascii() and "\0" not in value else storable(value)
    longest = _of(NAMES, path)
    if longest is not None and len(clean) > longest:
        words = _("“%(value)s…” is too long for %(field)s: at most %(longest)s characters.")
        raise Unfit(words % {"value": clean[:40], "field": path, "longest": longest}, field=path, value=clean)
    return clean if WHOLE & set(_names(path)) else _cut(clean, _of(DESCRIPTIONS, path) or 200)


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold: NUL and half surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _of(table: Mapping[str, int], path: str) -> int | None:
    """What the table says of the field, first within its parent ("taxes.title"), then anywhere ("title")."""
    names = _names(path)
    return table.get(".".join(names[-2:]), table.get(names[-1]))


@functools.lru_cache(maxsize=10_000)
def _names(path: str) -> tuple[str, ...]:
    """lines[0].taxes[1].title → lines, taxes, title."""
    return tuple(part.partition("[")[0] for part in path.split("."))
