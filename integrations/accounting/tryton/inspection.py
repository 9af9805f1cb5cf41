"""One look at a Tryton: what is in order, what is missing, and where to click over there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from integrations.accounting.base import Check
from integrations.errors import Misconfigured, Refused, Unavailable, Uncertain

from .books import WHERE_ACCOUNTS, WHERE_CURRENCIES, WHERE_JOURNALS, WHERE_TAXES, Books
from .rpc import Said

_USERS = "Tryton: Administration › Users › Users"
_NEEDED = {
    "account.invoice": ("read", "create", "write", "delete"),
    "account.move": ("read", "create", "write", "delete"),
    "account.move.reconciliation": ("read", "create"),
    "party.party": ("read", "create"),
    "party.address": ("read", "create"),
}
_JOURNALS = {"revenue": "invoices", "cash": "payments", "general": "journals"}


class Wrong(Exception):
    """What is wrong, and where to mend it."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


def look(books: Books) -> list[Check]:
    """Each look by itself; where the server, the module or the company is not there, nothing else is looked at."""
    looks: list[tuple[str, Callable[[Books], str]]] = [
        ("server", _server), ("modules", _modules), ("company", _company), ("rights", _rights), ("accounts", _accounts),
        ("taxes", _taxes), ("period", _period), ("numbers", _numbers), ("journals", _journals), ("currencies", _currencies),
    ]  # fmt: skip
    return list(_seen(books, looks))


def _seen(books: Books, looks: list[tuple[str, Callable[[Books], str]]]) -> Iterator[Check]:
    for name, see in looks:
        try:
            yield Check(name=name, ok=True, words=see(books))
        except (Wrong, Misconfigured, Refused) as error:
            yield Check(name=name, ok=False, words=error.words, fix=error.fix)
            if name in ("server", "modules", "company"):
                return
        except Said as said:
            fix = f"{_USERS}: give ordersync's user the group Accounting."
            yield Check(name=name, ok=False, words=f"Tryton does not let us look: {said.whole}", fix=fix)


def _server(books: Books) -> str:
    try:
        version = books.client.version
    except (Uncertain, Unavailable) as error:
        words = f"{error.words} Tryton is also silent about a database that it cannot open; the connection names “{books.client.database}”."
        raise Wrong(words, "Correct the name of the database, or see that Tryton's server is up.") from error
    if version < (7, 0):
        raise Wrong(f"Tryton {version[0]} is too old.", "Use Tryton 7 or 8.")
    return f"Tryton {'.'.join(map(str, version))} answers and lets us in."


def _modules(books: Books) -> str:
    try:
        books.client("model.account.invoice.search", [], 0, 1, None)
    except (Misconfigured, Said) as error:
        words = "Tryton's module account_invoice is not active in this database, or the user may not use it."
        fix = (
            "Tryton: Administration › Modules › Modules, mark account_invoice, then Perform Pending Activation/Upgrade."
        )
        raise Wrong(words, fix) from error
    return "The module account_invoice is active."


def _company(books: Books) -> str:
    return f"We book for {books.company['rec_name']}, in {books.base}."


def _rights(books: Books) -> str:
    given = books.client("model.ir.model.access.get_access", list(_NEEDED))
    lacking = [f"{what} {name}" for name, rights in _NEEDED.items() for what in rights if not given[name][what]]
    if lacking:
        raise Wrong(
            f"ordersync's user may not {', '.join(lacking)}.", f"{_USERS}: give that user the group Accounting."
        )
    return "The user may write invoices, moves, reconciliations and parties."


def _accounts(books: Books) -> str:
    usable = [account for account in books.accounts.values() if account.receivable and not account.closed]
    if not usable:
        raise Wrong("No account is receivable.", f"Tick Receivable at the type of one ({WHERE_ACCOUNTS}).")
    if loose := [account.code for account in usable if not account.reconcile]:
        words = f"{', '.join(loose)}: receivable, and cannot be reconciled, so nothing there ever becomes paid."
        raise Wrong(words, f"Tick Reconcile at the account ({WHERE_ACCOUNTS}).")
    return f"{len(books.accounts)} accounts, of which {len(usable)} are receivable."


def _taxes(books: Books) -> str:
    if without := [tax.name for tax in books.taxes.values() if not (tax.invoice and tax.credit)]:
        words = f"These taxes lack an account for invoices or for credit notes: {', '.join(without)}."
        raise Wrong(words, f"Enter both ({WHERE_TAXES}).")
    if not books.taxes:
        raise Wrong("There is no tax.", f"Make one for each rate ({WHERE_TAXES}).")
    return f"{len(books.taxes)} taxes."


def _period(books: Books) -> str:
    day = datetime.now(UTC).date()
    books.period(day)
    return f"The period of today ({day}) is open, as are {len(list(books.open_periods())) - 1} others."


def _numbers(books: Books) -> str:
    domain = [["company", "=", books.id], ["state", "=", "open"]]
    names = [
        "name",
        "start_date",
        "end_date",
        "invoice_sequences.out_invoice_sequence",
        "invoice_sequences.out_credit_note_sequence",
    ]
    rows = books.client("model.account.fiscalyear.search_read", domain, 0, None, None, names)
    if lacking := [row["name"] for row in rows if not _numbered(row)]:
        words = f"The fiscal year {', '.join(lacking)} has no sequence for invoices or credit notes of customers."
        raise Wrong(words, "Tryton: Financial › Configuration › Fiscal Years › Fiscal Years, tab Sequences.")
    return f"{len(rows)} fiscal years have their sequences."


def _numbered(year: dict[str, Any]) -> bool:
    rows = year["invoice_sequences."]
    return bool(rows) and all(row["out_invoice_sequence"] and row["out_credit_note_sequence"] for row in rows)


def _journals(books: Books) -> str:
    if lacking := [f"{kind} (for {use})" for kind, use in _JOURNALS.items() if kind not in books.journals]:
        raise Wrong(f"There is no journal of the type {', '.join(lacking)}.", f"Make one ({WHERE_JOURNALS}).")
    return "There are journals for invoices, payments and others."


def _currencies(books: Books) -> str:
    rows = books.client("model.currency.currency.search_read", [], 0, None, None, ["code", "rate"])
    rated = sorted(row["code"] for row in rows if row["rate"])
    if books.base not in rated and len(rows) > 1:
        words = f"{books.base}, the company's own currency, has no rate, so that Tryton cannot reckon any other."
        raise Wrong(words, f"Enter the rate 1 for it, from a day before the first invoice ({WHERE_CURRENCIES}).")
    return f"Today has rates of {', '.join(rated) or 'no currency'}."
