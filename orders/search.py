"""Fills the search columns and asks them, without any extension: exact identifiers first, then prefixes of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import OperationalError, connection, models, transaction
from django.db.models import Case, Func, IntegerField, Q, TextField, Value, When
from psycopg.errors import QueryCanceled

from orders.models import Customer, Order, Product, Shop

M = TypeVar("M", bound=models.Model)
LONGEST_WORD = 200
PATIENCE = 500  # milliseconds that one statement of a search may take
TELLING = 4  # characters from which on a word is likely to be rare
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_AMOUNT = re.compile(r"(\d{1,3}(?:[.,]\d{3})*|\d+)[.,](\d{1,2})", re.ASCII)

# Fields that are looked up as a whole before any word is; each has an index or is the key.
EXACT: dict[type[models.Model], tuple[str, ...]] = {
    Order: ("number", "store_id", "email"),
    Customer: ("store_id", "email"),
    Product: ("sku", "store_id"),
}


class TooWide(Exception):
    """So many rows answer a search that finding the newest of them takes too long: it needs more letters."""


@contextmanager
def patience() -> Iterator[None]:
    """No statement within takes longer than PATIENCE. Raises TooWide."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooWide from error
        raise


class _Words(SearchQuery):
    """A query whose words are already quoted: cast, not parsed by a dictionary."""

    template = "%(expressions)s::tsquery"


def words(*values: object) -> list[str]:
    """The words of these values, each once, sorted: split at whatever is no letter or digit, lower-cased, digits also without leading zeros.

    "WEB-000123" gives 000123, 123, web; a word is cut to 200 characters.
    """
    found = set(_split(values))
    mixed = [word for word in found if word[0] == "0" or not (word.isalpha() or word.isdecimal())]
    found.update(group.lstrip("0") for word in mixed for group in _DIGITS.findall(word))
    found.discard("")
    return sorted(found)


def _split(values: Iterable[object]) -> list[str]:
    together = " ".join([str(value) for value in values if value]).lower()
    pieces = _WORD.findall(together)
    return [piece[:LONGEST_WORD] for piece in pieces] if len(together) > LONGEST_WORD else pieces


def vector(*values: object) -> Func:
    """The expression that a search column is set to."""
    listed = Value(words(*values), output_field=ArrayField(TextField()))
    return Func(listed, function="array_to_tsvector", output_field=SearchVectorField())


def vector_text(*values: object) -> str:
    """The same as text, for COPY; words hold nothing that would need quoting."""
    return " ".join(f"'{word}'" for word in words(*values))


def index(record: Order | Customer | Product) -> None:
    """Write the record's search column anew, from what it says now (after erasure: from what is left)."""
    type(record)._default_manager.filter(pk=record.pk).update(search=vector(*said(record)))


def said(record: Order | Customer | Product) -> list[object]:
    """Every value of the record that people search by."""
    if isinstance(record, Order):
        return _said_by_order(record)
    if isinstance(record, Customer):
        own = [record.name, record.email, record.phone, record.company, record.vat_id, record.store_id]
        return [*own, *_said_by_address(record.billing), *_said_by_address(record.shipping)]
    return [record.sku, record.title, record.barcode, record.store_id, record.store_product_id]


def said_by_header(order: Order) -> list[object]:
    """Every value of the order itself, without its lines and parcels, that people search by."""
    own = [order.number, order.store_id, order.customer_name, order.email, order.company, order.vat_id]
    more = [order.po_number, order.store_invoice_number]
    return [*own, *more, *_said_by_address(order.billing), *_said_by_address(order.shipping)]


def _said_by_order(order: Order) -> list[object]:
    skus = order.lines.filter(removed=False).values_list("sku", "title")
    parcels = order.shipments.values_list("tracking_number", flat=True)
    return [*said_by_header(order), *(part for row in skus for part in row), *parcels]


def _said_by_address(address: Any) -> list[object]:
    if address is None:
        return []
    return [address.name, address.company, address.street, address.postcode, address.city, address.email, address.phone]


def query(rows: models.QuerySet[M], text: str) -> models.QuerySet[M]:
    """The rows that the text finds, an exact number, id or e-mail before the rest; every word must begin some word of the row. Empty text: all rows."""
    wanted = text.strip()
    if not wanted:
        return rows
    if "@" in wanted and "email" in EXACT[rows.model] and rows.model._default_manager.filter(email=wanted).exists():
        return rows.filter(email=wanted)  # its words are everybody's: example, org
    if rows.model is Order and len(_split([wanted])) > 1 and _is_number(wanted):
        return rows.filter(number=wanted)  # WEB-000123: half of all orders have the first word
    exact = Q(*((field, wanted) for field in EXACT[rows.model]), _connector=Q.OR)
    asked = " & ".join(_asked(_split([wanted])))
    found = Q(search=_Words(asked, search_type="raw")) if asked else exact  # the words hold all that is exact
    if rows.model is Order and (worth := amount(wanted)) is not None:
        found |= Q(total_due=worth)
    rank = Case(When(exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.filter(found).order_by(rank, *rows.query.order_by)


def amount(text: str) -> Decimal | None:
    """The amount that a text is, written with its decimals as in 1,204.50 or 1204,5; None for anything else."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    whole, part = found.groups()
    return Decimal(f"{whole.replace(',', '').replace('.', '')}.{part}")


def _is_number(text: str) -> bool:
    """Whether an order of some shop has exactly this number; by shop, as the index has them."""
    shops = list(Shop.objects.values_list("pk", flat=True))
    return Order.objects.filter(shop__in=shops, number=text).exists()


def _asked(words: list[str]) -> list[str]:
    """Each word quoted as a prefix; a longer one that stands alone is asked twice.

    PostgreSQL takes one unknown prefix for 2 % of all rows and reads the newest until a page is full: all of them where one row has it.
    It takes two for 0.04 %, and asks the index.
    """
    quoted = [f"'{word}':*" for word in words]
    return quoted * 2 if len(words) == 1 and len(words[0]) >= TELLING else quoted
