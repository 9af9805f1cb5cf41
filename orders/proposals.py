"""Which account or tax code of a ledger most likely stands for what is not mapped yet, each with its reason; a person's click makes it a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from orders import events, findings, mappings
from orders.models import Account, AccountMapping, Ledger, Shop, TaxCode, TaxMapping

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 3
# What such an account is often called, in English and German; the first words say more than the later ones.
_CALLED: dict[str, tuple[str, ...]] = {
    "role:receivable": ("receivable", "receivables", "debtors", "debitoren", "forderungen"),
    "role:deposits": ("deposit", "deposits", "advance", "prepayments", "anzahlungen"),
    "role:fees": ("fee", "fees", "gebühren", "nebenkosten"),
    "role:chargebacks": ("chargeback", "chargebacks", "disputes", "rückbelastungen"),
    "role:bank": ("bank", "checking", "giro"),
    "line:item": ("sales", "revenue", "goods", "umsatzerlöse", "erlöse"),
    "line:shipping": ("shipping", "freight", "delivery", "versand", "versandkosten"),
    "line:discount": ("discount", "discounts", "rabatte", "erlösschmälerungen"),
    "line:fee": ("fees", "gebühren"),
    "line:tip": ("tip", "tips", "trinkgeld"),
    "line:duty": ("duty", "duties", "zoll"),
    "line:gift_card": ("gift", "voucher", "vouchers", "gutscheine"),
    "line:refund_difference": ("refund", "refunds", "erlösschmälerungen"),
    "payment:card": ("card", "cards", "stripe", "kreditkarten", "clearing"),
    "payment:gift_card": ("gift", "voucher", "vouchers", "gutscheine"),
    "payment:store_credit": ("credit", "guthaben"),
    "payment:cash_on_delivery": ("cash", "nachnahme", "kasse"),
    "payment:bank": ("bank", "checking", "giro"),
    "payment:other": ("clearing", "suspense", "verrechnung", "geldtransit"),
}
_FIRST = ("role:receivable", "role:deposits", "line:item", "line:shipping", "line:discount", "payment:card")
_TREATED: dict[str, tuple[str, ...]] = {
    "export": ("export", "ausfuhr", "outside"),
    "reverse_charge": ("reverse", "13b", "innergemeinschaftliche"),
    "oss": ("oss",),
    "marketplace": ("marketplace",),
    "exempt": ("exempt", "steuerfrei", "frei"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One account or tax code, and why it may be meant."""

    code: str
    name: str
    why: str
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is not mapped, how many open records wait for it, and what may stand for it, the likeliest first. `sure`: one is likelier than all others."""

    cause: str
    words: str
    records: int
    candidates: tuple[Candidate, ...]

    @property
    def sure(self) -> bool:
        scores = [item.score for item in self.candidates]
        return bool(scores) and (len(scores) == 1 or scores[0] > scores[1])


class NotProposed(Exception):
    """What was clicked is no longer proposed; `words` says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def proposals(ledger: Ledger) -> list[Proposal]:
    """For whatever open records wait, and for what every shop needs: accounts by name, tax codes by rate. Those without a candidate are left out."""
    accounts = list(Account.objects.filter(ledger=ledger, active=True).order_by("code"))
    codes = list(TaxCode.objects.filter(ledger=ledger, active=True).order_by("code"))
    found = []
    for cause, words, records in _open(ledger):
        kind, _colon, rest = cause.partition(":")
        ranked = _taxes(codes, rest) if kind == "tax" else _accounts(accounts, rest)
        best = tuple(sorted(ranked, key=lambda item: (-item.score, item.code))[:MOST])
        if best:
            found.append(Proposal(cause=cause, words=words, records=records, candidates=best))
    return found


def accept(ledger: Ledger, cause: str, code: str, *, by: User) -> mappings.Moved:
    """Make the candidate of that code the mapping, and check again what waited for it. Raises NotProposed for what is not proposed any more."""
    with transaction.atomic():
        Ledger.objects.select_for_update(no_key=True).get(pk=ledger.pk)
        mine = next((item for item in proposals(ledger) if item.cause == cause), None)
        chosen = next((item for item in mine.candidates if item.code == code), None) if mine else None
        if chosen is None:
            raise NotProposed(_("It is mapped already, or the ledger no longer offers it. Look at the list again."))
        row = _mapping(ledger, cause, code)
        row.save(force_insert=True)
        words = _("Accepted as proposed: %(what)s is %(code)s, because %(why)s")
        values = {"what": row, "code": code, "why": chosen.why}
        events.record(
            row, "made", by=by, after={"cause": cause, "code": code}, why=chosen.why, words=(words % values)[:500]
        )
        return mappings.settled(row)


