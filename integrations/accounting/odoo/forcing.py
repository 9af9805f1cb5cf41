"""Makes a draft say to the cent what was signed: tax forced first, a rounding line only where there is no tax line to force, then the signed rate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.accounting.odoo import standing
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.standing import Move
from integrations.errors import Refused
from orders import money, outgoing
from orders.outgoing import Adjustment

ROUNDING = "Rounding"


def fit(document: outgoing.Document, move: Move, company: Company) -> Move:
    """The draft as it stands after what had to be written into it. Raises Refused beyond what may be adjusted, and for another receivable account."""
    _receivable(document, move, company)
    _near(document, move, company)
    if missing := _missing(document, move, company):
        extra = money.total(missing.values())
        line = {"name": ROUNDING, "quantity": 1, "price_unit": str(extra), "tax_ids": [[6, 0, []]]}
        account = company.account(document.adjustment_account, f"{document.reference}, rounding")
        _write(move, company, {"invoice_line_ids": [[0, 0, {**line, "account_id": account}]]})
        move = _again(move, company)  # adding a line reckons every tax anew: what is forced is forced last
    if commands := _forced(document, move, company):
        _write(move, company, {"line_ids": commands})
        move = _again(move, company)
    if document.currency != company.currency and not company.dialect.states_rate:
        _write(move, company, {"line_ids": _balances(document, move, company)})
        move = _again(move, company)
    _valued(document, move, company)
    return move


def adjustments(document: outgoing.Document, move: Move, company: Company) -> tuple[Adjustment, ...]:
    """What stands there beside what was signed: tax that Odoo has no line for, and the rounding line that took its place. Raises Refused beyond the limit."""
    there, signed = move.taxes(company), _signed(document)
    off = {code: there.get(code, money.ZERO) - amount for code, amount in signed.items()}
    made = tuple(
        Adjustment(
            account=document.adjustment_account,
            net=-tax,
            tax=tax,
            tax_code=code,
            words=_words(document, code, there.get(code, money.ZERO), signed[code]),
        )
        for code, tax in off.items()
        if tax
    )
    return made if money.total(abs(item.tax) for item in made) <= document.adjustment_limit else ()


def _words(document: outgoing.Document, code: str, there: Decimal, signed: Decimal) -> str:
    return f"{code}: Odoo reckons {there} {document.currency} where {signed} was signed."


def _signed(document: outgoing.Document) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            found[line.tax_code] = found.get(line.tax_code, money.ZERO) + line.tax
    return found


def _receivable(document: outgoing.Document, move: Move, company: Company) -> None:
    due = move.due_line()
    account = company.codes.get(due["account_id"][0], "") if due else document.contra_account
    if account != document.contra_account:
        words = f"{document.reference}: Odoo books this customer on {account}, signed was {document.contra_account}."
        raise Refused(
            words,
            fix=f"Map receivable to {account}, or in Odoo set the customer's Account Receivable to {document.contra_account}.",
            cause=f"theirs:account:{document.contra_account}",
        )


def _near(document: outgoing.Document, move: Move, company: Company) -> None:
    """Odoo's own tax may be off by what rounding explains, line by line, or by what the ledger's cap allows; never by a wrong rate in silence."""
    there, unit = move.taxes(company), money.minor_unit(document.currency)
    signed = _signed(document)
    for code in sorted({*there, *signed}):
        lines = sum(1 for line in document.lines if line.tax_code == code)
        allowed = max(document.adjustment_limit, lines * unit)
        off = abs(there.get(code, money.ZERO) - signed.get(code, money.ZERO))
        if off > allowed:
            figures = f"Odoo reckons {there.get(code, money.ZERO)} {document.currency} of {code}, signed are {signed.get(code, money.ZERO)}"
            words = f"{document.reference}: {figures}, {off} apart; at most {allowed} may come of rounding."
            raise Refused(
                words,
                fix="Map the tax to the code of the right rate, or correct the tax by a named adjustment.",
                cause=f"theirs:tax:{code}",
            )


def _missing(document: outgoing.Document, move: Move, company: Company) -> dict[str, Decimal]:
    """Signed tax for which Odoo has made no line at all, because it reckons nothing. Raises Refused beyond the limit."""
    there = move.taxes(company)
    found = {code: amount for code, amount in _signed(document).items() if amount and code not in there}
    whole = money.total(abs(amount) for amount in found.values())
    if found and (not document.adjustment_account or whole > document.adjustment_limit):
        said = " ".join(_words(document, code, money.ZERO, amount) for code, amount in found.items())
        words = f"{document.reference}: {said} At most {document.adjustment_limit} may be adjusted."
        raise Refused(
            words,
            fix="Raise the ledger's cap, name its adjustment account, or correct the tax by a named adjustment.",
            cause="account:ledger:adjustment",
        )
    return found


def _forced(document: outgoing.Document, move: Move, company: Company) -> list[Any]:
    """Each tax line that says another amount; where a code has several lines, the first takes the difference."""
    signed, there, commands = _signed(document), move.taxes(company), []
    for line in move.lines:
        if line["tax_line_id"]:
            code = company.tax_codes.get(line["tax_line_id"][0], "")
            off = signed.get(code, money.ZERO) - there.get(code, money.ZERO)
            if off:
                amount = standing.exact(line["amount_currency"], move.currency) + move.side * off
                commands.append([1, line["id"], {"amount_currency": amount}])
                there[code] = signed.get(code, money.ZERO)
    return commands


def _balances(document: outgoing.Document, move: Move, company: Company) -> list[Any]:
    """Before 18 a document has no rate of its own: every line's amount in the books' currency is written, and they balance to the cent."""
    due = move.due_line()
    based = {line["id"]: _based(document, line, move, company) for line in move.lines if line is not due}
    if due:
        based[due["id"]] = -money.total(based.values())
    return [[1, id, {"balance": amount}] for id, amount in based.items()]


def _based(document: outgoing.Document, line: Any, move: Move, company: Company) -> Decimal:
    return money.rounded(standing.exact(line["amount_currency"], move.currency) * document.rate, company.currency)


def _valued(document: outgoing.Document, move: Move, company: Company) -> None:
    """The customer's line in the books' currency, as the signed rate makes it; each line may round a cent."""
    due = move.due_line()
    if document.currency == company.currency or due is None:
        return
    there, meant = (
        abs(standing.exact(due["balance"], company.currency)),
        money.rounded(document.gross * document.rate, company.currency),
    )
    if abs(there - meant) > len(move.lines) * money.minor_unit(company.currency):
        words = f"{document.reference}: Odoo values it at {there} {company.currency}, by the signed rate {document.rate} it is {meant}."
        raise Refused(words, fix="Report it, with these words and Odoo's version; book it by hand meanwhile.")


def _write(move: Move, company: Company, values: dict[str, Any]) -> None:
    company.line.call("account.move", "write", [move.row["id"]], vals=values)


def _again(move: Move, company: Company) -> Move:
    return standing.moves(company.line, [move.row["id"]], lines=True)[move.row["id"]]


__all__: Sequence[str] = ["adjustments", "fit"]
