"""Our own spreadsheets as they come back: a row with our id is a person's correction, a row without is a new record that a person typed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, ClassVar

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


def _registered(nouns: Iterable[str]) -> dict[str, type[OwnSheet]]:
    return {
        noun: layout(
            type(noun.title(), (OwnSheet,), {"name": f"ordersync-{noun}", "noun": noun, "__module__": __name__})
        )
        for noun in nouns
    }


READERS = _registered(sheet.noun for sheet in resources.SHEETS)
