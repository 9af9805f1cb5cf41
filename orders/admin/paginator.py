"""Pages of a long list without counting it: an estimate where nothing is filtered, a count up to a cap where something is."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.utils.functional import cached_property

from orders.queue import COUNTED_UP_TO

PAGES = 200


class QuickPaginator(Paginator):  # type: ignore[type-arg]
    """At most PAGES pages can be opened: further back, search or filter. `count` is exact up to COUNTED_UP_TO."""

    def __init__(self, *args: Any, known: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    @cached_property
    def count(self) -> int:
        if self.known is not None:
            return self.known
        rows: Any = self.object_list
        if not rows.query.where and (estimate := _estimate(rows.model._meta.db_table)) > COUNTED_UP_TO:
            return estimate
        ids = rows.order_by().values("pk")[: COUNTED_UP_TO + 1]
        return int(ids.count())

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, PAGES)


def _estimate(table: str) -> int:
    """What PostgreSQL believes to be the number of rows; -1 where it never looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        (rows,) = cursor.fetchone()
    return int(rows)
