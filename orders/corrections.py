"""What people put right lies over what the store says, and stays there until the store says the same or a person drops it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, search
from orders.models import Address, Correction, Order, OrderLine, Reviewed

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import Field

_ADDRESS = ("name", "company", "street", "street2", "city", "region", "postcode", "country", "phone", "email")
CORRECTABLE: dict[str, tuple[str, ...]] = {
    "order": (
        "customer_name",
        "email",
        "company",
        "vat_id",
        "tax_treatment",
        "tax_country",
        "exempt_reason",
        "po_number",
        "terms",
        "due_on",
    ),
    "billing": _ADDRESS,
    "shipping": _ADDRESS,
    "line": ("kind", "sku"),
}
MODELS: dict[str, type[models.Model]] = {"order": Order, "billing": Address, "shipping": Address, "line": OrderLine}
# Values that erasure must reach; they never enter an event's open body.
PERSONAL = frozenset({"customer_name", *_ADDRESS, "vat_id"}) - {"country", "region"}


class Refused(Exception):
    """A correction that cannot be made; `words` says why, `fix` what to do."""

    def __init__(self, words: str, fix: str = "") -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


@dataclass(frozen=True, slots=True)
class Standing:
    """The corrections that stand on one order, by (target, field)."""

    order: Order
    by_place: dict[tuple[str, str], Correction] = field(default_factory=dict)


def standing(order: Order) -> Standing:
    """The order's corrections that stand; one query."""
    rows = Correction.objects.filter(order=order, retired_at=None)
    return Standing(order, {(row.target, row.field): row for row in rows})


def merge(corrected: Standing, target: str, field: str, fresh: Any) -> Any:
    """The value that the field's column takes now that the store says `fresh`: three-way, of the correction, its base and the fresh value.

    The store's old value again: the correction keeps. The corrected value: the correction has done its work and retires. A third value: the
    correction keeps, and its `store_value` differs from its base, which is the conflict that a person decides.
    """
    correction = corrected.by_place.get((target, field))
    if correction is None:
        return fresh
    said = _text(fresh)
    if said == correction.value:
        _retire(correction, by=None, words=f"The store now says itself what {_place(correction)} was corrected to.")
        del corrected.by_place[target, field]
        return fresh
    if said != correction.store_value:
        correction.store_value = said
        correction.save(update_fields=["store_value"])
    return _value(_column(MODELS[target.partition(":")[0]], field), correction.value)


@transaction.atomic
def correct(record: Reviewed, target: str, field: str, value: str, *, by: User, reason: str) -> Correction:
    """Lay `value` (text; a date as 2026-12-31) over the store's value. Returns the correction, retired at once if it is the store's own value again.

    `target` is "order", "billing", "shipping" or "line:ID" (our id of the line). Raises Refused for what may not be corrected, a value that does not
    fit, no reason, or no change. An older correction of the same field retires. The caller holds the record's lock.
    """
    if not isinstance(record, Order):
        raise Refused(_("Only an order's fields can be corrected."), _("Use an adjustment instead."))
    if not reason.strip():
        raise Refused(_("Say why: a correction needs a reason."))
    subject = _subject(record, target, field)
    column = _column(type(subject), field)
    fresh = _clean(column, value)
    older = Correction.objects.filter(order=record, target=target, field=field, retired_at=None).first()
    before = _text(getattr(subject, field))
    base = older.store_value if older else before
    if _text(fresh) == before and (older is None or older.base == older.store_value):
        raise Refused(_("%(field)s is “%(value)s” already.") % {"field": column.verbose_name, "value": before})
    if older:
        _close(older)
    made = Correction.objects.create(
        order=record,
        target=target,
        field=field,
        base=base,
        value=_text(fresh),
        store_value=base,
        reason=reason,
        by=by,
        at=timezone.now(),
        retired_at=timezone.now() if _text(fresh) == base else None,
    )
    _set(record, subject, field, fresh)
    _tell(made, "corrected", by, before, _text(fresh), reason)
    return made


def spelled(kind: str, field: str, value: str) -> str:
    """The text that a correction to `value` would leave in the field of an "order", "billing", "shipping" or "line". Raises Refused for what does not fit."""
    return _text(_clean(_column(MODELS[kind], field), value))


@transaction.atomic
def drop(correction: Correction, *, by: User | None, reason: str = "") -> None:
    """Take the correction back: the column says again what the store says last. Raises Refused if it stands no more."""
    if correction.retired_at:
        raise Refused(_("This correction does not stand any more."))
    order = correction.order
    if order is None:
        raise Refused(_("Only an order's fields can be corrected."))
    subject = _subject(order, correction.target, correction.field)
    column = _column(type(subject), correction.field)
    _close(correction)
    _set(order, subject, correction.field, _value(column, correction.store_value))
    _tell(correction, "correction dropped", by, correction.value, correction.store_value, reason)


def _subject(order: Order, target: str, field: str) -> Order | Address | OrderLine:
    kind, _colon, key = target.partition(":")
    if field not in CORRECTABLE.get(kind, ()):
        words = _("%(field)s of %(target)s cannot be corrected.") % {"field": field, "target": target}
        raise Refused(
            words, _("Amounts, quantities and currency change by an adjustment with account and reason only.")
        )
    if kind == "order":
        return order
    if kind == "line":
        line = order.lines.filter(pk=int(key) if key.isdigit() else 0, removed=False).first()
        if line is None:
            raise Refused(_("The order has no line %(id)s any more.") % {"id": key}, _("Load the page again."))
        return line
    address: Address | None = getattr(order, kind)
    if address is None:
        address = Address.objects.create()
        setattr(order, kind, address)
        order.save(update_fields=[kind])
    return address


def _column(model: type[models.Model], name: str) -> Field[Any, Any]:
    found = model._meta.get_field(name)
    if not isinstance(found, models.Field):
        raise TypeError(f"{name} is no column of {model.__name__}")
    return found


def _value(column: Field[Any, Any], text: str) -> Any:
    """A correction's text as the column's own value."""
    return column.to_python(text or (None if column.null else ""))


def _clean(column: Field[Any, Any], value: str) -> Any:
    """The text as the column's own value. Raises Refused with the reason in words."""
    text = value.strip()
    text = text.upper() if column.name in {"tax_country", "country", "vat_id"} else text
    if column.name == "tax_country" and text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise Refused(_("“%(value)s” is no country code.") % {"value": text}, _("Use two letters, as in DE."))
    try:
        fresh = _value(column, text)
        if text or not column.blank:
            column.clean(fresh, None)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    return fresh


def _set(order: Order, subject: Order | Address | OrderLine, field: str, value: Any) -> None:
    setattr(subject, field, value)
    subject.save(update_fields=[field])
    search.index(order)


def _retire(correction: Correction, *, by: User | None, words: str) -> None:
    _close(correction)
    events.record(correction, "correction retired", by=by, order=correction.order, words=words)


def _close(correction: Correction) -> None:
    correction.retired_at = timezone.now()
    correction.save(update_fields=["retired_at"])


def _tell(correction: Correction, verb: str, by: User | None, before: str, after: str, why: str) -> None:
    place = _place(correction)
    personal = correction.field in PERSONAL
    events.record(
        correction,
        verb,
        by=by,
        order=correction.order,
        before=None if personal else {place: before},
        after=None if personal else {place: after},
        personal={"field": place, "from": before, "to": after} if personal else None,
        why=why,
        words=f"{place}: {verb}.",
    )


def _place(correction: Correction) -> str:
    return f"{correction.target}.{correction.field}" if correction.target != "order" else correction.field


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")
