"""The journal of a payout: the bank takes what came, the clearing account gives up exactly what its payments put there, and fees are booked once."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders import incoming, money, outgoing
from orders.documents import books, clearing, reference, sheet
from orders.documents.clearing import Held
from orders.documents.ground import Ground
from orders.documents.matching import OF_KIND
from orders.documents.plan import Draft, Origin, Plan
from orders.models import Document, DocumentLine, Payout, PayoutLine, Purpose, together
from orders.money import ZERO
from orders.outgoing import DocumentKind

BANK = "bank"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal to be: a debit positive."""

    kind: str
    account: str
    amount: Decimal
    text: str


def plan(payout: Payout) -> Plan:
    """The journal of the payout, and what takes an outgrown one back. Never raises for bad data: problems instead."""
    page = Page(payout)
    told = content(payout)
    drafts = page.drafts(incoming.digest(told))
    return Plan(
        drafts=tuple(drafts),
        problems=tuple(page.problems),
        content=told,
        amount=abs(payout.amount),
        currency=payout.currency,
    )


def content(payout: Payout) -> dict[str, Any]:
    """What the payout says and an approval is bound to: the deposit, its movements, and the lines that persons named."""
    data: dict[str, Any] = incoming.plain(
        {
            "id": payout.store_id, "gateway": payout.gateway, "amount": payout.amount, "currency": payout.currency, "paid_on": payout.paid_on,
            "movements": [
                {"kind": line.kind, "amount": line.amount, "fee": line.fee, "payment": line.store_payment_id, "order": line.order_number}
                for line in payout.lines.all()
            ],
            "adjustments": [{"account": row.account.code, "net": row.net} for row in sheet.named(payout)],
        }
    )  # fmt: skip
    return data


