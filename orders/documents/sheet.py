"""The sheet on which one order's documents are drafted: its shop and ledger, the mappings, what was signed before, and what is in the way."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from orders import incoming, money, outgoing
from orders.documents import books as stock
from orders.documents import chart, ground, reference
from orders.documents.books import Books
from orders.documents.ground import Ground
from orders.documents.plan import Draft, Origin
from orders.models import (
    Address,
    Adjustment,
    Document,
    DocumentLine,
    Order,
    OrderLine,
    Payment,
    Payout,
    Refund,
    held,
    together,
)
from orders.models.line import ITEM_KEY
from orders.outgoing import DocumentKind

_TAKES_BACK: dict[str, DocumentKind] = {
    DocumentKind.CREDIT_NOTE: DocumentKind.INVOICE,
    DocumentKind.REFUND_PAYMENT: DocumentKind.PAYMENT,
    DocumentKind.JOURNAL: DocumentKind.JOURNAL,
}
_NAMED = Adjustment.objects.select_related("account", "tax_code__account", "by")
NAMED: Prefetch[str, Any, Any] = Prefetch("adjustments", _NAMED)
_BESIDE: tuple[Prefetch[str, Any, Any], ...] = (
    *(Prefetch(path) for path in ("lines", "lines__taxes", "shipments", "shipments__lines")),
    Prefetch("payments", Payment.objects.select_related("parent")), NAMED,
)  # fmt: skip
Row = tuple[outgoing.Line, Origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a sheet begins with: books, the documents that were signed, and the references that others hold of those looked up."""

    books: Books
    signed: list[Document]
    texts: list[str]
    holders: list[tuple[str, str]]


class Sheet(Ground):
    """Everything that drafting one order needs, loaded once."""

    def __init__(self, order: Order, books: Books | None = None) -> None:
        self.order = order
        loaded = self._load(books)
        super().__init__(order.shop, order.currency, loaded.books)
        self.look_up(loaded.texts, loaded.holders)
        self.signed = loaded.signed
        self._stem = reference.key(order, "", "").removesuffix(":")
        place = order.shipping or order.billing
        self.region = place.region if place else ""
        self.backs = backs(self.signed)
        self.moved = order.post_on_first_open_day
        self._serials: dict[str, list[str]] = {}
        for document in self.signed:
            keys = self._serials.setdefault(document.kind, [])
            if document.key not in keys:
                keys.append(document.key)

    def _load(self, books: Books | None) -> Loaded:
        """Whatever drafting looks at, in one statement; a batch brings its books along."""
        order, shop = self.order, self.order.shop
        texts = reference.likely(shop.prefix, order.number)
        lines, items = OrderLine.objects.filter(order=order), chart.items(shop)
        signed, signed_lines, mapped, holders, *rows = together.beside(
            order, *_BESIDE,
            also=[
                Document.objects.filter(order=order).select_related("booking", "approval"), DocumentLine.objects.filter(document__order=order),
                items.filter(key__in=lines.values(key=ITEM_KEY)), ground.holders(texts, shop), *([] if books else stock.asked(shop)),
            ],
        )  # fmt: skip
        together.lay(signed, "lines", signed_lines)
        prefetch_related_objects(
            [order], *(path.prefetch_to for path in _BESIDE)
        )  # what a caller laid beside it in part
        books = books or Books(shop, rows)
        books.chart.know_items((line.item_key for line in held(order, "lines")), mapped)
        return Loaded(books=books, signed=signed, texts=texts, holders=holders)

    def key(self, kind: str, source: str) -> str:
        """The key of the order's document of that kind and source."""
        return f"{self._stem}{kind}:{source}"

    def standing(self, kind: str) -> list[Document]:
        """The signed documents of a kind that are neither voided nor refused, nor taken back whole by a document of ours."""
        return [item for item in self.signed if item.kind == kind and self._holds(item)]

    def takes_back(self, document: Document) -> bool:
        """True for a document that stands and takes another one back whole."""
        return any(document == item for item in self.backs.values())

    def stands_for(self, key: str) -> Document | None:
        """The standing document of that key, None without one."""
        return next((item for item in self.signed if item.key == key and self._holds(item)), None)

    def credited(self, invoice: Document) -> bool:
        """True if a credit note that stands takes back a part of that invoice."""
        lines = {line.pk for line in held(invoice, "lines")}
        return any(line.credits_id in lines for item in self.signed if stands(item) for line in held(item, "lines"))

    def day(self, instant: datetime | None) -> date:
        """The shop's day of an instant; without one the day on which the order was last told."""
        return (instant or self.order.as_of or self.order.received_at).astimezone(self.zone).date()

    def draft(
        self,
        kind: DocumentKind,
        source: str,
        *,
        tax_on: date,
        rows: Sequence[Row],
        contra: str,
        sources: dict[str, int],
        memo: Callable[[], str],
        after: Iterable[tuple[str, int]] = (),
        applies_to: str = "",
        due: bool = True,
        when: str = "",
    ) -> Draft:
        """A new document of the order: the next revision of its key, with reference, dates and rate; it waits for what took earlier revisions back."""
        key = self.key(kind, source)
        revision = 1 + max((item.revision for item in self.signed if item.key == key), default=0)
        posting_on = self.posting_day(tax_on, moved=self.moved)
        rate, rate_source = self.rate(posting_on)
        lines = tuple(dataclasses.replace(line, n=n) for n, (line, _origin) in enumerate(rows, start=1))
        net, tax = money.total(line.net for line in lines), money.total(line.tax for line in lines)
        self.check_kind(kind)
        document = outgoing.Document(
            ledger=self.ledger.code, key=key, revision=revision, kind=kind, currency=self.currency,
            reference=self._reference(kind, key, revision),
            base_currency=self.ledger.base_currency, rate=rate, rate_source=rate_source,
            issued_on=timezone.now().astimezone(self.zone).date(), tax_on=tax_on, posting_on=posting_on,
            net=net, tax=tax, gross=net + tax, contra_account=contra, lines=lines, party=party(self.order), hash="",
            order_number=self.order.number, shop=self.shop.code, due_on=self.order.due_on, applies_to=applies_to, memo=memo(),
            adjustment_account=self.ledger.adjustment_account.code if self.ledger.adjustment_account else "",
            adjustment_limit=self.ledger.adjustment_cap * money.minor_unit(self.currency),
            dimensions=tuple(sorted((str(k), str(v)) for k, v in self.shop.dimensions.items())),
        )  # fmt: skip
        origins = tuple(origin for _line, origin in rows)
        waits = (*after, *((back.key, back.revision) for (of, _n), back in self.backs.items() if of == key))
        return Draft(document=document, origins=origins, sources=sources, after=waits, due=due, when=when)

    def kept(self, document: Document) -> Draft:
        """The signed document as it stands."""
        return Draft(document=restored(document), signed=document)

    def _reference(self, kind: str, key: str, revision: int) -> str:
        keys = self._serials.setdefault(kind, [])
        if key not in keys:
            keys.append(key)
        text = reference.reference(self.shop.prefix, self.order.number, key, keys.index(key) + 1, revision)
        return self.unused(kind, text, key, revision)

    def _holds(self, document: Document) -> bool:
        return stands(document) and (document.key, document.revision) not in self.backs


