"""What a Beancount ledger cannot take, said in words before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from beancount.core import account as accounts

from integrations.errors import Refused
from orders import money, outgoing

from . import entry

ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")


def examine(document: outgoing.Document) -> None:
    """Raises Refused unless the document can be written as signed: names, accounts, exact amounts, a sum of zero."""
    _names(document)
    for account, place, root in _accounts(document):
        _account(account, place, root)
    _amounts(document)
    _sums(document)


def _names(document: outgoing.Document) -> None:
    for name, value in (("key", document.key), ("reference", document.reference), ("hash", document.hash)):
        if not value or entry.cleaned(value) != value:
            words = f"The document's {name} “{value}” is empty or has signs that a ledger file cannot keep."
            raise Refused(words, fix="Correct the shop's code or the order's id, and sign the document anew.")
    for currency in (document.currency, document.base_currency):
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise Refused(f"“{currency}” is not a currency code.", fix="Use three capital letters, such as EUR.")
    if document.rate <= 0:
        words = f"The rate of {document.currency} to {document.base_currency} is {document.rate}."
        raise Refused(words, fix="Enter a rate above zero.", cause=f"rate:{document.currency}")


def _accounts(document: outgoing.Document) -> Iterator[tuple[str, str, str]]:
    yield document.contra_account, "the other side of the whole document", "Assets"
    for line in document.lines:
        yield line.account, f"line {line.n} ({line.kind}: {line.text})", "Income"
        if line.tax:
            yield line.tax_account, f"the tax “{line.tax_code}” of line {line.n}", "Liabilities"


def _account(account: str, place: str, root: str) -> None:
    if not account:
        raise Refused(
            f"There is no account for {place}.", fix="Map it to an account of the ledger.", cause="theirs:account:"
        )
    if not accounts.is_valid(account) or account.split(":", 1)[0] not in ROOTS:
        first = f"{', '.join(ROOTS[:-1])} or {ROOTS[-1]}"
        raise Refused(
            f"“{account}”, the account for {place}, is not the name of a Beancount account.",
            fix=f"Map it to one such as {suggestion(account, root)}; its first word is {first}.",
            cause=f"theirs:account:{account}",
        )


def suggestion(account: str, root: str) -> str:
    """The nearest valid account name: "1200 Receivables" becomes Assets:1200-Receivables."""
    words = [re.sub(r"[\W_]+", "-", part).strip("-") for part in account.split(":")]
    words = [word[0].upper() + word[1:] for word in words if word]
    return ":".join(words if words and words[0] in ROOTS and words[1:] else [root, *(words or ["Name"])])


def _amounts(document: outgoing.Document) -> None:
    for posting in outgoing.postings(document):
        if not money.is_exact(posting.amount, document.currency):
            decimals = money.exponent(document.currency)
            raise Refused(
                f"{posting.amount} {document.currency} on {posting.account} has more than {decimals} decimals.",
                fix="Correct the amount by a named adjustment and approve again.",
                cause="amounts:",
            )


def _sums(document: outgoing.Document) -> None:
    stated = {"net": document.net, "tax": document.tax, "gross": document.gross}
    net = money.total(line.net for line in document.lines)
    tax = money.total(line.tax for line in document.lines)
    found: dict[str, Decimal] = {"net": net, "tax": tax, "gross": net + tax}
    for name, amount in stated.items():
        if found[name] != amount:
            raise Refused(
                f"The lines' {name} is {found[name]} {document.currency}, the document's is {amount}: "
                f"debit and credit would differ by {found[name] - amount}.",
                fix="Name the difference by an adjustment line and approve again.",
                cause="amounts:",
            )
