"""Many rows in one statement, at the price of a text: for services that know every column and need no row back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of the same columns, by attname; keys are the database's. An amount or an instant goes as its text, which the database reads."""
    if rows:
        quoted, table = ", ".join(map(connection.ops.quote_name, rows[0])), model._meta.db_table
        words = (
            f"INSERT INTO {table} ({quoted}) SELECT {quoted} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"  # noqa: S608
        )
        with connection.cursor() as cursor:
            cursor.execute(words, [json.dumps([*rows], cls=_Encoder)])


class _Encoder(DjangoJSONEncoder):
    """Instants whole: Django's own leaves out what is below a thousandth."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)
