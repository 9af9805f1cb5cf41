"""What several sheets have in common: addresses, the columns that make corrections possible, taxes and contents of many rows at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from orders.models import LineTax, RefundLineTax, ShipmentLine
from orders.resources.column import AMOUNT, OURS, STORE, Column
from orders.resources.sheet import Chunk
from orders.resources.widgets import Amount, Percent, Whole, listed, text_of

Tax = tuple[str, Decimal | None, Decimal]  # title, rate as a fraction, amount
_ADDRESS = {
    "name": _("name"),
    "company": _("company"),
    "street": _("street and number"),
    "street2": _("second line of the street"),
    "city": _("city"),
    "region": _("state or region"),
    "postcode": _("postcode"),
    "country": _("country, two letters"),
    "phone": _("telephone"),
    "email": _("e-mail"),
}


def key() -> Column:
    return Column(
        _("Our id of the record. Leave it empty for a new one."), Whole(), path="pk", instead=OURS, once=False
    )


def version() -> Column:
    words = _("Rises with every change: a row that was changed here since is refused.")
    return Column(words, Whole(), instead=OURS, once=False)


def reason() -> Column:
    words = _(
        "Why you change the row. It stands in the history; a row without one takes the reason that is asked for the file."
    )
    return Column(words, path="", once=False, new=True)


def control(noun: str) -> Column:
    """Also says of which sheet the file is, by its title."""
    words = _("Leave it as it is: it tells whether a spreadsheet program has eaten zeros or digits.")
    return Column(words, title=f"ordersync {noun}", path="", once=False, control=True)


def control_day() -> Column:
    words = _("Leave it as it is: it tells whether a spreadsheet program has rewritten dates.")
    return Column(words, title="ordersync control", path="", once=False, control=True)


def check() -> Column:
    words = _("Leave it as it is: it tells which cells of the row were changed.")
    return Column(words, title="ordersync check", path="", once=False, control=True)


def address(kind: str, at: str, *, correctable: bool, whose: Any, instead: Any = STORE) -> dict[str, Column]:
    """The ten columns of an address, by name; `at` is its place in the database ("billing__")."""
    return {
        f"{kind}_{name}": Column(
            format_lazy(whose, part=words),
            path=f"{at}{name}",
            target=kind if correctable else "",
            field=name,
            new=True,
            instead=instead,
        )
        for name, words in _ADDRESS.items()
    }


def tax_columns() -> dict[str, Column]:
    """The four columns of a line's taxes, by name."""
    more = _("Taxes after the first, each on a line of its own in the cell: City 1.5% = 0.20")
    return {
        "tax_title": Column(_("The line's tax, as VAT."), path="", once=False, new=True, instead=AMOUNT),
        "tax_rate": Column(
            _("Its rate."), Percent(), title="tax rate %", path="", once=False, new=True, instead=AMOUNT
        ),
        "tax_amount": Column(_("Its amount."), Amount(), path="", once=False, new=True, instead=AMOUNT),
        "further_taxes": Column(more, path="", once=False, new=True, instead=AMOUNT),
    }


def taxes(model: type[LineTax] | type[RefundLineTax], chunk: Chunk) -> dict[str, dict[Any, Any]]:
    """The taxes of a chunk of lines: the first in cells of its own, further ones in one cell."""
    rows = model._default_manager.filter(line_id__in={raw[-1] for raw in chunk} - {None}).order_by("pk")
    found: dict[Any, list[Tax]] = defaultdict(list)
    for line, title, fraction, amount in rows.values_list("line_id", "title", "rate", "amount"):
        found[line].append((title, fraction, amount))
    return {
        "tax_title": {line: said[0][0] for line, said in found.items()},
        "tax_rate": {line: said[0][1] for line, said in found.items()},
        "tax_amount": {line: said[0][2] for line, said in found.items()},
        "further_taxes": {line: further(said[1:]) for line, said in found.items()},
    }


def contents(chunk: Chunk) -> dict[Any, str]:
    """What lies in each parcel: "2 × MUG", each on a line of its own."""
    rows = ShipmentLine.objects.filter(shipment_id__in={raw[-1] for raw in chunk}).order_by("pk")
    found = defaultdict(list)
    for shipment, quantity, sku, title in rows.values_list(
        "shipment_id", "quantity", "order_line__sku", "order_line__title"
    ):
        found[shipment].append(f"{text_of(quantity)} × {sku or title}")
    return {shipment: listed(parts) for shipment, parts in found.items()}


def further(taxes: Iterable[Tax]) -> str:
    """Taxes after the first, each on a line of its own: "City 1.5% = 0.20"."""
    return listed(
        f"{title} {text_of(fraction * 100)}% = {text_of(amount)}"
        if fraction is not None
        else f"{title} = {text_of(amount)}"
        for title, fraction, amount in taxes
    )
