"""What it costs to take out orders with their lines, as the desk does: `python -m tests.benchmarks.takeout [LINES]`.

The yardsticks run in the same process over the same rows and columns: `COPY … TO STDOUT` through `csv.writer`, and openpyxl's write-only sheet over the very
cells (of a slice: it is slow). Memory is measured at full size in a process of its own for each form.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import sys
import tempfile
from typing import Any

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar, Cost

MODULE = "tests.benchmarks.takeout"
LINES = 200_000
LINES_EACH = 4
SLICE = 20  # the part of the lines that openpyxl writes
LINE = """
INSERT INTO orders_orderline (order_id, position, kind, title, sku, quantity, unit_price, discount, amount, net, tax, store_line_id, store_product_id,
                              store_variant_id, derived, removed)
SELECT o.id, n, 'item', 'Mug, blue, ' || o.id || '/' || n, lpad((o.id * 7 + n)::text, 12, '0'), n, 11.9, 0, 11.9 * n, 10 * n, 1.9 * n, o.id || '-' || n, '', '',
       false, false FROM orders_order o, generate_series(1, %s) n
"""
TAX = """
INSERT INTO orders_linetax (line_id, title, rate, amount, country, region, jurisdiction, compound, derived, remitted_by)
SELECT id, 'MwSt', 0.19, tax, 'DE', '', '', false, false, 'seller' FROM orders_orderline
"""


def main(lines: int) -> None:
    with instruments.database("takeout"):
        filled(lines)
        held = {form: instruments.child(MODULE, form) for form in ("csv", "xlsx")}
        compared(lines, held)


def filled(lines: int) -> None:
    """So many order lines, each with its tax, on orders with two addresses."""
    from django.db import connection

    from orders import intake
    from orders.models import Order
    from tests import factories

    shop = factories.shop("shop")
    intake.receive(shop, [factories.order("1")], source=factories.source())
    pattern = Order.objects.get()
    columns = [field.column for field in Order._meta.concrete_fields if not field.primary_key]
    own = {
        "number": "'WEB-' || lpad(g::text, 7, '0')",
        "store_id": "(9000000 + g)::text",
        "email": "'person' || g || '@example.org'",
    }
    values = ", ".join(own.get(column, f'pattern."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_order ({names}) SELECT {values} FROM generate_series(2, {lines // LINES_EACH}) g, orders_order pattern "
            f"WHERE pattern.id = {pattern.pk}"
        )
        cursor.execute("DELETE FROM orders_linetax")
        cursor.execute("DELETE FROM orders_orderline")
        cursor.execute(LINE, [LINES_EACH])
        cursor.execute(TAX)
        cursor.execute("ANALYZE")


def memory(form: str) -> None:
    """Print as JSON how far above the process with everything loaded the export of every line went."""
    importlib.import_module("orders.resources.xlsx_file")
    _written, cost = instruments.measured(lambda: exported(form))
    print(json.dumps({"mib": cost.memory, "own": cost.own, "clock": cost.clock}))


def exported(form: str) -> int:
    """The bytes of the file with every order, as a reply of the desk makes it."""
    from orders import resources
    from orders.models import Order
    from orders.resources import csv_file, xlsx_file

    sheet = resources.sheet("orders")
    rows = sheet.rows(Order.objects.order_by("-placed_at", "-id"))
    with tempfile.TemporaryFile() as file:
        if form == "csv":
            file.writelines(csv_file.chunks(sheet.table, rows))
        else:
            xlsx_file.write(sheet.table, rows, file)
        return file.tell()


def copied() -> int:
    """The same rows and columns by COPY, through csv.writer."""
    from django.db import connection

    from orders import resources
    from orders.models import Order

    found = resources.sheet("orders")._found(Order.objects.order_by("-placed_at", "-id"))
    statement, values = found.query.sql_with_params()
    with tempfile.TemporaryFile("w+", newline="") as file, connection.cursor() as cursor:
        writer = csv.writer(file)
        with cursor.cursor.copy(f"COPY ({statement}) TO STDOUT", values) as copy:
            for row in copy.rows():
                writer.writerow(row)
        return file.tell()


def compared(lines: int, held: dict[str, Any]) -> None:
    _size, yardstick = instruments.measured(copied)
    _size, csv_cost = instruments.measured(lambda: exported("csv"))
    table, cells = some_cells(lines // SLICE)
    _size, bare = instruments.measured(lambda: openpyxl(table, cells))
    _size, ours = instruments.measured(lambda: workbook(table, cells))
    columns = len(table.titles)
    print(
        f"{lines:,} order lines, {columns} columns; the workbooks of {len(cells):,} lines, {columns * len(cells):,} cells\n"
    )
    rows = [
        _row("COPY TO and csv.writer", yardstick, lines, yardstick), _row("our CSV, checks and totals included", csv_cost, lines, yardstick),
        _row("bare openpyxl, write-only", bare, len(cells), bare), _row("our XLSX over the same cells", ours, len(cells), bare),
    ]  # fmt: skip
    instruments.table(
        ("what", "our CPU s", "PostgreSQL CPU s", "clock s", "our µs a line", "times its yardstick"), rows
    )
    for form, found in held.items():
        print(
            f"{form.upper()} at {lines:,} lines: {found['mib']:.0f} MiB above the idle process, {found['own']:.0f} s of our CPU."
        )
    print()
    ratios = {"csv_to_copy": csv_cost.own / yardstick.own, "xlsx_to_openpyxl": ours.own / bare.own}
    bars = [
        Bar("our CPU for CSV against COPY and csv.writer", ratios["csv_to_copy"], 5),
        Bar("our CPU for XLSX against bare openpyxl", ratios["xlsx_to_openpyxl"], 1.3),
        *(Bar(f"MiB above idle for {form} at {lines:,} lines", found["mib"], 40) for form, found in held.items()),
    ]
    figures = {
        "lines": lines, "columns": columns, "csv": _figures(csv_cost), "copy": _figures(yardstick), "xlsx": _figures(ours), "openpyxl": _figures(bare),
        "memory": held,
    }  # fmt: skip
    instruments.tell("takeout", figures, {name: round(ratio, 3) for name, ratio in ratios.items()}, bars)


def some_cells(count: int) -> tuple[Any, list[list[Any]]]:
    """The table, and the first rows of it as values."""
    from itertools import islice

    from orders import resources
    from orders.models import Order

    sheet = resources.sheet("orders")
    return sheet.table, list(islice(sheet.rows(Order.objects.order_by("-placed_at", "-id")), count))


def openpyxl(table: Any, cells: list[list[Any]]) -> int:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet()
    page.append(list(table.titles))
    for row in cells:
        page.append(row)
    with tempfile.TemporaryFile() as file:
        book.save(file)
        return file.tell()


def workbook(table: Any, cells: list[list[Any]]) -> int:
    from orders.resources import xlsx_file

    with tempfile.TemporaryFile() as file:
        xlsx_file.write(table, iter(cells), file)
        return file.tell()


def _row(what: str, cost: Cost, lines: int, yardstick: Cost) -> tuple[object, ...]:
    return what, cost.own, cost.postgres, cost.clock, cost.own / lines * 1e6, cost.own / yardstick.own


def _figures(cost: Cost) -> dict[str, float | None]:
    postgres = None if cost.postgres is None else round(cost.postgres, 2)
    return {
        "own": round(cost.own, 2),
        "postgres": postgres,
        "clock": round(cost.clock, 2),
        "mib": round(cost.memory, 1),
    }


if __name__ == "__main__":
    if len(sys.argv) > 2:
        instruments.joined(sys.argv[1])
        memory(sys.argv[2])
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
        main(int(sys.argv[1]) if len(sys.argv) > 1 else LINES)
