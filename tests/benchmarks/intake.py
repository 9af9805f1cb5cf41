"""What it costs to take in Shopify's order export with findings, and again: `python -m tests.benchmarks.intake [ORDERS]`.

The yardsticks run in the same process on the same file: `csv.DictReader` with every amount as Decimal, a raw COPY of its rows into a table of text,
and django-import-export row by row (the orders' heads of a slice; lines, taxes, versions and findings are ours alone).
Memory is measured in a process of its own at four times the size.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.benchmarks import instruments, shopify_file
from tests.benchmarks.instruments import Bar, Cost

MODULE = "tests.benchmarks.intake"
ORDERS = 20_000
MORE = 4  # times as many orders for the memory
SLICE = 500  # orders for django-import-export
AMOUNTS = (
    "Subtotal", "Shipping", "Taxes", "Total", "Discount Amount", "Lineitem quantity", "Lineitem price", "Lineitem compare at price", "Refunded Amount",
    "Outstanding Balance", "Lineitem discount", "Tax 1 Value", "Tax 2 Value", "Tax 3 Value", "Tax 4 Value", "Tax 5 Value", "Duties",
)  # fmt: skip


def main(orders: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders_export.csv")
        with instruments.database("memory"):
            shopify_file.written(path, MORE * orders)
            held = instruments.child(MODULE, "memory", str(company().pk), str(path))
        lines = shopify_file.written(path, orders)
        with instruments.database("intake"):
            compared(path, orders, lines, held | {"lines": MORE * lines})


def memory(shop: int, path: Path) -> None:
    """Print as JSON how far above idle the import of the file went."""
    from orders.models import Shop

    ours = Shop.objects.select_related("ledger").get(pk=shop)
    _job, cost = instruments.measured(lambda: imported(ours, path))
    print(json.dumps({"mib": cost.memory, "own": cost.own, "clock": cost.clock}))


def compared(path: Path, orders: int, lines: int, held: dict[str, Any]) -> None:
    shop = company()
    _read, yardstick = instruments.measured(lambda: dict_reader(path))
    _copied, raw = instruments.measured(lambda: raw_copy(path))
    (slice_lines, _made), row_by_row = instruments.measured(lambda: import_export(shop, path))
    job, first = instruments.measured(lambda: imported(shop, path))
    again, second = instruments.measured(lambda: imported(shop, path))
    if (job.created, again.same, job.refused) != (orders, orders, 0):
        raise SystemExit(
            f"Not what was to be measured: {job.created} created, {job.refused} refused, {again.same} the same."
        )
    print(
        f"{orders:,} orders, {lines:,} lines, {path.stat().st_size / instruments.MIB:.1f} MiB; {findings():,} findings\n"
    )
    rows = [
        _row("csv.DictReader and Decimal", yardstick, lines, yardstick), _row("raw COPY of the rows", raw, lines, yardstick),
        _row(f"django-import-export, {slice_lines:,} lines", row_by_row, slice_lines, yardstick, lines),
        _row("our import", first, lines, yardstick), _row("the same file again", second, lines, yardstick),
    ]  # fmt: skip
    instruments.table(
        ("what", "our CPU s", "PostgreSQL CPU s", "clock s", "our µs a line", "times the yardstick"), rows
    )
    print(
        f"Memory at {held['lines']:,} lines: {held['mib']:.0f} MiB above the idle process ({held['own']:.0f} s of our CPU).\n"
    )
    ratios = {
        "cpu_to_dict_reader": first.own / yardstick.own, "again_to_dict_reader": second.own / yardstick.own,
        "clock_to_copy": first.clock / raw.clock, "cpu_a_line_to_import_export": (first.own / lines) / (row_by_row.own / slice_lines),
    }  # fmt: skip
    bars = [
        Bar("our CPU against csv.DictReader and Decimal", ratios["cpu_to_dict_reader"], 25, aim=15),
        Bar(f"MiB above idle at {held['lines']:,} lines", held["mib"], 80),
    ]
    figures = {
        "orders": orders,
        "lines": lines,
        "first": _figures(first),
        "again": _figures(second),
        "yardstick": _figures(yardstick),
        "memory": held,
    }
    instruments.tell("intake", figures, {name: round(ratio, 3) for name, ratio in ratios.items()}, bars)


def company() -> Any:
    """A shop whose ledger knows its accounts, its taxes at home and most of what it sells."""
    from orders.models import ItemMapping
    from tests import factories

    ledger = factories.ledger("books", items_required=True)
    factories.tax(ledger, "AT20", title="AT MwSt", rate="0.2", treatment="oss", country="AT")
    for title, rate, code in (("DE MwSt", "0.19", "DE19"), ("DE MwSt", "0.07", "DE7")):
        factories.tax(ledger, code, title=title, rate=rate)
    known = shopify_file.goods()[shopify_file.UNMAPPED :]
    ItemMapping.objects.bulk_create([ItemMapping(ledger=ledger, key=good.sku, item=good.sku) for good in known])
    return factories.shop("shop", ledger=ledger)


def imported(shop: Any, path: Path) -> Any:
    from integrations import inbox

    return inbox.receive_file(shop, path, name=path.name)


def findings() -> int:
    from orders.models import Finding

    return Finding.objects.count()


def dict_reader(path: Path) -> int:
    """Every row as a dictionary, every amount as a Decimal."""
    count = 0
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in AMOUNTS:
                if text := row[name]:
                    Decimal(text)
            count += 1
    return count


def raw_copy(path: Path) -> int:
    """The file's rows into a table of text, as they are."""
    from django.db import connection

    with connection.cursor() as cursor:
        columns = ", ".join(f"c{n} text" for n in range(len(shopify_file.COLUMNS)))
        cursor.execute(f"CREATE TABLE bench_copy ({columns})")
        with path.open("rb") as file, cursor.copy("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)") as copy:
            while chunk := file.read(1 << 18):
                copy.write(chunk)
        cursor.execute("SELECT count(*) FROM bench_copy")
        count: int = cursor.fetchone()[0]
        cursor.execute("DROP TABLE bench_copy")
    return count