def backs(documents: Iterable[Document]) -> dict[tuple[str, int], Document]:
    """By key and revision of an invoice, payment or journal: the standing document of ours that takes it back whole."""
    rows = list(documents)
    signs = {
        (item.kind, reversal_source(item.key, item.revision, item.kind)): (item.key, item.revision)
        for item in rows
        if item.kind in _TAKES_BACK.values()
    }
    found = {}
    for item in rows:
        of = signs.get((_TAKES_BACK.get(item.kind, ""), item.key.rsplit(":", 1)[1]))
        if of and stands(item):
            found[of] = item
    return found


def named(record: Order | Refund | Payout) -> list[Adjustment]:
    """The lines that persons named and did not withdraw, as they came."""
    rows = [row for row in held(record, "adjustments") if row.withdrawn_at is None]
    return sorted(rows, key=lambda row: (row.at, row.pk))


def restored(document: Document) -> outgoing.Document:
    """The signed document as data; its party is empty once erased."""
    return outgoing.restore(
        document.body, party=party_text(document.personal), hash=document.hash, number=document.booking.number
    )


def party_text(personal: str) -> str:
    """The party's JSON out of a document's personal column ("" once erased)."""
    return json.dumps(json.loads(personal)["party"]) if personal else ""


def stands(document: Document) -> bool:
    """Neither voided nor definitely refused."""
    return document.booking.voided_at is None and document.booking.refused_at is None


def reversal_source(key: str, revision: int, kind: str = "") -> str:
    """The source of the document that takes back a whole invoice or payment: "r1", or "S02-r1" for a shipment's invoice, "P1-r1" for a payment.

    A journal's is "P1-1-back1": "P1-1-r2" is the use of the same deposit for the second revision of its invoice.
    """
    source = key.rsplit(":", 1)[1]
    if kind == DocumentKind.JOURNAL:
        return f"{source}-back{revision}"
    return f"r{revision}" if source == "1" else f"{source}-r{revision}"


def party(order: Order) -> outgoing.Party:
    """Who the order's documents are made out to, with a stable id of ours."""
    known = f"{order.shop.code}:{order.customer.store_id}" if order.customer else f"{order.shop.code}:guest:{order.pk}"
    return outgoing.Party(
        id=known, name=order.customer_name, company=order.company, email=order.email, vat_id=order.vat_id,
        billing=_address(order.billing), shipping=_address(order.shipping),
    )  # fmt: skip


def _address(row: Address | None) -> incoming.Address | None:
    if row is None:
        return None
    return incoming.Address(**{item.name: getattr(row, item.name) for item in dataclasses.fields(incoming.Address)})
