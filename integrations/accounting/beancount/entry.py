"""A signed document as one Beancount transaction, and such a transaction read back.

Source of the format: the Beancount language syntax, version 3. Every amount is written in its currency's full exponent;
none is left to be inferred.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from beancount.core.amount import Amount
from beancount.core.data import Transaction
from beancount.parser import parser

from orders import incoming, money, outgoing
from orders.money import ZERO

Value = str | int | Decimal | date | Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One transaction of ours as it stands in a file.

    `net`, `tax` and `gross` are positive in the natural direction of its kind, `contra` where it is a debit.
    """

    key: str
    revision: int
    hash: str
    kind: str
    reference: str
    number: str
    currency: str
    posting_on: date
    due_on: date | None
    applies_to: str
    contra_account: str
    contra: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    taxes: tuple[tuple[str, Decimal], ...]


class Illegible(ValueError):
    """The text is not one whole transaction of ours; the message says why."""


def write(document: outgoing.Document) -> str:
    """The transaction, one line each, ending in a newline. The document must have passed `refusals.examine`."""
    lines = [_head(document), *_metadata(_facts(document), "  ")]
    by_number = {line.n: line for line in document.lines}
    for posting in outgoing.postings(document):
        lines.append(f"  {posting.account}  {_amount(posting.amount, document)}{_price(document)}")
        line = by_number[posting.line] if posting.line is not None else None
        lines += _metadata(_posting_facts(line, posting, document), "    ")
    return "\n".join(lines) + "\n"


def read(text: str) -> Entry:
    """What a transaction of ours says. Raises Illegible if the text is not exactly one, or not whole."""
    entries, errors, _options = parser.parse_string(text)
    if errors or len(entries) != 1 or not isinstance(entries[0], Transaction):
        raise Illegible(errors[0].message if errors else "it is not one transaction")
    try:
        return _entry(entries[0])
    except (KeyError, StopIteration, TypeError, AttributeError) as error:
        raise Illegible(f"something of it is missing or of another type: {error}") from error


def taxes(document: outgoing.Document) -> dict[str, Decimal]:
    """The document's tax by code, as `read` gives it back."""
    found: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            code = cleaned(line.tax_code)
            found[code] = found.get(code, ZERO) + line.tax
    return found


def cleaned(text: str) -> str:
    """The text as a ledger file can keep it: one line, single spaces, no control characters."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable() or sign == "\u200d")


def quoted(text: str) -> str:
    """A Beancount string: cleaned, quotes and backslashes escaped."""
    return '"' + cleaned(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _head(document: outgoing.Document) -> str:
    payee = document.party.company or document.party.name
    order = [f"order-{_word(document.order_number)}"] if document.order_number else []
    names = [_word(name) for name in (document.reference, document.applies_to) if name]
    links = dict.fromkeys(f"^{name}" for name in [*names, *order])
    tags = ["#ordersync", f"#{_word(document.kind)}", *([f"#shop-{_word(document.shop)}"] if document.shop else [])]
    return " ".join([document.posting_on.isoformat(), "*", quoted(payee), quoted(_narration(document)), *links, *tags])


def _narration(document: outgoing.Document) -> str:
    kind = str(document.kind).replace("_", " ").capitalize()
    order = f" for order {document.order_number}" if document.order_number else ""
    return f"{kind} {document.number or document.reference}{order}" + (f": {document.memo}" if document.memo else "")


def _facts(document: outgoing.Document) -> dict[str, Value]:
    party = document.party
    foreign = document.currency != document.base_currency
    return {
        "ordersync-key": document.key,
        "ordersync-revision": document.revision,
        "ordersync-hash": document.hash,
        "ordersync-kind": str(document.kind),
        "reference": document.reference,
        "number": document.number,
        "order": document.order_number,
        "shop": document.shop,
        "applies-to": document.applies_to,
        "issued": document.issued_on,
        "tax-point": document.tax_on,
        "due": document.due_on,
        "customer": party.id,
        "vat-id": party.vat_id,
        "country": party.billing.country if party.billing else "",
        "rate-source": document.rate_source if foreign else "",
        **_dimensions(document.dimensions),
    }


def _posting_facts(
    line: outgoing.Line | None, posting: outgoing.Posting, document: outgoing.Document
) -> dict[str, Value]:
    if line is None:
        return {"kind": posting.kind}
    if posting.kind == "tax":
        base = None if line.base is None else Amount(line.base, document.currency)
        return {"kind": "tax", "line": line.n, "tax-code": line.tax_code, "rate": line.tax_rate, "base": base}
    return {
        "kind": line.kind,
        "line": line.n,
        "text": line.text,
        "sku": line.sku,
        "item": line.item,
        "qty": line.quantity,
        "tax-code": line.tax_code,
        "credits": line.credits,
        **_dimensions(line.dimensions),
    }


def _dimensions(pairs: tuple[tuple[str, str], ...]) -> dict[str, Value]:
    """`channel: web` becomes `dim-channel: "web"`; names that become the same one share it, so that nothing is lost."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        found["dim-" + re.sub(r"[^a-z0-9_-]", "-", name.lower())].append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def _metadata(facts: dict[str, Value], indent: str) -> Iterator[str]:
    for name, value in facts.items():
        if value is not None and value != "":
            yield f"{indent}{name}: {_value(value)}"


