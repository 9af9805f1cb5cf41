"""What a reader is told of the shop, and of the file where people said how it is written."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.stores.base import DATES, DECIMAL, ENCODING, ZONE, Setting
from orders.models import Shop

QUESTIONS = (ENCODING, DECIMAL, DATES, ZONE)


def of(shop: Shop, said: Mapping[str, str] | None = None) -> Setting:
    """The setting of a reading; `said` holds answers by question."""
    told = {question: (said or {}).get(question, "") for question in QUESTIONS}
    return Setting(
        currency=shop.currency,
        time_zone=shop.time_zone,
        decimal=told[DECIMAL],
        dates=told[DATES],
        encoding=told[ENCODING],
        zone=told[ZONE],
    )
