"""What settles what: an invoice is reconciled with its payments and credits once their open lines come to zero; a part payment is noted at the invoice."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from orders import money

from .books import Books
from .reading import Entry
from .rpc import Said

_LINE = ["account", "party", "debit", "credit", "description", "date", "maturity_date", "amount_second_currency", "second_currency",
         "move", "move.origin"]  # fmt: skip
_SOME = 400  # open lines of one customer beyond which only those of one invoice are looked at
log = logging.getLogger(__name__)
Group = tuple[int, int | None, int | None, str]


def settle(books: Books, entries: Sequence[Entry]) -> bool:
    """Reconcile what these documents make even. True if anything was written; a refusal is left to the accountant, for the documents themselves stand."""
    names = sorted({entry.settles for entry in entries if entry.settles and _concerns(entry, books)})
    if not names:
        return False
    domain = [["account.type.receivable", "=", True], ["account.reconcile", "=", True], ["reconciliation", "=", None],
              ["move.state", "=", "posted"], ["move.company", "=", books.id], ["description", "in", names]]  # fmt: skip
    groups: defaultdict[Group, list[dict[str, Any]]] = defaultdict(list)
    for line in books.client("model.account.move.line.search_read", domain, 0, None, None, _LINE):
        groups[line["account"], line["party"], line["second_currency"], line["description"]].append(line)
    several = {group: lines for group, lines in groups.items() if len(lines) > 1 or _credit(lines[0])}
    even = [lines for lines in several.values() if len(lines) > 1 and _is_even(lines)]
    rest = {group: lines for group, lines in several.items() if not _is_even(lines)}
    wrote = _reconcile(books, even)
    for group, lines in rest.items():
        wrote = _reconcile(books, _whole_account(books, group)) or _note(books, lines) or wrote
    return wrote


def _concerns(entry: Entry, books: Books) -> bool:
    return entry.gross != 0 and any(books.accounts[code].receivable for code in entry.sums if code in books.accounts)


def _credit(line: dict[str, Any]) -> bool:
    return bool(line["credit"] > line["debit"])


def _is_even(lines: Sequence[dict[str, Any]]) -> bool:
    """Also in the books' own currency: a difference of rates is an accountant's to book."""
    own = money.total(Decimal(line["debit"] - line["credit"]) for line in lines)
    return not own and not money.total(Decimal(line["amount_second_currency"] or 0) for line in lines)


def _reconcile(books: Books, groups: Sequence[Sequence[dict[str, Any]]]) -> bool:
    """By the wizard that an accountant uses: one field of it may be written by nobody else."""
    if not groups:
        return False
    wizard = "wizard.account.move.reconcile_lines"
    session = books.client(f"{wizard}.create")[0]
    done = [_tried(books, f"{wizard}.execute", session, {}, "start", **_chosen(lines)) for lines in groups]
    books.client(f"{wizard}.delete", session)
    return any(done)


def _chosen(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ids = [line["id"] for line in lines]
    return {"active_model": "account.move.line", "active_id": ids[0], "active_ids": ids}


def _whole_account(books: Books, group: Group) -> list[list[dict[str, Any]]]:
    """All open lines of the customer, where together they are even: payments move on with the account when an invoice is revised."""
    account, party, currency, _description = group
    domain = [["account", "=", account], ["party", "=", party], ["second_currency", "=", currency], ["reconciliation", "=", None],
              ["move.state", "=", "posted"], ["move.company", "=", books.id]]  # fmt: skip
    lines = books.client("model.account.move.line.search_read", domain, 0, _SOME, None, _LINE)
    return [lines] if 1 < len(lines) < _SOME and _is_even(lines) else []


def _note(books: Books, lines: Sequence[dict[str, Any]]) -> bool:
    """A part payment: Tryton shows it at the invoice, and what is left to pay."""
    claims = [
        line
        for line in lines
        if not _credit(line) and str((line["move."] or {}).get("origin")).startswith("account.invoice,")
    ]
    credits = [line["id"] for line in lines if _credit(line)]
    if len(claims) != 1 or not credits:
        return False
    invoice = int(str(claims[0]["move."]["origin"]).partition(",")[2])
    return _tried(books, "model.account.invoice.write", [invoice], {"payment_lines": [["add", credits]]})


def _tried(books: Books, method: str, *arguments: Any, **context: Any) -> bool:
    try:
        books.client(method, *arguments, **context)
    except Said as said:
        log.warning("Tryton leaves something open that may be reconciled by hand: %s", said.whole)
        return False
    return True
