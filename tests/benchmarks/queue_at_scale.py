"""How long the queue's questions take with a million orders: `python -m tests.benchmarks.queue_at_scale [COUNT]`.

Makes the orders in a test database of its own (ORDERSYNC_TEST_DB) and drops it at the end. Prints, for each question, the median and the
slowest of nine turns in milliseconds.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

TURNS = 9


def main(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
    os.environ.setdefault("ORDERSYNC_TEST_DB", "test_queue_at_scale")
    import django

    django.setup()
    from django.db import connection

    ours = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        measure(count)
    finally:
        connection.creation.destroy_test_db(ours, verbosity=0)


def measure(count: int) -> None:
    from django.db import connection

    from tests import factories, many

    took = timed(lambda: many.orders(factories.shop(), count))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE orders_order")
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('orders_order')), current_setting('server_version')"
        )
        size, version = cursor.fetchone()
    print(f"{count:,} orders made in {took:.0f} s, {size} with indexes, PostgreSQL {version}\n")
    print(f"{'question':44} {'median ms':>10} {'slowest ms':>11} {'rows':>6}")
    for name, ask in questions(count):
        found = ask()
        times = [1000 * timed(ask) for _ in range(TURNS)]
        print(f"{name:44} {statistics.median(times):10.1f} {max(times):11.1f} {found:6}")


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


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
