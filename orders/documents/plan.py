"""What would be signed if the record were approved now: the drafts, what keeps them, and the content that an approval is bound to."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Any

from orders import incoming, outgoing
from orders.documents.problem import Problem
from orders.frozen import record
from orders.models import Document


@record
class Origin:
    """Where one document line comes from, by primary key; `credits` is the DocumentLine that it takes back."""

    order_line: int | None = None
    refund_line: int | None = None
    credits: int | None = None


@record
class Draft:
    """One document as it would be signed. `due` False: it falls due later, `when` says on what. `signed` is the document that stands for it already.

    `origins` runs parallel to the document's lines; `sources` are the fields of a DocumentSource row; `after` the (key, revision) it waits for.
    """

    document: outgoing.Document
    origins: tuple[Origin, ...] = ()
    sources: dict[str, int] = field(default_factory=dict)
    after: tuple[tuple[str, int], ...] = ()
    due: bool = True
    when: str = ""
    signed: Document | None = None


@record
class Plan:
    """All drafts of one record, in the order in which they must be booked.

    `content` is what the order says (lines, taxes, parties, dates), which alone decides whether an approval still holds.
    """

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    content: dict[str, Any]
    amount: Decimal
    currency: str

    @property
    def content_hash(self) -> str:
        return incoming.digest(self.content)

    @property
    def to_sign(self) -> tuple[Draft, ...]:
        return tuple(draft for draft in self.drafts if draft.due and draft.signed is None)
