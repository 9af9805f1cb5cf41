"""What differs between Odoo 17, 18 and 19, found out by asking which fields there are."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.accounting.odoo.line import Line

LOCKS = ("period_lock_date", "sale_lock_date", "fiscalyear_lock_date", "hard_lock_date")
TAX_LOCK = "tax_lock_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`memo`: the payment's field for our reference. `states_rate`: a document carries its own rate. `locks`: the company's lock dates for sales."""

    memo: str
    states_rate: bool
    locks: tuple[str, ...]


def ask(line: Line) -> Dialect:
    """Three small calls; a field that is not there is simply absent from the answer."""
    payment = _fields(line, "account.payment", "memo", "ref")
    move = _fields(line, "account.move", "invoice_currency_rate")
    company = _fields(line, "res.company", *LOCKS, TAX_LOCK)
    return Dialect(
        memo="memo" if "memo" in payment else "ref",
        states_rate="invoice_currency_rate" in move,
        locks=tuple(name for name in LOCKS if name in company),
    )


def _fields(line: Line, model: str, *names: str) -> set[str]:
    return set(line.call(model, "fields_get", allfields=list(names), attributes=["type", "searchable"]))
