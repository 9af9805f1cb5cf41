"""Reads Shopify Payments' list of transactions: the movements of each payout, with the fee of each.

Source: the header of the file that Finances, Payouts, Export, "transactions" writes, as public importers keep it with rows (18 or 19 columns; older ones lack
Payout ID, Presentment Amount, VAT); meanings: https://help.shopify.com/en/manual/payments/shopify-payments/payouts, and the Admin API's balance transactions.
The list names orders and no payment, and states no deposit: the deposit is the sum of its own net amounts. The words for disputes are those of the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar

from integrations import registry
from integrations.formats import cells, tables
from integrations.formats.cells import Cells
from integrations.formats.node import Unclear
from integrations.stores import base
from orders import incoming, money

_MARKS = {"transactiondate", "type", "order", "amount", "fee", "net"}
_REQUIRED = ("Type", "Order", "Payout Status", "Payout Date", "Payout ID", "Amount", "Fee", "Net")
_SUMMARY = {"payoutdate", "charges", "refunds", "fees", "total"}
_DISPUTES = {"chargeback", "dispute", "chargebackhold", "chargebackwon"}
_TRANSFERS = {"payout", "transfer"}
GATEWAY = "shopify_payments"


@registry.layout
class PayoutsCsv:
    """Finances, Payouts, Export transactions."""

    name: ClassVar[str] = "shopify-payouts-csv"
    fidelity: ClassVar[incoming.Fidelity] = incoming.FILE

    def recognises(self, head: bytes, file_name: str) -> bool:
        """True for the list of transactions. Raises Unreadable for one without the payouts' ids, and for the summary of payouts, which names no movement."""
        titles = tables.titles(head)
        names = set(map(tables.normal, titles))
        if names >= _SUMMARY and "type" not in names:
            raise base.Unreadable(
                "This looks like Shopify's summary of payouts: it names neither the payouts' ids nor their payments, so that none can be told from another. "
                "In Shopify choose Finances, Payouts, Export, and there the transactions."
            )
        if not names >= _MARKS:
            return False
        if missing := cells.Sheet(titles, base.Setting(currency="", time_zone="UTC")).missing(*_REQUIRED):
            raise base.Unreadable(
                f"This looks like Shopify's list of transactions; missing columns: {', '.join(missing)}. Without them its payouts cannot be told apart. "
                "Export the transactions again in Shopify (Finances, Payouts) and bring that file in as it is."
            )
        return True

    def read(self, stream: BinaryIO, setting: base.Setting) -> Iterator[incoming.Record]:
        """One record per payout that reached the bank; what is still to be paid comes with a later list. Raises Unreadable."""
        sheet, found = cells.opened(stream, setting)
        for rows in tables.grouped(found, sheet.names.index("payoutid")):
            try:
                movements = [sheet.row(row) for row in rows]
                if _is_paid(movements[0]):
                    yield _payout(movements, setting.currency)
            except Unclear as unclear:
                number = dict(zip(sheet.names, rows[0].cells, strict=False)).get("payoutid", "").strip()
                yield cells.refusal(sheet, rows, unclear, "payout", number)


def _is_paid(row: Cells) -> bool:
    return bool(row.text("payoutid")) and row.text("payoutstatus").lower() == "paid"


def _payout(rows: Sequence[Cells], currency: str) -> incoming.Payout:
    """The payout in its rows. Raises Unclear."""
    paid_on = rows[0].day("payoutdate")
    if paid_on is None:
        raise Unclear(rows[0].title("payoutdate"), "", "It is not known when the payout was made.", rows[0].found.line)
    lines = [_line(row) for row in rows if tables.normal(row.text("type")) not in _TRANSFERS]
    currencies = {row.text("currency").upper() for row in rows} - {""}
    if len(currencies) > 1:
        fix = "The rows of one payout are in several currencies. Export the transactions again."
        raise Unclear(rows[0].title("currency"), ", ".join(sorted(currencies)), fix, rows[0].found.line)
    return incoming.Payout(
        id=rows[0].text("payoutid"),
        currency=next(iter(currencies), currency),
        amount=money.total(line.amount - line.fee for line in lines),
        paid_on=paid_on,
        gateway=GATEWAY,
        lines=tuple(lines),
    )


def _line(row: Cells) -> incoming.PayoutLine:
    amount, fee, net = row.required("amount"), row.sum("fee"), row.amount("net")
    if net is not None and net != amount - fee:
        fix = f"Amount less fee make {amount - fee}. Export the transactions again."
        raise Unclear(row.title("net"), row.text("net"), fix, row.found.line)
    kind = tables.normal(row.text("type"))
    if kind in _DISPUTES:
        kind = "reversal" if amount > 0 else "chargeback"
    elif kind not in {"charge", "refund"}:
        kind = "_".join(row.text("type").lower().split())[:20] or "adjustment"
    return incoming.PayoutLine(kind=kind, amount=amount, fee=fee, order_number=row.text("order"))