class Page(Ground):
    """Everything that drafting one payout needs, loaded once."""

    def __init__(self, payout: Payout) -> None:
        self.payout, mine = payout, Document.objects.filter(sources__payout=payout)
        self.signed, signed_lines, sources, moved, *rows = together.beside(
            payout, Prefetch("lines", PayoutLine.objects.select_related("payment__order").defer("payment__order__search")), sheet.NAMED,
            also=[
                mine.select_related("booking", "approval").order_by("pk"), DocumentLine.objects.filter(document__in=mine),
                *clearing.asked(payout), *books.asked(payout.shop),
            ],
        )  # fmt: skip
        together.lay(self.signed, "lines", signed_lines)
        super().__init__(payout.shop, payout.currency, books.Books(payout.shop, rows))
        self.held = clearing.held(sources, moved)

    def drafts(self, content_hash: str) -> list[Draft]:
        """What stands and still holds; else what takes it back, and the journal as it is now."""
        standing = self._standing()
        if standing is not None and standing.approval and standing.approval.content_hash == content_hash:
            self._moved()  # a payment that changed since is told
            return [Draft(document=sheet.restored(standing), signed=standing)]
        back = [self._taken_back(standing)] if standing is not None else []
        rows = self._entries()
        if not any(row.amount for row in rows):
            return back
        return [*back, self._journal(rows, [*self._awaited(), *map(_name, back)])]

    def _standing(self) -> Document | None:
        gone = {item.key.rsplit(":", 1)[1] for item in self.signed if sheet.stands(item)}
        mine = [item for item in self.signed if item.key == self._key("1") and sheet.stands(item)]
        return next((item for item in mine if f"r{item.revision}" not in gone), None)

    def _key(self, source: str) -> str:
        return reference.payout_key(self.payout, DocumentKind.JOURNAL, source)

    def _entries(self) -> list[Entry]:
        """The journal, the bank first. What the movements leave unexplained stands without an account, so that it can be seen and cannot be signed."""
        bank = self._role(f"{BANK}:{self.payout.gateway.lower()}", f"{BANK}:{self.currency}", BANK)
        rows = [Entry(BANK, bank, self.payout.amount, _("Payout %s") % self.payout.store_id), *self._moved()]
        rows += [Entry("adjustment", row.account.code, -row.net, row.reason) for row in sheet.named(self.payout)]
        rest = money.total(row.amount for row in rows)
        self._exact(rows)
        return [*rows, Entry("unexplained", "", -rest, _("Not explained"))] if rest else rows

    def _moved(self) -> list[Entry]:
        """What leaves the clearing accounts, the fees that no payment booked, and the gateway's own movements."""
        accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
        fees, own, unsigned = ZERO, list[Entry](), list[PayoutLine]()
        for line in self.payout.lines.all():
            found = self.held.get(line.payment_id or 0)
            if line.kind not in OF_KIND:
                fees += line.fee - (line.amount if line.kind == "fee" else ZERO)
                own += [] if line.kind == "fee" else [self._own(line)]
            elif found is not None:
                self._compare(line, found)
                fees += line.fee - found.fee
                for account, amount in found.accounts.items():
                    accounts[account] -= amount
            elif line.payment_id is not None:
                unsigned.append(line)
        self._unsigned(unsigned)
        taken = [
            Entry("clearing", account, amount, _("Paid out")) for account, amount in sorted(accounts.items()) if amount
        ]
        return [*taken, *([Entry("fee", self.role("fees"), fees, _("Fees"))] if fees else []), *own]

    def _own(self, line: PayoutLine) -> Entry:
        """A movement that is no order's payment: a correction, a reserve, a loan's instalment."""
        account = self._role(f"payout_{line.kind}", "payout_adjustment")
        return Entry(line.kind, account, -line.amount, line.order_number or line.kind.replace("_", " ").capitalize())

    def _role(self, *names: str) -> str:
        """The account of the first of these roles that is mapped; the last is the usual one."""
        special = (self.chart.mapped(Purpose.ROLE, name) for name in names[:-1])
        return next(filter(None, special), "") or self.role(names[-1])

    def _compare(self, line: PayoutLine, found: Held) -> None:
        name = _named(line)
        if found.currencies != {self.currency}:
            self.problem(
                code="payout_currency", field=f"lines.{line.position}",
                words=_("%(name)s was booked in %(theirs)s, the payout is in %(ours)s, so that it cannot empty that account.")
                % {"name": name, "theirs": ", ".join(sorted(found.currencies)), "ours": self.currency},
                fix=_("Book the payout by hand and reject it here."),
            )  # fmt: skip
        elif found.amount != line.amount:
            self.problem(
                code="payout_amount_differs", field=f"lines.{line.position}", difference=line.amount - found.amount,
                words=_("%(name)s is %(theirs)s in the payout and %(ours)s in the books.")
                % {"name": name, "theirs": self._figure(line.amount), "ours": self._figure(found.amount)},
                fix=_("Have the store send the order again; if the payout is wrong, have the gateway correct it."),
            )  # fmt: skip

    def _unsigned(self, lines: list[PayoutLine]) -> None:
        if lines:
            named = ", ".join(dict.fromkeys(map(_named, lines)))
            words = ngettext(
                "%(n)d movement belongs to a payment that is not approved yet: %(names)s.",
                "%(n)d movements belong to payments that are not approved yet: %(names)s.",
                len(lines),
            ) % {"n": len(lines), "names": named}
            self.problem(
                code="payout_payment_open", words=words, field="lines", fix=_("Approve these orders and refunds first.")
            )

    def _exact(self, rows: Iterable[Entry]) -> None:
        fine = next((row.amount for row in rows if not money.is_exact(row.amount, self.currency)), None)
        if fine is not None:
            self.problem(
                code="amount_too_fine", words=_("%(amount)s has more decimals than %(currency)s.") % {"amount": self._figure(fine), "currency": self.currency},
                fix=_("Book it by hand and reject it here."),
            )  # fmt: skip

    def _figure(self, amount: Decimal) -> str:
        exact = money.is_exact(amount, self.currency)
        return str(money.rounded(amount, self.currency)) if exact else f"{amount.normalize():f}"

    def _awaited(self) -> list[tuple[str, int]]:
        """The payments that must be in the books before they can leave the clearing account."""
        return [(item.key, item.revision) for found in self.held.values() for item in found.documents]

    def _journal(self, rows: list[Entry], after: list[tuple[str, int]]) -> Draft:
        memo = _("Payout %(id)s of %(gateway)s, %(n)s movements") % {
            "id": self.payout.store_id, "gateway": self.payout.gateway or self.shop.name, "n": len(self.payout.lines.all()),
        }  # fmt: skip
        return self._draft("1", rows, tax_on=self.payout.paid_on, memo=memo, after=after)

    def _taken_back(self, signed: Document) -> Draft:
        """The whole of a signed journal the other way round, on its own day and at its own rate."""
        data = sheet.restored(signed)
        contra = "clearing" if any(line.kind == BANK for line in data.lines) else BANK
        rows = [Entry(line.kind, line.account, -line.net, line.text) for line in data.lines]
        rows.append(Entry(contra, data.contra_account, data.gross, data.memo))
        made = self._draft(
            sheet.reversal_source(signed.key, signed.revision), rows, tax_on=signed.tax_on,
            memo=_("Payout %s taken back: it was changed") % self.payout.store_id, after=[(signed.key, signed.revision)],
        )  # fmt: skip
        document = dataclasses.replace(
            made.document, currency=data.currency, rate=data.rate, rate_source=data.rate_source
        )
        return dataclasses.replace(made, document=document, sources={**made.sources, "of": signed.pk})

    def _draft(self, source: str, rows: list[Entry], *, tax_on: date, memo: str, after: list[tuple[str, int]]) -> Draft:
        """Debits as lines against the account that gives most, which is the gateway's clearing account unless money was taken from the bank."""
        contra = min((row for row in rows if row.kind in ("clearing", BANK)), key=lambda row: row.amount)
        debits = [row for row in rows if row is not contra and (row.amount or row.kind == BANK)]
        key = self._key(source)
        revision = 1 + max((item.revision for item in self.signed if item.key == key), default=0)
        posting_on = self.posting_day(tax_on, moved=self.payout.post_on_first_open_day)
        rate, rate_source = self.rate(posting_on)
        self.check_kind(DocumentKind.JOURNAL)
        total = money.total(row.amount for row in debits)
        document = outgoing.Document(
            ledger=self.ledger.code, key=key, revision=revision, kind=DocumentKind.JOURNAL, reference=self._reference(key, source, revision),
            currency=self.currency, base_currency=self.ledger.base_currency, rate=rate, rate_source=rate_source,
            issued_on=timezone.now().astimezone(self.zone).date(), tax_on=tax_on, posting_on=posting_on,
            net=total, tax=ZERO, gross=total, contra_account=contra.account, party=outgoing.Party(), hash="", shop=self.shop.code, memo=memo,
            lines=tuple(
                outgoing.Line(n=n, kind=row.kind, text=row.text, account=row.account, net=row.amount) for n, row in enumerate(debits, start=1)
            ),
            dimensions=tuple(sorted((str(k), str(v)) for k, v in self.shop.dimensions.items())),
        )  # fmt: skip
        origins = tuple(Origin() for _row in debits)
        return Draft(
            document=document, origins=origins, sources={"payout": self.payout.pk}, after=tuple(dict.fromkeys(after))
        )

    def _reference(self, key: str, source: str, revision: int) -> str:
        text = reference.reference(
            f"{self.shop.prefix}P", self.payout.store_id, key, 1 if source == "1" else 2, revision
        )
        return self.unused(DocumentKind.JOURNAL, text, key, revision)


def _name(draft: Draft) -> tuple[str, int]:
    return draft.document.key, draft.document.revision


def _named(line: PayoutLine) -> str:
    """The movement as people know it: its order's number, else the payment's id."""
    number = line.payment.order.number if line.payment else line.order_number
    return number or line.store_payment_id or f"#{line.position + 1}"