def import_export(shop: Any, path: Path) -> tuple[int, int]:
    """The heads of the first SLICE orders as plain rows of Order, one after the other, undone in the end; how many lines they were."""
    import tablib
    from django.db import transaction
    from django.utils import timezone
    from import_export import fields, resources

    from orders.models import Order

    class Heads(resources.ModelResource):
        number = fields.Field("number", "Name")
        email = fields.Field("email", "Email")
        currency = fields.Field("currency", "Currency")
        total = fields.Field("total", "Total")

        class Meta:
            model = Order
            fields = ("number", "email", "currency", "total")
            import_id_fields = ("number",)

        def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
            instance.shop, instance.received_at = shop, timezone.now()
            instance.total_due = instance.by_lines = instance.total = Decimal(instance.total)

    lines, heads = 0, tablib.Dataset(headers=["Name", "Email", "Currency", "Total"])
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["Total"] and len(heads) == SLICE:
                break
            lines += 1
            if row["Total"]:
                heads.append([row[name] for name in heads.headers])
    with transaction.atomic():
        result = Heads().import_data(heads, raise_errors=True)
        transaction.set_rollback(True)
    return lines, result.totals["new"]


def _row(name: str, cost: Cost, lines: int, yardstick: Cost, whole: int | None = None) -> tuple[object, ...]:
    times = cost.own / yardstick.own * (whole or lines) / lines
    return name, cost.own, cost.postgres, cost.clock, 1e6 * cost.own / lines, times


def _figures(cost: Cost) -> dict[str, float | None]:
    postgres = None if cost.postgres is None else round(cost.postgres, 2)
    return {
        "own_cpu_s": round(cost.own, 2),
        "postgres_cpu_s": postgres,
        "clock_s": round(cost.clock, 2),
        "mib": round(cost.memory, 1),
    }


if __name__ == "__main__":
    if sys.argv[2:3] == ["memory"]:
        instruments.joined(sys.argv[1])
        memory(int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS)
