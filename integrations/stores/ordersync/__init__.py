"""Our own spreadsheets as they come back: a row with our id is a person's correction, a row without is a new record that a person typed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from integrations.formats import tables
from integrations.formats.node import Unclear
from integrations.registry import layout
from integrations.stores.base import Setting
from integrations.stores.ordersync import changed, fresh, rows
from integrations.stores.ordersync.rows import SheetRow
from orders import incoming, resources
from orders.resources import Sheet


class OwnSheet:
    """One of our sheets (orders.resources), recognised by the title of its control column."""

    name: ClassVar[str]
    noun: ClassVar[str]
    words: ClassVar[str | Promise]
    fidelity: ClassVar[incoming.Fidelity] = incoming.TYPED

    def recognises(self, head: bytes, file_name: str) -> bool:
        title = resources.sheet(self.noun).column("control_number").title
        return tables.normal(title) in map(tables.normal, tables.titles(head))

    def read(self, stream: BinaryIO, setting: Setting) -> Iterator[incoming.Record]:
        sheet = resources.sheet(self.noun)
        where, found = rows.opened(stream, sheet, setting)
        keyed = (tables.Row(row.line, [_key(sheet, row), *row.cells]) for row in found)
        for group in tables.grouped(keyed, 0):
            yield _record(sheet, [SheetRow(where, row.line, row.cells[1:]) for row in group], setting)


def _key(sheet: Sheet, row: SheetRow) -> str:
    if id := row.text("id"):
        return f"id {id}"
    return fresh.name(sheet, row) or f"row {row.line}"


def _record(sheet: Sheet, group: Sequence[SheetRow], setting: Setting) -> incoming.Record:
    try:
        if group[0].text("id"):
            return changed.amendment(sheet, group)
        return fresh.record(sheet, group, setting)
    except Unclear as unclear:
        return _refusal(group, unclear)


def _refusal(group: Sequence[SheetRow], unclear: Unclear) -> incoming.Refusal:
    raw = io.StringIO()
    csv.writer(raw).writerows(row.cells for row in group)
    return incoming.Refusal(
        where=group[0].where,
        reason=str(unclear) if unclear.row else f"Row {group[0].line}: {unclear}",
        field=unclear.field,
        value=unclear.value,
        raw=raw.getvalue(),
    )


def _reader(sheet: type[Sheet]) -> type[OwnSheet]:
    named = {
        "name": f"ordersync-{sheet.noun}",
        "noun": sheet.noun,
        "words": format_lazy(_("our own sheet: {sheet}"), sheet=sheet.words),
        "__module__": __name__,
    }
    return layout(type(sheet.__name__, (OwnSheet,), named))


READERS = [_reader(sheet) for sheet in resources.SHEETS]
