"""Brings in what a person changed in a sheet of ours: cell by cell against what stands here now, through the services of the desk, a record whole or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from orders import corrections, incoming, resources, review, roles
from orders.intake.fit import Unfit
from orders.intake.receipt import Change
from orders.models import Event, Order, Shop
from orders.resources import Column, Sheet
from orders.resources.widgets import text_of

RIGHT = "orders.add_correction"
_SHORTENED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_PRECISE = 15  # digits that a spreadsheet program keeps of a number


@dataclass(frozen=True, slots=True)
class Amended:
    """What became of an amendment: "updated" or "same", its order, and each change that was made."""

    outcome: str
    order_id: int | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Differing:
    """A cell that says something else than the database: where it belongs, and what stands there now."""

    cell: incoming.Cell
    column: Column
    before: str
    after: str

    @property
    def change(self) -> Change:
        return Change(self.column.title, self.before, self.after, self.cell.where, self.cell.reason)


def receive(shop: Shop, told: incoming.Amendment, source: incoming.Source) -> Amended:
    """Make the changes; the caller holds a savepoint. Raises Unfit: which cell, why not, and what to do instead. What is so already is no change."""
    if told.unclear:
        raise Unfit(told.unclear, field=told.field, value=told.value)
    sheet = resources.sheet(told.noun)
    differing = _differing(sheet, told, _now(sheet, shop, told))
    if not differing:
        return Amended("same", told.id if told.noun == "orders" else None)
    by = _person(source)
    _refuse_fixed(differing)
    order = Order.objects.defer("search").get(pk=told.id)
    _refuse_stale(order, told, differing)
    _refuse_eaten(differing)
    _correct(order, differing, by, source.reason)
    return Amended("updated", order.pk, tuple(one.change for one in differing))


def _now(sheet: Sheet, shop: Shop, told: incoming.Amendment) -> dict[int | None, list[Any]]:
    """The record's rows as they would be exported now, by the id of their line; the first also under None. The record is locked."""
    rows = sheet.get_queryset().filter(pk=told.id)
    list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk"))
    found = list(sheet.rows(rows))
    named = {row[sheet.places["shop"]] for row in found}
    if not found or named - {shop.code, None}:
        words = _(
            "%(where)s: there is no record %(id)s among the %(noun)s of %(shop)s. Bring the file in for the shop that it was exported from."
        )
        raise Unfit(
            words % {"where": _capital(told.where), "id": told.id, "noun": sheet.words, "shop": shop},
            field="id",
            value=told.id,
        )
    at = sheet.places.get("line_id")
    return {None: found[0], **({row[at]: row for row in found} if at is not None else {})}


def _differing(sheet: Sheet, told: incoming.Amendment, now: dict[int | None, list[Any]]) -> list[_Differing]:
    """The cells that say something else than stands here now, written as they would be kept."""
    found = []
    for cell in told.cells:
        column = sheet.column(cell.column)
        row = now.get(cell.line)
        if row is None:
            words = _("%(where)s: the order has no line %(line)s any more. Export it again and make the change there.")
            raise Unfit(
                words % {"where": _capital(cell.where), "line": cell.line}, field=column.title, value=cell.value
            )
        before = text_of(row[sheet.places[cell.column]])
        after = _spelled(column, cell)
        if after != before:
            found.append(_Differing(cell, column, before, after))
    return found


def _spelled(column: Column, cell: incoming.Cell) -> str:
    if not column.target:
        return cell.value
    try:
        return corrections.spelled(column.target, column.field, cell.value)
    except corrections.Refused as refused:
        words = f"{_at(cell, column)}: {refused.words} {refused.fix}".strip()
        raise Unfit(words, field=column.title, value=cell.value) from refused


def _person(source: incoming.Source) -> User:
    """Whose corrections they are. Raises Unfit for nobody, and for somebody who may not correct."""
    by = User.objects.filter(pk=source.by_id).first() if source.by_id else None
    if by is None:
        raise Unfit(_("A correction is somebody's: sign in and bring the file in yourself."))
    if not by.is_active or not roles.may(by, RIGHT):
        words = _(
            "%(user)s may not correct orders. Ask an order data owner, a deputy or an accountant to bring the file in."
        )
        raise Unfit(words % {"user": by})
    return by


