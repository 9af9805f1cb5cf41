"""A row with our id: which of its cells are no longer what was exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from integrations.formats.node import Unclear
from integrations.stores.ordersync.rows import SheetRow
from orders import incoming
from orders.resources import Sheet, control
from orders.resources.widgets import text_of


def amendment(sheet: Sheet, group: Sequence[SheetRow]) -> incoming.Amendment:
    """What a person changed in one record's rows; without cells, nothing. What cannot be made out says so itself."""
    first = group[0]
    id = int(first.value("id"))
    told: dict[str, Any] = {"noun": sheet.noun, "id": id, "where": first.where, "number": _number(sheet, first)}
    reason = next((why for row in group if (why := row.text("reason"))), "")
    try:
        version = first.whole("version") if sheet.versioned else None
        cells = _agreed(sheet, [cell for row in group for cell in _cells(sheet, row, reason)])
    except Unclear as unclear:
        return incoming.Amendment(**told, unclear=str(unclear), field=unclear.field, value=unclear.value)
    return incoming.Amendment(**told, version=version, seen=control.mark(first.text("check")), cells=cells)


def _number(sheet: Sheet, row: SheetRow) -> str:
    name = "number" if sheet.noun == "orders" else "order"
    return row.text(name) if name in sheet.places else ""


def _cells(sheet: Sheet, row: SheetRow, reason: str) -> Iterator[incoming.Cell]:
    check = row.text("check")
    key = [row.whole(name) for name in ("id", "version", "line_id") if name in sheet.places]
    if not control.belongs(check, key, len(sheet.checked)):
        raise Unclear("ordersync check", check[:20], _not_together(sheet), row.line)
    line = row.whole("line_id") if "line_id" in sheet.places else None
    for n, at in enumerate(sheet.checked):
        column = sheet.columns[at]
        if row.layout.has(column.name) and not row.says_what_was_exported(n, column.name, check):
            value = text_of(row.value(column.name))
            place = None if column.once else line
            yield incoming.Cell(
                column=column.name, value=value, where=row.where, line=place, reason=row.text("reason") or reason
            )


def _not_together(sheet: Sheet) -> str:
    names = "id, version" if sheet.versioned else "id"
    return (
        f"It does not belong to this row's {names} and line. Leave them as they were exported, or export the list again; "
        "a new record has none of them."
    )


def _agreed(sheet: Sheet, cells: Sequence[incoming.Cell]) -> tuple[incoming.Cell, ...]:
    """What belongs to the whole record once, though several of its rows say it. Raises Unclear where they say different things."""
    found: dict[tuple[str, int | None], incoming.Cell] = {}
    for cell in cells:
        earlier = found.setdefault((cell.column, cell.line), cell)
        if earlier.value != cell.value:
            fix = f"{earlier.where.capitalize()} says “{earlier.value}” for the same order: write it once."
            raise Unclear(sheet.column(cell.column).title, cell.value, fix, int(cell.where.rpartition(" ")[2]))
    return tuple(found.values())
