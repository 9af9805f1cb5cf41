"""How the desk does with a million orders of which 20,000 wait: `python -m tests.benchmarks.queue_at_scale [COUNT]`.

The queue's first page through the whole of Django beside the stock admin's list with the same columns and filters, and beside itself at 1,000 orders;
searches; the review page. Statements are timed where they are sent, each by its median over all turns, so that one hiccup of the machine is no statement.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

TURNS = 25
SMALL = 1_000
OURS = "/admin/review/"
STOCK = "/stock/orders/order/?state__exact=pending&blockers__gt=0"


@dataclass(slots=True)
class Page:
    """What many turns of one address came to: milliseconds of each, those of every statement, the texts of the last turn's, bytes of HTML."""

    times: list[float] = field(default_factory=list)
    statements: list[list[float]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return float(statistics.quantiles(self.times, n=20)[-1])

    @property
    def queries(self) -> int:
        return max(map(len, self.statements))

    @property
    def slowest(self) -> float:
        """The slowest statement, by the median of its turns."""
        return float(max(statistics.median(turns) for turns in zip(*self.statements, strict=False)))

    @property
    def sql(self) -> float:
        return statistics.median(map(sum, self.statements))

    def row(self, name: str) -> tuple[object, ...]:
        return name, self.p50, self.p95, self.queries, self.slowest, self.sql, self.size / 1000


def main(count: int) -> None:
    with instruments.database("queue"):
        from django.conf import settings

        settings.ROOT_URLCONF = "tests.benchmarks.stock_desk"
        settings.ALLOWED_HOSTS = ["*"]
        measure(count)


def measure(count: int) -> None:
    from tests import factories, many

    client, shop = _owner()
    many.orders(shop, SMALL, many.CROWDED)
    many.findings()
    small = turns(client, [OURS])[OURS]
    _emptied()
    took = instruments.timed(lambda: many.orders(factories.shop("many", owner=_user()), count, many.WAITING))
    print(f"{count:,} orders and {many.findings():,} findings made in {took:.0f} s.\n")
    _settled()
    pages = turns(client, [OURS, STOCK])
    ready = turns(client, [f"{OURS}?tab=ready"])
    review = turns(client, [_record()])
    found = {name: turns(client, [f"{OURS}?tab={tab}&q={text}"]) for name, tab, text in searches(count)}
    asked = wide(client)
    _as_django_makes_it()
    ours, helped, stock = pages[OURS], pages[STOCK], turns(client, [STOCK])[STOCK]
    rows = [
        ours.row("queue, first page"), small.row(f"the same at {SMALL:,} orders"), stock.row("stock admin, first page"),
        helped.row("the same, helped by our indexes"),
        *(page.row("queue, ready") for page in ready.values()), *(page.row("review page") for page in review.values()),
    ]  # fmt: skip
    instruments.table(("page", "p50 ms", "p95 ms", "queries", "slowest SQL ms", "SQL ms", "kB"), rows)
    named = {name: page for name, pages in found.items() for page in pages.values()}
    instruments.table(
        ("search", "p50 ms", "p95 ms", "queries", "slowest SQL ms", "SQL ms", "kB"),
        [page.row(name) for name, page in named.items()],
    )
    _tell(count, ours, small, stock, next(iter(review.values())), named, asked)


def _tell(count: int, ours: Page, small: Page, stock: Page, review: Page, named: dict[str, Page], asked: bool) -> None:
    ratio = stock.p50 / ours.p50
    bars = [
        Bar("our p50 as a share of the stock admin's", ours.p50 / stock.p50, 1 / 8, 1 / 20),
        Bar("our p95 by our p95 at 1,000 orders", ours.p95 / small.p95, 3),
        Bar("queries of the queue", ours.queries, 10),
        Bar("slowest statement of the queue, ms", ours.slowest, 20),
        Bar("kB of HTML for 50 rows", ours.size / 1000, 100),
        Bar("queries of the review page", review.queries, 15),
        Bar("statements of the review page with OFFSET", sum(" OFFSET " in text for text in review.texts), 0),
        *(Bar(f"slowest statement, search by {name}, ms", page.slowest, 10) for name, page in named.items()),
        Bar("wide searches that were not asked for more letters", 0 if asked else 1, 0),
    ]
    figures: dict[str, object] = {
        name: {"p50_ms": round(page.p50, 1), "p95_ms": round(page.p95, 1), "queries": page.queries,
               "slowest_sql_ms": round(page.slowest, 1), "bytes": page.size}
        for name, page in {"queue": ours, "queue_small": small, "stock": stock, "review": review, **named}.items()
    }  # fmt: skip
    instruments.tell("queue_at_scale", {"orders": count, **figures}, {"stock_by_ours": round(ratio, 1)}, bars)


def searches(count: int) -> Iterator[tuple[str, str, str]]:
    """Exact ones, and prefixes of three letters or more that at most 1,000 orders have: name, tab, text."""
    middle = count // 2 + 1
    yield "number", "posted", f"{middle:07}"
    yield "e-mail", "posted", f"person{middle % 50_000}@example.org"
    yield "store's id", "posted", str(9_000_000 + middle)
    yield "prefix of a number", "posted", f"{middle:07}"[:5]
    yield "prefix of a town", "posted", "city2999"
    yield "number in review", "review", f"WEB-{count // 2 // 100 * 100:07}"


def wide(client: Any) -> bool:
    """Whether a search that half of all orders answer is stopped in time and asks for more letters."""
    took = perf_counter()
    html = client.get(f"{OURS}?tab=posted&q=web").content.decode()
    print(f"A search that half of all orders answer ended after {1000 * (perf_counter() - took):.0f} ms.\n")
    return "Type more letters" in html


def turns(client: Any, addresses: Sequence[str]) -> dict[str, Page]:
    """Each address in turn, many times; the first turn warms up."""
    pages = {address: Page() for address in addresses}
    for turn in range(TURNS + 1):
        for address, page in pages.items():
            with _statements() as (times, texts):
                start = perf_counter()
                reply = client.get(address)
                took = 1000 * (perf_counter() - start)
            if reply.status_code != 200:
                raise SystemExit(f"{address} answers {reply.status_code}.")
            if turn:
                page.times.append(took)
                page.statements.append(times)
                page.texts, page.size = texts, len(reply.content)
    return pages


@contextmanager
def _statements() -> Iterator[tuple[list[float], list[str]]]:
    from django.db import connection

    times: list[float] = []
    texts: list[str] = []

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        start = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            times.append(1000 * (perf_counter() - start))
            texts.append(sql)

    with connection.execute_wrapper(timed):
        yield times, texts


def _user() -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username="owner")


def _owner() -> tuple[Any, Any]:
    """The owner, signed in, who may also open the stock admin; and a shop of hers."""
    from django.test import Client

    from orders import roles
    from tests import factories
    from tests.admin_company import person

    user = person(roles.OWNER.name, username="owner")
    user.is_superuser = True
    user.save()
    client = Client()
    client.force_login(user)
    return client, factories.shop("few", owner=user)


def _record() -> str:
    from orders import queue
    from orders.models import Order

    order = queue.rows(queue.View()).defer("search")[Order.objects.count() // 200]
    return f"/admin/review/order/{order.pk}/"


def _emptied() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_finding, orders_order CASCADE")


def _as_django_makes_it() -> None:
    """The orders with the indexes that Django makes by itself, of keys and relations: so the stock admin meets them, whose author makes none of ours."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name in (
            "order_open",
            "order_review",
            "order_queue",
            "order_pending",
            "order_placed",
            "order_amount",
            "order_email",
            "order_day",
        ):
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("VACUUM ANALYZE orders_order")


def _settled() -> None:
    """As autovacuum leaves tables that are at rest."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE orders_order, orders_finding")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
