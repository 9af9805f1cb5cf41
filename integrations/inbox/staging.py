"""Stages the records of a file in PostgreSQL, by COPY in and in their order out, whatever kind of record they are."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from orders import incoming
from orders.models import ImportJob, ImportRecord

CHUNK = 500
KINDS: dict[str, type] = {kind.__name__: kind for kind in typing.get_args(incoming.Record)}
R = typing.TypeVar("R", bound=incoming.Record | incoming.Written)
_ORDER = incoming.Order.__name__
_COPY = "COPY orders_importrecord (job_id, n, kind, body, rows, outcome, changes) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Staged(typing.Generic[R]):
    """A record with its number in the file, counted from 1, and the rows that it was made of."""

    n: int
    record: R
    rows: Sequence[int]


def put(job: ImportJob, found: Iterable[Staged[incoming.Record]]) -> None:
    """Stage these records; the caller holds a transaction."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in found:
            kind, body = type(one.record).__name__, incoming.canonical(one.record).replace("\\u0000", "")
            rows = f"{{{','.join(map(str, one.rows))}}}"  # an array as it is written
            copy.write_row((job.pk, one.n, kind, body, rows, "", "[]"))


def after(job: ImportJob, n: int, most: int = 0) -> list[Staged[incoming.Record]]:
    """The records that follow the n-th, in the order of the file."""
    rows = ImportRecord.objects.filter(job=job, n__gt=n).order_by("n")[: most or CHUNK]
    return [Staged(row.n, restored(row), row.rows) for row in rows]


def written(job: ImportJob, n: int) -> list[Staged[incoming.Record | incoming.Written]]:
    """The same to be taken in: orders as they are written, since most of a file that comes again need not be looked at closer."""
    told = ImportRecord.objects.filter(job=job, n__gt=n).order_by("n").values_list("n", "kind", "body", "rows")
    return [
        Staged(n, incoming.Written(body) if kind == _ORDER else _restored(kind, body), rows)
        for n, kind, body, rows in told[:CHUNK]
    ]


def restored(row: ImportRecord) -> incoming.Record:
    """The record as it was read."""
    return _restored(row.kind, row.body)


def _restored(kind: str, body: str) -> incoming.Record:
    return typing.cast(incoming.Record, incoming.restored(KINDS[kind], json.loads(body)))
