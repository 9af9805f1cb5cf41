"""Asks how a file is written, in words and with the file's own example, and remembers the answers for files of the same kind."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.inbox.setting import QUESTIONS
from integrations.stores.base import DATES, DECIMAL, ENCODING, ZONE
from orders import events, money
from orders.models import ImportJob, ImportProfile, ImportState, Shop

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHARSETS = {
    "cp1252": _("Windows, Western Europe"),
    "cp1250": _("Windows, Central Europe"),
    "iso8859-15": _("Latin 9"),
    "mac_roman": _("old Macintosh"),
    "cp850": _("DOS"),
}

LIKELY = 8  # zones offered at first sight; any other may be typed


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a file: what is asked, and the answers to choose from, each with what it would mean. `open`: any zone may be answered."""

    name: str
    words: str
    choices: Sequence[tuple[str, str]]
    chosen: str = ""
    open: bool = False

    @property
    def plain(self) -> str:
        """The question with its answers in one line."""
        return f"{self.words} {' '.join(f'{value}: {label}.' for value, label in self.choices)}"


def remembered(job: ImportJob) -> dict[str, str]:
    """What was said before about files of this shop, layout and header."""
    held = ImportProfile.objects.filter(shop=job.shop_id, layout=job.layout, fingerprint=job.fingerprint).first()
    return dict(held.answers) if held else {}


def questions(job: ImportJob) -> list[Question]:
    """What is open in the job's file, in the order in which it is asked."""
    return [_question(job, name, job.asks[name]) for name in QUESTIONS if name in job.asks]


def stated(profile: Mapping[str, str]) -> list[str]:
    """What was said of how a file is written, in words."""
    said = {
        DECIMAL: {",": _("a comma stands before decimals"), ".": _("a point stands before decimals")},
        DATES: {"dmy": _("the day comes first in dates"), "mdy": _("the month comes first in dates")},
        ENCODING: CHARSETS,
    }
    return [
        _("times are those of %(zone)s") % {"zone": profile[name]} if name == ZONE else str(said[name][profile[name]])
        for name in QUESTIONS
        if profile.get(name)
    ]


def answer(job: ImportJob, given: Mapping[str, str], *, by: User | None) -> list[str]:
    """Keep the answers for this job and for the next files of its kind; returns the questions that were not answered, or not with one of their answers."""
    open_ones = questions(job)
    wrong = [one.words for one in open_ones if not _is_answer(one, given.get(one.name, ""))]
    if wrong:
        return wrong
    said = {one.name: given[one.name] for one in open_ones}
    with transaction.atomic():
        job.profile, job.asks = {**job.profile, **said}, {}
        ImportJob.objects.filter(pk=job.pk, state=ImportState.UPLOADED).update(profile=job.profile, asks={})
        ImportProfile.objects.update_or_create(
            shop=job.shop,
            layout=job.layout,
            fingerprint=job.fingerprint,
            defaults={"answers": job.profile, "by": by, "at": timezone.now()},
        )
        words = _("Said of %(file)s: %(what)s.") % {"file": job.file_name, "what": "; ".join(stated(said))}
        events.record(job, "answered", by=by, after=said, words=words[:500])
    return []


def _is_answer(question: Question, value: str) -> bool:
    if question.open:
        return value in zoneinfo.available_timezones()
    return value in dict(question.choices)


def _question(job: ImportJob, name: str, example: Mapping[str, Any]) -> Question:
    place = {"value": example["value"], "row": example["row"], "field": example["field"]}
    if name == DECIMAL:
        words = _("Row %(row)s, column “%(field)s”: which number is “%(value)s”?")
        return Question(name, words % place, list(_numbers(str(example["value"]), job.shop.currency)))
    if name == DATES:
        return Question(
            name,
            _("Row %(row)s, column “%(field)s”: which day is “%(value)s”?") % place,
            list(_days(str(example["value"]))),
        )
    if name == ENCODING:
        words = _("Row %(row)s, column “%(field)s”: how is this written? The file does not say in which letters it is.")
        return Question(name, words % place, list(_letters(str(example["value"]))))
    words = _("Row %(row)s, column “%(field)s”: which time zone does “%(value)s” belong to? The file states none.")
    labels = [
        (zone, _("%(zone)s, the shop's") % {"zone": zone} if zone == job.shop.time_zone else zone)
        for zone in _likely(job.shop)
    ]
    return Question(name, words % place, labels, chosen=job.shop.time_zone, open=True)


def _likely(shop: Shop) -> list[str]:
    """The zones a store's times are probably of: the shop's, UTC, the others of its country while those are few."""
    return list(dict.fromkeys([shop.time_zone, "UTC", *_zones_of(shop.country)]))[:LIKELY]


@functools.cache
def _zones_of(country: str) -> tuple[str, ...]:
    """The zones of a country, those of most of its people first, as the zone database's own table has them."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text()
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


def _numbers(value: str, currency: str) -> Iterator[tuple[str, str]]:
    for mark, other in ((",", "."), (".", ",")):
        number = Decimal(value.replace(other, "").replace(mark, ".").replace("\u2212", "-"))
        name = _("a comma stands before decimals") if mark == "," else _("a point stands before decimals")
        yield mark, f"{number:f} ({name}){_too_fine(number, currency)}"


def _too_fine(number: Decimal, currency: str) -> str:
    """A word about decimals that no amount of the currency has."""
    if money.is_exact(number, currency):
        return ""
    words = _("; an amount in %(currency)s has at most %(n)d decimals")
    return words % {"currency": currency, "n": money.exponent(currency)}


def _days(value: str) -> Iterator[tuple[str, str]]:
    first, second, year = (int(part) for part in value.replace("-", "/").split(" ")[0].rstrip(",").split("/"))
    for order, (day, month) in (("dmy", (first, second)), ("mdy", (second, first))):
        name = _("the day comes first") if order == "dmy" else _("the month comes first")
        yield order, f"{date(year, month, day):%-d %B %Y} ({name})"


def _letters(value: str) -> Iterator[tuple[str, str]]:
    """The encodings by which the same bytes read differently."""
    raw, seen = value.encode("cp1252", "replace"), set()
    for charset, name in CHARSETS.items():
        read = raw.decode(charset, "replace")
        if read not in seen:
            seen.add(read)
            yield charset, f"{read[:80]} ({name})"