def _refuse_fixed(differing: Iterable[_Differing]) -> None:
    """Cells that are not people's to change in a sheet: all of them, with what to do instead."""
    fixed = [one for one in differing if not one.column.target]
    if not fixed:
        return
    parts = [
        _("%(place)s was changed from “%(before)s” to “%(after)s”, and cannot be changed in a file. %(instead)s")
        % {
            "place": _at(one.cell, one.column),
            "before": one.before,
            "after": one.after,
            "instead": one.column.instead,
        }
        for one in fixed
    ]
    raise Unfit(" ".join(parts), field=fixed[0].column.title, value=fixed[0].after)


def _refuse_stale(order: Order, told: incoming.Amendment, differing: Sequence[_Differing]) -> None:
    """The record was changed here after it was exported: by whom, when, and what."""
    if told.version == order.version:
        return
    since = Event.objects.filter(order=order, pk__gt=told.seen) if told.seen else Event.objects.filter(order=order)
    events = list(since.select_related("by").order_by("-pk")[:3])
    words = _(
        "%(where)s: order %(number)s was changed here after the export (%(what)s): it is at version %(now)s, not %(then)s. Export it again and change that."
    )
    raise Unfit(
        words
        % {
            "where": _capital(told.where),
            "number": order.number,
            "now": order.version,
            "then": told.version if told.version is not None else _("none"),
            "what": "; ".join(map(_happened, reversed(events))) or _("by the store"),
        },
        field="version",
        value=told.version or "",
    )


def _happened(event: Event) -> str:
    what = (event.words or event.verb).rstrip(".")
    return _("%(what)s, by %(who)s, %(when)s UTC") % {
        "what": what,
        "who": event.by or "ordersync",
        "when": f"{event.at:%Y-%m-%d %H:%M}",
    }


def _refuse_eaten(differing: Iterable[_Differing]) -> None:
    """A text that lost its leading zeros or its last digits was not changed by a person, but by the spreadsheet program."""
    for one in differing:
        if _eaten(one.before, one.after):
            words = _(
                "%(place)s: “%(after)s” is what a spreadsheet program makes of “%(before)s”. Open the file as text; if you mean it, correct it on the order's page."
            )
            raise Unfit(
                words % {"place": _at(one.cell, one.column), "before": one.before, "after": one.after},
                field=one.column.title,
                value=one.after,
            )


def _eaten(before: str, after: str) -> bool:
    if not before.isdigit():
        return False
    if _SHORTENED.fullmatch(after):
        return True
    zeros_lost = before.startswith("0") and after == (before.lstrip("0") or "0")
    digits = len(before)
    rounded = digits > _PRECISE and after.isdigit() and len(after) == digits and not after[_PRECISE:].strip("0")
    return zeros_lost or (rounded and after[: _PRECISE - 1] == before[: _PRECISE - 1])


def _correct(order: Order, differing: Sequence[_Differing], by: User, reason: str) -> None:
    changes = []
    for one in differing:
        why = one.cell.reason or reason.strip()
        if not why:
            words = _(
                "%(place)s was changed without a reason. Write one in the column “reason”, or one for the whole file where you bring it in."
            )
            raise Unfit(words % {"place": _at(one.cell, one.column)}, field="reason")
        target = f"line:{one.cell.line}" if one.column.target == "line" else one.column.target
        changes.append(review.Change(target, one.column.field, one.after, why[:500]))
    try:
        review.correct_all(order, changes, by=by)
    except review.Refused as refused:
        words = _("%(where)s, order %(number)s: %(words)s %(fix)s")
        told = {
            "where": _capital(differing[0].cell.where),
            "number": order.number,
            "words": refused.words,
            "fix": refused.fix,
        }
        raise Unfit((words % told).strip(), field=differing[0].column.title, value=differing[0].after) from refused


def _at(cell: incoming.Cell, column: Column) -> str:
    return f"{_capital(cell.where)}, “{column.title}”"


def _capital(where: str) -> str:
    return where[:1].upper() + where[1:]
