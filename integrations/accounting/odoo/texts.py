"""Names of ours in Odoo: external ids that are the same for ever, and texts without what its database cannot keep."""

from __future__ import annotations

import re
import unicodedata
import uuid

from orders import outgoing

MODULE = "ordersync"


def of(document: outgoing.Document) -> str:
    """The document's external id: its kind and reference for people, and a digest of ledger, key and revision that makes it the only one."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"ordersync:{document.ledger}:{document.key}:{document.revision}").hex[:20]
    return f"{MODULE}.{document.kind}_{re.sub(r'[^A-Za-z0-9]+', '-', document.reference)}_{own}"


def external(noun: str, name: str) -> str:
    """The external id of a customer or an item."""
    return f"{MODULE}.{noun}_{uuid.uuid5(uuid.NAMESPACE_URL, f'ordersync:{noun}:{name}').hex[:20]}"


def plain(text: str) -> str:
    """On one line and without control signs."""
    return " ".join("".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in text).split())
