"""How amounts and times are written on the desk's pages."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from orders import money as reckoning

register = template.Library()


@register.filter
def money(value: Decimal | None, currency: str = "", named: bool = False) -> str:
    """An amount with the currency's own decimals; what has more is shown whole, for nothing is rounded away in silence."""
    if value is None:
        return ""
    places = max(_places(value), reckoning.exponent(currency) if currency else 2)
    text = number_format(abs(value), decimal_pos=places, use_l10n=True, force_grouping=True)
    sign = "−" if value < 0 else ""
    return f"{sign}{text} {currency}" if named and currency else f"{sign}{text}"


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@register.filter
def plain(value: Decimal | None) -> str:
    """A quantity or rate without needless zeros."""
    if value is None:
        return ""
    return number_format(value, decimal_pos=_places(value), use_l10n=True)


@register.filter
def percent(rate: Decimal | None) -> str:
    """A fraction as percent: 0.19 is 19 %."""
    return "" if rate is None else f"{plain(rate * 100)} %"


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in one unit: 12 min, 3 h, 5 d."""
    if moment is None:
        return ""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 1:
        return gettext("now")
    if minutes < 60:
        return gettext("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return gettext("%(n)d h") % {"n": minutes // 60}
    return gettext("%(n)d d") % {"n": minutes // (60 * 24)}


@register.filter
def countdown(moment: datetime | None) -> SafeString | str:
    """The time left until a moment, counted down by desk.js; "" once it is past."""
    left = int((moment - timezone.now()).total_seconds()) if moment else 0
    if not moment or left <= 0:
        return ""
    return format_html(
        '<time data-until="{}" datetime="{}">{}</time>',
        int(moment.timestamp()),
        moment.isoformat(),
        f"{left // 60}:{left % 60:02d}",
    )


@register.filter
def sums(by_currency: dict[str, Decimal]) -> str:
    """Sums of several currencies in one line: 12,410.33 EUR · 1,988.20 USD."""
    return " · ".join(money(value, currency, named=True) for currency, value in sorted(by_currency.items()))


@register.filter
def orders_count(n: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", n) % {"n": number_format(n, force_grouping=True)}


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key) if mapping else None
