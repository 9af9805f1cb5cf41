"""What a ledger would be given, in its own terms: how a document would stand there, for a person who looks before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.errors import Trouble
from orders import incoming, money, outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One row of the journal that would come of it, accounts and taxes as they are called over there ("400000 Product Sales").

    `amount` positive is a debit, negative a credit, in the document's currency. `detail` is what the ledger shows beside it: "2 × 9.50", a tax.
    """

    account: str
    amount: Decimal
    text: str = ""
    detail: str = ""

    @property
    def debit(self) -> Decimal:
        return max(self.amount, money.ZERO)

    @property
    def credit(self) -> Decimal:
        return max(-self.amount, money.ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What `book` would write for one document. `facts` are pairs: what it is called there, and what it would say (journal, customer, dates, currency).

    `sums` are net, tax by code and total. `problems` are what `book` would raise now, as far as that can be said without writing. `text` is the whole
    of what would be written, where the ledger is a text.
    """

    reference: str
    kind: str
    currency: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[PreviewLine, ...]
    sums: tuple[tuple[str, Decimal], ...]
    problems: tuple[Trouble, ...] = ()
    text: str = ""


def plain(document: outgoing.Document, choices: incoming.Choices) -> Preview:
    """The preview of a ledger that gives none itself: the postings, named as its own lists name them."""
    return made(
        document,
        facts=facts(document),
        accounts={item.code: item.name for item in choices.accounts},
        taxes={item.code: item.name for item in choices.tax_codes},
    )


def made(
    document: outgoing.Document,
    *,
    facts: Sequence[tuple[str, str]],
    accounts: Mapping[str, str],
    taxes: Mapping[str, str],
    details: Mapping[int, str] | None = None,
    problems: Sequence[Trouble] = (),
    text: str = "",
) -> Preview:
    """A preview from what is called how over there: names of accounts and taxes by code, and what stands beside a line by its number."""
    return Preview(
        reference=document.reference,
        kind=str(document.kind),
        currency=document.currency,
        facts=tuple((name, value) for name, value in facts if value),
        lines=tuple(_line(row, accounts, taxes, details or {}) for row in outgoing.postings(document)),
        sums=_sums(document),
        problems=tuple(problems),
        text=text,
    )


def facts(document: outgoing.Document) -> list[tuple[str, str]]:
    """What every ledger has a place for; an adapter writes its own names and values instead, or adds to these."""
    party = document.party
    return [
        ("Document", str(outgoing.DocumentKind(document.kind).label)),
        ("Reference", document.reference),
        (CUSTOMER, party.company or party.name),
        ("Date", document.issued_on.isoformat()),
        ("Accounting date", document.posting_on.isoformat()),
        ("Due date", document.due_on.isoformat() if document.due_on else ""),
        ("Currency", currency(document)),
        ("Settles", document.applies_to),
    ]


CUSTOMER = "Customer"  # the one fact that names a person: shown to whoever may see customers


def currency(document: outgoing.Document) -> str:
    """The currency, and the signed rate where it is not the books'."""
    if document.currency == document.base_currency:
        return document.currency
    return f"{document.currency}, 1 {document.currency} = {document.rate.normalize():f} {document.base_currency}"


def _line(
    row: outgoing.Posting, accounts: Mapping[str, str], taxes: Mapping[str, str], details: Mapping[int, str]
) -> PreviewLine:
    detail = details.get(row.line or 0, "")
    if row.tax_code:
        detail = _named(row.tax_code, taxes.get(row.tax_code, ""))
    text = "" if row.tax_code else row.text
    return PreviewLine(
        account=_named(row.account, accounts.get(row.account, "")), amount=row.amount, text=text, detail=detail
    )


def _named(code: str, name: str) -> str:
    return code if not name or name == code else f"{code} {name}"


def _sums(document: outgoing.Document) -> tuple[tuple[str, Decimal], ...]:
    taxes: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            taxes[line.tax_code] = taxes.get(line.tax_code, money.ZERO) + line.tax
    return (("Net", document.net), *taxes.items(), ("Total", document.gross))