def _open(ledger: Ledger) -> Iterator[tuple[str, str, int]]:
    """What is not mapped: cause, words, and how many records wait for it."""
    seen = set()
    for group in findings.groups(Shop.objects.filter(ledger=ledger)):
        if group.cause.startswith(("account:", "tax:")) and not group.cause.startswith("account:ledger:"):
            seen.add(group.cause)
            yield group.cause, group.words, group.records
    mapped = {f"account:{purpose}:{value}" for purpose, value in _mapped(ledger)}
    for place in _FIRST:
        cause = f"account:{place}"
        if cause not in seen | mapped:
            yield cause, _("No account is mapped for %s.") % place.replace(":", " ").replace("_", " "), 0


def _mapped(ledger: Ledger) -> list[tuple[str, str]]:
    return list(AccountMapping.objects.filter(ledger=ledger, shop=None).values_list("purpose", "value"))


def _accounts(accounts: list[Account], place: str) -> Iterator[Candidate]:
    """Accounts whose name or code holds a word by which such an account is often called; of a gateway's own, its name first."""
    purpose, _colon, value = place.partition(":")
    method, _colon, gateway = value.partition(":")
    called = (*([gateway.lower()] if gateway else []), *_CALLED.get(f"{purpose}:{method}", ()))
    for account in accounts:
        said = _words(f"{account.code} {account.name} {account.type}")
        hit = next((n for n, word in enumerate(called) if word in said), None)
        if hit is not None:
            why = _("its name says “%s”") % called[hit]
            yield Candidate(code=account.code, name=account.name, why=why, score=len(called) - hit)


def _taxes(codes: list[TaxCode], key: str) -> Iterator[Candidate]:
    """Tax codes of the same rate; the country and the treatment in their names count for them, another treatment's word against them."""
    treatment, country, rate = _key(key)[0], _key(key)[1], _key(key)[4]
    for code in codes:
        if rate is None or code.rate is None or code.rate != rate:
            continue
        said = _words(f"{code.code} {code.name}")
        reasons, score = [_("the same rate, %s %%") % f"{(rate * 100).normalize():f}"], 10
        if country and country.lower() in said:
            reasons, score = [*reasons, _("its name says “%s”") % country], score + 3
        if word := next((word for word in _TREATED.get(treatment, ()) if word in said), ""):
            reasons, score = [*reasons, _("its name says “%s”") % word], score + 5
        if any(word in said for other, words in _TREATED.items() if other != treatment for word in words):
            score -= 5
        yield Candidate(code=code.code, name=code.name, why="; ".join(reasons), score=score)


def _words(text: str) -> set[str]:
    """The words of a name, also out of Assets:Receivable and DE19: letters and digits apart."""
    return {word.lower() for word in re.findall(r"[^\W\d_]+|\d+\w*", text)}


def _key(key: str) -> tuple[str, str, str, str, Decimal | None]:
    """A tax cause without its prefix: treatment, country, region, title (which may hold bars) and rate."""
    parts = key.split("|")
    try:
        rate = Decimal(parts[-1]) if parts[-1] else None
    except InvalidOperation:
        rate = None
    return parts[0], parts[1], parts[2], "|".join(parts[3:-1]), rate


def _mapping(ledger: Ledger, cause: str, code: str) -> AccountMapping | TaxMapping:
    kind, _colon, rest = cause.partition(":")
    if kind == "tax":
        treatment, country, region, title, rate = _key(rest)
        chosen = TaxCode.objects.get(ledger=ledger, code=code)
        place = {"treatment": treatment, "country": country, "region": region, "title": title, "rate": rate}
        return TaxMapping(ledger=ledger, tax_code=chosen, **place)
    purpose, _colon, value = rest.partition(":")
    account = Account.objects.get(ledger=ledger, code=code)
    return AccountMapping(ledger=ledger, purpose=purpose, value=value, account=account)
