"""How amounts and times are written on the desk's pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from orders import money as reckoning
from orders.outgoing import DocumentKind

register = template.Library()


@register.filter
def money(value: Decimal | None, currency: str = "") -> str:
    """An amount with the currency's own decimals; what has more is shown whole, for nothing is rounded away in silence."""
    if value is None:
        return ""
    places = max(_places(value), reckoning.exponent(currency) if currency else 2)
    text = number_format(abs(value), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"−{text}" if value < 0 else text


@register.filter
def named(value: Decimal | None, currency: str) -> str:
    """An amount with its currency: 1,204.50 EUR."""
    return "" if value is None else f"{money(value, currency)} {currency}"


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
def short(moment: datetime | None) -> str:
    """Day and time: Nov 23, 14:05; with the year where it is another one."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return date_format(local, "M j, H:i" if local.year == timezone.localtime().year else "M j, Y H:i")


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
    return " · ".join(named(value, currency) for currency, value in sorted(by_currency.items()))


@register.filter
def counted(n: int, kind: str) -> str:
    """How many records of a kind: 1,204 orders."""
    shown = {"n": number_format(n, force_grouping=True)}
    if kind == "refund":
        return ngettext("%(n)s refund", "%(n)s refunds", n) % shown
    if kind == "payout":
        return ngettext("%(n)s payout", "%(n)s payouts", n) % shown
    if kind in ("stockadjustment", "customerchange"):
        return ngettext("%(n)s change", "%(n)s changes", n) % shown
    return ngettext("%(n)s order", "%(n)s orders", n) % shown


@register.filter
def words(code: str) -> str:
    """A gateway's own word as people read it: chargeback_reversal is Chargeback reversal."""
    return code.replace("_", " ").capitalize()


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def kind(name: str) -> Any:
    """What a kind of document is called."""
    return DocumentKind(name).label


@register.filter
def lasting(time: timedelta | None) -> str:
    """A length of time in two units at most: 45 s, 1 h 48 min, 2 d 3 h."""
    if time is None:
        return ""
    seconds = int(time.total_seconds())
    if seconds < 120:
        return gettext("%(n)d s") % {"n": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return gettext("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return gettext("%(h)d h %(m)d min") % {"h": minutes // 60, "m": minutes % 60}
    return gettext("%(d)d d %(h)d h") % {"d": minutes // 1440, "h": minutes % 1440 // 60}


@register.filter
def said(value: Any) -> str:
    """A personal value of an event, or the pair of before and after."""
    return " → ".join(str(item or "–") for item in value) if isinstance(value, list) else str(value)


@register.filter
def megabytes(size: int) -> str:
    """A number of bytes for people: 812 bytes, 35 kB, 1.4 MB."""
    if size < 1000:
        return ngettext("%(n)d byte", "%(n)d bytes", size) % {"n": size}
    if size < 1_000_000:
        return gettext("%(n)s kB") % {"n": number_format(round(size / 1000), force_grouping=True)}
    return gettext("%(n)s MB") % {"n": number_format(size / 1_000_000, decimal_pos=1, force_grouping=True)}
