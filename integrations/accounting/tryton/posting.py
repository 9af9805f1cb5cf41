"""How documents get into Tryton once: looked for, laid as drafts, looked at again, posted together, read back.

Tryton keeps no second document of one reference away. So what is written first is a draft, which is not in the books: two drafts of one document (the reply
to the first was late) are seen before anything is posted, the older one is taken and the others are deleted. To post one again that is posted changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from integrations.accounting.base import Masters, Outcome
from integrations.errors import Refused, Uncertain
from orders import outgoing
from orders.outgoing import Bound

from . import invoices, moves, rates, reading, refusals, settling
from .books import Books
from .looking import INVOICES, MODELS, Documents, Found, key, look, model, one
from .parties import Parties
from .reading import Entry
from .rpc import Said

_MEANT = (
    "invoice_payment_term",
    "invoice_taxes",
)  # questions that the signature has answered: a due date gone by, a tax other than the product's


class Posting:
    """One call's documents on their way into the books of one company."""

    def __init__(self, books: Books, options: Masters) -> None:
        self.books, self.parties = books, Parties(books, options)
        self.outcomes: dict[str, Outcome] = {}
        self.bound: dict[str, tuple[Bound, ...]] = {}
        self.values: dict[str, dict[str, Any]] = {}  # the drafts as they are sent

    def book(self, documents: Documents) -> list[Outcome]:
        """One outcome a document. Raises Unavailable, Uncertain or Misconfigured where it is said of all."""
        self.books.forget_periods()
        found = look(self.books, documents)
        for entries in found.values():
            self._remove([entry for entry in entries[1:] if entry.mark.key])
            entries[:] = [entry for entry in entries if entry is entries[0] or not (entry.draft and entry.mark.key)]
        new = [row for row in documents if self._is_new(row, found)]
        self._create(new)
        if new:
            found |= self._looked_again(new)
        drafts = [row for row in documents if self._is_draft(row, found)]
        self._post(sorted(drafts, key=lambda row: row.issued_on), found)
        open_ones = [row for row in documents if key(row) not in self.outcomes]
        if drafts:
            found |= look(self.books, open_ones)
        entries = [found[key(row)][0] for row in open_ones if found.get(key(row))]
        if settling.settle(self.books, entries):  # which changes what is owed on an invoice, and nothing of a move
            found |= look(self.books, [row for row in open_ones if row.kind in INVOICES])
        for row in open_ones:
            self._told(row, partial(self._stands, row, found))
        return [self.outcomes[key(row)] for row in documents]

    def _told(self, document: outgoing.Document, call: Callable[[], Outcome | None]) -> bool:
        """Whether it may go on; its outcome is kept where there is one."""
        try:
            outcome = call()
        except Said as said:
            outcome = refusals.trouble(said, document)
        except Refused as error:
            outcome = error
        if outcome is not None:
            self.outcomes[key(document)] = outcome
        return outcome is None

    def _is_new(self, document: outgoing.Document, found: Found) -> bool:
        """Nothing stands there, and nothing speaks against writing it."""
        if found.get(key(document)):
            self._told(document, partial(_seen, document, found[key(document)]))
            return False
        return self._told(document, partial(refusals.examine, document, self.books))

    def _create(self, documents: Documents) -> None:
        """Lay them as drafts, invoices in one call and moves in another."""
        if not documents:
            return
        self.parties.gather(documents)
        for name in MODELS:
            mine = [row for row in documents if model(row) == name]
            ready = [row for row in mine if self._told(row, partial(self.work_out, row))]
            self._together(ready, partial(self._laid, name))

    def _laid(self, name: str, some: Documents) -> None:
        self.books.client(f"model.{name}.create", [self.values[key(row)] for row in some])

    def work_out(self, document: outgoing.Document) -> None:
        customer, bound = None, tuple[Bound, ...]()
        if document.kind in INVOICES or any(self._of_party(row.account) for row in outgoing.postings(document)):
            customer, bound = self.parties.customer(document)
        items, linked = self.parties.items(document)
        if document.kind in INVOICES and customer:
            rates.examine(document, self.books)
            self.values[key(document)] = invoices.values(document, self.books, customer, items)
        else:
            self.values[key(document)] = moves.values(document, self.books, customer.party if customer else None)
        self.bound[key(document)] = (*bound, *linked)

    def _of_party(self, code: str) -> bool:
        return self.books.account(code, "a posting").party

    def _together(self, documents: Documents, call: Callable[[Documents], None]) -> None:
        """All in one call, which Tryton keeps whole or not at all; where one is refused, its half is halved again until it stands alone."""
        if not documents:
            return
        try:
            call(documents)
        except Said as said:
            if len(documents) == 1:
                self.outcomes[key(documents[0])] = refusals.trouble(said, documents[0])
                return
            middle = len(documents) // 2
            self._together(documents[:middle], call)
            self._together(documents[middle:], call)

    def _looked_again(self, documents: Documents) -> Found:
        """The drafts as they stand; of several of one document the oldest is kept, and one that is not as signed is taken away again."""
        found = look(self.books, [row for row in documents if key(row) not in self.outcomes])
        for row in documents:
            entries = found.get(key(row), [])
            if key(row) in self.outcomes or not entries:
                continue
            self._remove(entries[1:])
            del entries[1:]
            if not self._told(row, partial(reading.compare, entries[0], row)):
                self._remove(entries)
        return found

    def _remove(self, entries: Sequence[Entry]) -> None:
        """Only drafts, which are in nobody's books."""
        for name in MODELS:
            if ids := [entry.id for entry in entries if entry.model == name and entry.draft]:
                self.books.client(f"model.{name}.delete", ids)

    def _is_draft(self, document: outgoing.Document, found: Found) -> bool:
        entries = found.get(key(document), [])
        return key(document) not in self.outcomes and bool(entries) and entries[0].draft

    def _post(self, documents: Documents, found: Found) -> None:
        """In the order of their dates of issue, for numbers and dates rise together. What Tryton refuses to post does not stay behind as a draft."""
        for name in MODELS:
            mine = [row for row in documents if model(row) == name]
            self._together(mine, partial(self._posted, name, found))
            self._remove([found[key(row)][0] for row in mine if key(row) in self.outcomes])

    def _posted(self, name: str, found: Found, documents: Documents) -> None:
        ids = [found[key(row)][0].id for row in documents]
        for _question in range(1 + 3 * len(ids)):
            try:
                self.books.client(f"model.{name}.post", ids)
                return
            except Said as said:
                if not (said.kind == "UserWarning" and self._was_meant(said, documents)):
                    raise
                self._answer(said.name)

    def _was_meant(self, said: Said, documents: Documents) -> bool:
        """A day that has begun where the shop is, though not yet where Tryton is, is no future."""
        tomorrow = datetime.now(UTC).date().toordinal() + 1
        soon = all(row.issued_on.toordinal() <= tomorrow for row in documents)
        return said.name.endswith(_MEANT) or (said.name.endswith("invoice_date_future") and soon)

    def _answer(self, name: str) -> None:
        """Tryton 8.2 has a method for it; before, whoever was asked wrote the answer down himself."""
        client = self.books.client
        if client.version >= (8, 2):
            client("model.res.user.warning.skip", name)
        else:
            client("model.res.user.warning.create", [{"user": client.user, "name": name, "always": False}])

    def _stands(self, document: outgoing.Document, found: Found) -> Outcome:
        entry = one(document, found.get(key(document), []))
        if entry is None:
            raise Uncertain(f"{document.reference} was posted in Tryton and is not found there.")
        return reading.booked(entry, self.bound.get(key(document), ()))


def _seen(document: outgoing.Document, entries: Sequence[Entry]) -> None:
    one(document, entries)
