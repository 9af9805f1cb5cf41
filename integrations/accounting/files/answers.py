"""Reads what the accountant brings back: our own acknowledgement, one row a document, its columns known by their names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from integrations.accounting.files.records import Answer, Illegible
from integrations.formats.tables import encoding, normal
from orders.outgoing import DocumentKind

TITLES = ("reference", "kind", "number", "state", "total")
MOST_BYTES, MOST_ROWS = 5 * 1024 * 1024, 20_000
_FIGURE = re.compile(r"[+-]?\d{1,13}(\.\d{1,6})?", re.ASCII)  # what an amount's column in the database can hold
_COLUMNS = {
    "reference": ("reference", "ourreference", "ref"),
    "kind": ("kind", "type"),
    "number": ("number", "invoicenumber", "invoiceno", "theirnumber", "docnumber", "id"),
    "state": ("state", "status"),
    "total": ("total", "gross", "amount"),
    "tax": ("tax", "taxtotal"),
    "balance": ("balance", "due", "amountdue"),
    "why": ("why", "reason", "error", "message"),
}
_STATES = {
    "open": ("", "open", "ok", "imported", "booked", "posted", "yes", "awaitingpayment", "unpaid", "authorised", "submitted"),
    "paid": ("paid", "inpayment", "closed"),
    "draft": ("draft", "awaitingapproval"),
    "voided": ("void", "voided", "cancelled", "canceled"),
    "deleted": ("deleted",),
    "refused": ("refused", "rejected", "failed", "error", "no", "notimported"),
}  # fmt: skip
_STATE = {word: state for state, words in _STATES.items() for word in words}
_KINDS = {normal(str(name)): kind.value for kind in DocumentKind for name in (kind.value, kind.label)}


def read(content: bytes) -> Iterator[Answer | Illegible]:
    """Every row as an Answer, or as the sentence why it is none. Raises Illegible for a file that is none at all."""
    titles, rows = table(content)
    places = _places(titles)
    if "reference" not in places:
        expected = ", ".join(TITLES)
        raise Illegible(
            f"The first row has no column “reference”. It should name: {expected}; only the first is needed."
        )
    for number, cells in rows:
        said = {name: cells[at].strip() for name, at in places.items() if at < len(cells)}
        try:
            yield _answer(number, said)
        except Illegible as row:
            yield row


def table(content: bytes) -> tuple[Sequence[str], list[tuple[int, list[str]]]]:
    """Titles and numbered rows of a CSV in any usual encoding, with commas, semicolons or tabs, in bounds. Raises Illegible."""
    if len(content) > MOST_BYTES:
        raise Illegible(
            f"The file has {len(content) // 1024 // 1024} MB; an acknowledgement has at most 5. Bring it in parts."
        )
    if not content.strip() or b"\x00" in content[:1024]:
        raise Illegible("This is no table of text. Save the acknowledgement as CSV (UTF-8) and bring that file.")
    text = content.decode(encoding(content), "replace").replace("\x00", "")  # which PostgreSQL cannot keep
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Illegible(f"The table breaks off or has an open quote ({error}). Save it as CSV again.") from error
    if len(found) > MOST_ROWS:
        raise Illegible(f"The file has {len(found)} rows; at most {MOST_ROWS} are read at once. Bring it in parts.")
    return (found[0][1], found[1:]) if found else ([], [])


def figure(text: str, row: int, column: str) -> Decimal | None:
    """A number with a decimal point, "" as None. Raises Illegible for one that could be read in two ways."""
    if not text:
        return None
    if not _FIGURE.fullmatch(text):
        raise Illegible(
            f"Row {row}, {column}: “{text[:40]}” is not a number such as 1234.50. Write it without thousands and with a point."
        )
    return Decimal(text)


def state_of(text: str, row: int) -> str:
    """Our word for theirs. Raises Illegible, naming those that are known."""
    state = _STATE.get(normal(text))
    if state is None:
        known = ", ".join(words[1] if words[0] == "" else words[0] for words in _STATES.values())
        raise Illegible(f"Row {row}, state: “{text}” is not known. Write one of {known}.")
    return state


def _places(titles: Sequence[str]) -> dict[str, int]:
    named = [normal(title) for title in titles]
    return {
        name: next(named.index(word) for word in words if word in named)
        for name, words in _COLUMNS.items()
        if any(word in named for word in words)
    }


def _answer(row: int, said: Mapping[str, str]) -> Answer:
    if not said.get("reference"):
        raise Illegible(f"Row {row} names no reference. Copy it from the file that was handed out.")
    kind = said.get("kind", "")
    if kind and normal(kind) not in _KINDS:
        raise Illegible(
            f"Row {row}, kind: “{kind}” is not one of {', '.join(DocumentKind.values)}. Correct it or leave it empty."
        )
    return Answer(
        reference=said["reference"].removeprefix("'"),
        kind=_KINDS.get(normal(kind), ""),
        number=said.get("number", "").removeprefix("'")[:100],
        state=state_of(said.get("state", ""), row),
        why=said.get("why", "")[:400],
        row=row,
        **{name: figure(said.get(name, ""), row, name) for name in ("total", "tax", "balance")},
    )
