"""How a document is named: its key for ever, its revision, and the short reference that a ledger shows."""

from __future__ import annotations

import base64
import hashlib
import re

from orders.models import Order, Payout

LONGEST = 21  # QuickBooks Online's DocNumber


def key(order: Order, kind: str, source: str) -> str:
    """`shop:order:ID:kind:source`; the store's id, or the number where the store has none."""
    return f"{order.shop.code}:order:{order.store_id or order.number}:{kind}:{source}"


def payout_key(payout: Payout, kind: str, source: str) -> str:
    """`shop:payout:ID:kind:source`; the source is 1 for the payout's own journal, r1 for what takes its first revision back."""
    return f"{payout.shop.code}:payout:{payout.store_id}:{kind}:{source}"


def reference(prefix: str, number: str, key: str, serial: int, revision: int) -> str:
    """Prefix, number, serial (from the second on) and revision (from the second on), or the hashed form if that is too long."""
    return _short(prefix, number, serial, revision) or hashed(prefix, key, revision)


def likely(prefix: str, number: str) -> list[str]:
    """The short references that an order's documents nearly always get: those of the first documents of a kind, and of their first revisions."""
    texts = (_short(prefix, number, serial, revision) for serial in range(1, 7) for revision in range(1, 4))
    return [text for text in texts if text]


def _short(prefix: str, number: str, serial: int, revision: int) -> str:
    """Empty where it is too long, or the number has nothing that a reference may carry."""
    plain = re.sub(r"[^A-Za-z0-9-]", "", number)
    text = f"{prefix}{plain}" + (f"-{serial}" if serial > 1 else "") + (f"r{revision}" if revision > 1 else "")
    return text if plain and len(text) <= LONGEST else ""


def hashed(prefix: str, key: str, revision: int) -> str:
    """The prefix and the first 12 base32 characters of the SHA-256 of key and revision: for long numbers and for those that another order holds."""
    return prefix + base64.b32encode(hashlib.sha256(f"{key}:{revision}".encode()).digest())[:12].decode()