def _value(value: Value) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Amount):
        return f"{_plain(value.number or ZERO)} {value.currency}"
    return value.isoformat() if isinstance(value, date) else _plain(Decimal(value or 0))


def _amount(amount: Decimal, document: outgoing.Document) -> str:
    return f"{amount + ZERO:.{money.exponent(document.currency)}f} {document.currency}"


def _price(document: outgoing.Document) -> str:
    return "" if document.currency == document.base_currency else f" @ {_plain(document.rate)} {document.base_currency}"


def _plain(number: Decimal) -> str:
    return str(incoming.plain(number))


def _word(text: str) -> str:
    """Links and tags allow letters, digits and -_/. only."""
    return re.sub(r"[^A-Za-z0-9\-_/.]+", "-", text).strip("-") or "-"


def _entry(found: Transaction) -> Entry:
    meta: dict[str, Any] = found.meta
    side = outgoing.LINE_SIDE[meta["ordersync-kind"]]
    rows = list(_rows(found))
    contra = next(row for row in rows if row.kind == "contra")
    taxes: dict[str, Decimal] = {}
    for row in rows:
        if row.kind == "tax":
            taxes[row.tax_code] = taxes.get(row.tax_code, ZERO) + side * row.amount
    gross, tax = -side * contra.amount + ZERO, money.total(taxes.values())
    return Entry(
        key=meta["ordersync-key"],
        revision=int(meta["ordersync-revision"]),
        hash=meta["ordersync-hash"],
        kind=meta["ordersync-kind"],
        reference=meta["reference"],
        number=meta.get("number", ""),
        currency=_currency(found),
        posting_on=found.date,
        due_on=meta.get("due"),
        applies_to=meta.get("applies-to", ""),
        contra_account=contra.account,
        contra=contra.amount,
        net=gross - tax,
        tax=tax,
        gross=gross,
        taxes=tuple(taxes.items()),
    )


def _rows(found: Transaction) -> Iterator[outgoing.Posting]:
    """Its postings; raises Illegible unless they sum to exactly zero."""
    total = ZERO
    for posting in found.postings:
        meta: dict[str, Any] = posting.meta or {}
        if posting.units is None or posting.units.number is None:
            raise Illegible(f"{posting.account} has no amount")
        total += posting.units.number
        yield outgoing.Posting(
            account=posting.account,
            amount=posting.units.number,
            kind=meta.get("kind", ""),
            tax_code=meta.get("tax-code", ""),
        )
    if total:
        raise Illegible(f"its postings sum to {total}")


def _currency(found: Transaction) -> str:
    currencies = {posting.units.currency for posting in found.postings if posting.units is not None}
    if len(currencies) != 1:
        raise Illegible(f"its postings are in {len(currencies)} currencies")
    return str(currencies.pop())
