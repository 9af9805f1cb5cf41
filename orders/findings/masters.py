"""What the order's lines and currency are made of, as far as no mapping is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.documents.problem import Problem
from orders.findings.codes import problem
from orders.incoming import LineKind
from orders.models import Order, held


def lines(order: Order) -> Iterator[Problem]:
    """An order needs a line."""
    if all(line.removed for line in held(order, "lines")):
        yield problem("no_lines", _("The order has no lines."), field="lines")


def skus(order: Order) -> Iterator[Problem]:
    """Items that name neither SKU nor product, in one finding."""
    nameless = [
        line for line in held(order, "lines") if line.kind == LineKind.ITEM and not line.removed and not line.item_key
    ]
    if nameless:
        words = ngettext(
            "%(count)d line names neither SKU nor product: %(titles)s.",
            "%(count)d lines name neither SKU nor product: %(titles)s.",
            len(nameless),
        ) % {"count": len(nameless), "titles": ", ".join(f"“{line.title}”" for line in nameless)}
        yield problem("line_without_sku", words, field=f"line:{nameless[0].pk}")


def currency(order: Order) -> Iterator[Problem]:
    """Another currency than the books', than the shop's."""
    books, shop = order.shop.ledger.base_currency, order.shop.currency
    if order.currency != books:
        words = _("The order is in %(ours)s, the books are in %(books)s.") % {"ours": order.currency, "books": books}
        yield problem("foreign_currency", words, field="currency")
    if order.currency != shop:
        words = _("The order is in %(ours)s, the shop sells in %(shop)s.") % {"ours": order.currency, "shop": shop}
        yield problem("currency_mismatch", words, field="currency")


def presentment(order: Order) -> Iterator[Problem]:
    """The customer saw another currency, and the rate between the two is not known."""
    seen = order.presentment_currency
    if seen and seen != order.currency and order.presentment_rate is None:
        words = _("The customer was shown %(seen)s, the order is in %(ours)s, and the store names no rate.")
        yield problem("currency_mismatch", words % {"seen": seen, "ours": order.currency}, field="presentment_currency")
