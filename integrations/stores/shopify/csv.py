"""Reads Shopify's order export: one row per line item, what belongs to the order on its first row only.

Source: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders, and exports of 71 to 79 columns.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import tables
from integrations.formats.node import Unclear
from integrations.stores import base
from integrations.stores.shopify import rows
from integrations.stores.shopify.columns import Columns, OrderRow
from orders import incoming

_MARKS = {"name", "lineitemname", "lineitemquantity", "financialstatus"}
_OTHERS = (({"fivetransynced"}, "This looks like a table from a data warehouse, which holds an order in parts."),)


@registry.layout
class OrdersCsv:
    """The export of the Orders page, "plain CSV file"."""

    name: ClassVar[str] = "shopify-orders-csv"
    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True if the titles are those of an order export. Raises Unreadable for other exports of Shopify and for missing columns."""
        titles = tables.titles(head)
        names = set(map(tables.normal, titles))
        for marks, what in _OTHERS:
            if marks <= names:
                raise base.Unreadable(f"{what} Export from the Orders page of Shopify instead.")
        if not names >= _MARKS:
            return False
        Columns(titles, base.Setting(currency="", time_zone="UTC"))
        return True

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record per order; orders come in the order of their first rows, however the rows are sorted. Raises Unreadable."""
        found = tables.rows(stream, setting)
        columns = Columns(next(found, tables.Row(0, ())).cells, setting)
        header = list(columns.header)
        body = (row for row in found if row.cells != header)  # files put together repeat the titles
        for group in tables.grouped(body, columns.names.index("name")):
            yield from _records([columns.row(row) for row in group], setting.currency)


def _records(group: Sequence[OrderRow], currency: str) -> Iterator[incoming.Record]:
    try:
        orders = _split(group)
    except Unclear as unclear:
        yield _refusal(group, unclear)
        return
    for order in orders:
        try:
            yield rows.order(order, currency)
        except Unclear as unclear:
            yield _refusal(order, unclear)


def _split(group: Sequence[OrderRow]) -> list[Sequence[OrderRow]]:
    """The orders in the rows of one name: names need not be unique, the id tells two orders apart. Raises Unclear if rows cannot be told apart."""
    if not group[0].text("name"):
        raise Unclear("Name", "", "Without the order's name its rows cannot be found. Export the orders again.")
    for row in group:
        if any(row.cells[len(row.columns.header) :]):
            raise Unclear(
                f"row {row.line}",
                ",".join(row.cells),
                "It has more cells than the file has columns. Export the order again.",
                row.line,
            )
    starts = [at for at, row in enumerate(group) if row.text("total")]
    if len(starts) < 2:
        return [group]
    ids = {group[at].text("id") for at in starts}
    together = all(after.at - row.at == 1 for row, after in itertools.pairwise(group))
    if len(ids) < len(starts) or "" in ids or not together or starts[0]:
        fix = "The file has this order more than once, so its rows cannot be told apart. Export it alone and import that file."
        raise Unclear("Name", group[0].text("name"), fix)
    return [group[start:end] for start, end in zip(starts, [*starts[1:], len(group)], strict=True)]


def _refusal(group: Sequence[OrderRow], unclear: Unclear) -> incoming.Refusal:
    raw = io.StringIO()
    csv.writer(raw).writerows([group[0].columns.header, *(row.cells for row in group)])
    name = group[0].text("name")
    return incoming.Refusal(
        where=f"order {name}" if name else f"row {group[0].line}",
        reason=str(unclear) if unclear.row else f"Row {group[0].line}: {unclear}",
        field=unclear.field,
        value=unclear.value,
        number=name,
        raw=raw.getvalue().replace("\x00", ""),
    )
