"""Names of ours in ERPNext: a key that is the same for ever, the note that holds the hash, and texts without what its fields cannot keep."""

from __future__ import annotations

import re
import unicodedata
import uuid
from decimal import Decimal

from orders import outgoing

KEY = "ordersync_key"
"""The unique custom field on every DocType that we write: all that keeps a second one away."""
DATA = 140  # signs of a field of the type Data


def of(document: outgoing.Document) -> str:
    """The document's key: its kind, for who reads many, and a digest of ledger, key and revision that makes it the only one."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"ordersync:{document.ledger}:{document.key}:{document.revision}").hex
    return f"{document.kind}:{own}"


def ours(document: outgoing.Document) -> str:
    """Our reference for the document's customer, which a customer made by us carries in the key's field."""
    name = document.known.ours or document.party.id or f"{document.shop}:{document.order_number}"
    return name if len(name) <= DATA else uuid.uuid5(uuid.NAMESPACE_URL, f"ordersync:customer:{name}").hex


def note(document: outgoing.Document, books: str = "") -> str:
    """What stands under the document for people and for us: its amount, what that is in the `books`, and the issue date, for ERPNext has one date."""
    issued = "" if document.issued_on == document.posting_on else f", issued on {document.issued_on}"
    money = f"{document.gross} {document.currency}" + (f" ({books} in the books)" if books else "")
    return (
        f"ordersync {document.reference}, order {plain(document.order_number)}{issued}, {money}, hash {document.hash}"
    )


def noted_money(text: str) -> tuple[Decimal, str, Decimal] | None:
    """Amount and currency of a note and what they were in the books; None where the note tells none."""
    found = re.findall(r", ([0-9.]+) ([A-Z]{3}) \(([0-9.]+) [A-Z]{3} in the books\), hash ", text or "")
    return (Decimal(found[-1][0]), found[-1][1], Decimal(found[-1][2])) if found else None


def noted_hash(text: str) -> str:
    """The hash in a note; empty where somebody took it away."""
    found = re.findall(r", hash ([0-9a-f]+)", text or "")
    return str(found[-1]) if found else ""


def plain(text: str, longest: int = DATA) -> str:
    """On one line, without control signs and without what Frappe takes for tags."""
    kept = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cf", "Cs") else " " for sign in text)
    return " ".join(kept.replace("<", "‹").replace(">", "›").split())[:longest]
