"""How long the queue's questions take with a million orders: `python -m tests.benchmarks.queue_at_scale [COUNT]`.

Prints, for each question, the median and the slowest of nine turns in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks import instruments

TURNS = 9


def main(count: int) -> None:
    with instruments.database("queue"):
        measure(count)


def measure(count: int) -> None:
    from django.db import connection

    from tests import factories, many

    took = instruments.timed(lambda: many.orders(factories.shop(), count))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE orders_order")
        cursor.execute("SELECT pg_size_pretty(pg_total_relation_size('orders_order'))")
        (size,) = cursor.fetchone()
    print(f"{count:,} orders made in {took:.0f} s, {size} with indexes\n")
    rows: list[tuple[str, float, float, int]] = []
    for name, ask in questions(count):
        found = ask()
        times = [1000 * instruments.timed(ask) for _ in range(TURNS)]
        rows.append((name, statistics.median(times), max(times), found))
    instruments.table(("question", "median ms", "slowest ms", "rows"), rows)
    figures = {
        name: {"median_ms": round(median, 1), "slowest_ms": round(slowest, 1)} for name, median, slowest, _ in rows
    }
    instruments.tell("queue_at_scale", {"orders": count, **figures}, {}, [])


def questions(count: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """What a person waits for: pages of the tabs, the counts, searches, and the place of a record in its tab."""
    from orders import queue
    from orders.models import Order

    def page(rows: Any) -> int:
        return len(rows.defer("search")[:50])

    for tab in queue.TABS:
        yield f"first page of {tab}", lambda tab=tab: page(queue.rows(queue.View(tab=tab)))  # type: ignore[misc]
    yield "counts of all tabs", lambda: len(queue.counts(queue.View()))
    middle = Order.objects.filter(state="approved", progress="posted").order_by("id")[count // 2]
    yield "place of an order within posted", lambda: queue.place(queue.View(tab="posted"), middle).count
    for text in (middle.number, middle.store_id, middle.email, "person77", "city17 web", "mug"):
        view = queue.View(tab="posted", text=text)
        yield f"search in posted: {text}", lambda view=view: page(queue.rows(view))  # type: ignore[misc]
    yield "counts of all tabs for a search", lambda: len(queue.counts(queue.View(text="person77")))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
