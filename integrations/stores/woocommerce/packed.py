"""Unpacks what WooCommerce's export plugins press into one cell: `key:value|key:value;key:value|…`, and PHP's serialized arrays of taxes.

Source: Customer/Order CSV Export 3 to 5 (class-wc-customer-order-csv-export-generator.php: \\: \\| \\; escape what separates) and Order Export & Order Import
by WebToffee (export.php: nothing is escaped, so that only the keys it writes are taken for keys).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEYS = (
    "id", "name", "title", "product_id", "sku", "quantity", "subtotal", "sub_total", "subtotal_tax", "total", "total_tax", "tax", "tax_data", "tax_total",
    "tax_subtotal", "refunded", "refunded_qty", "meta", "method", "method_id", "method_title", "tax_class", "taxable", "rate_id", "code", "compound", "label",
    "tax_rate_compound", "shipping_tax_amount", "rate_percent", "amount", "description", "reason", "date", "items", "item", "value", "taxes", "_variation_id",
    "giftcard-name", "giftcard-id", "used_balance", "available_balance", "gift_card_expires",
)  # fmt: skip
_KEY = rf"(?:{'|'.join(sorted(map(re.escape, _KEYS), key=len, reverse=True))}|meta:[^:|;]+)"
_PAIRS = re.compile(rf"(?<!\\)\|(?={_KEY}:)")
_ESCAPED = re.compile(r"\\([:|;])")
_TOTAL = re.compile(r's:5:"total";a:\d+:\{(.*?)\}', re.DOTALL)
_SHARE = re.compile(r'i:(\d+);(?:s:\d+:"([^"]*)"|d:([^;]+)|i:(-?\d+));')


def items(text: str) -> list[dict[str, str]]:
    """The items in a cell, in their order; [] for an empty one. Each begins with the key that the first begins with."""
    first = re.match(rf"\s*({_KEY}):", text)
    if not first:
        return []
    parts = re.split(rf"(?<!\\);(?=\s*{re.escape(first[1])}:)", text)
    return [dict(_pairs(part.strip())) for part in parts]


def _pairs(part: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIRS.split(part):
        key, _colon, value = pair.partition(":")
        yield key, _ESCAPED.sub(r"\1", value)


def taxes(text: str) -> list[tuple[str, str]]:
    """Rate ids and amounts in a serialized PHP array of a line's taxes (`a:2:{s:5:"total";a:1:{i:1;s:4:"1.44";}…}`); [] where it is none."""
    found = _TOTAL.search(text)
    return [(share[1], share[2] or share[3] or share[4] or "0") for share in _SHARE.finditer(found[1])] if found else []
