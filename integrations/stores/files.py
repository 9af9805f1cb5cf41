"""Finds the reader that a store's file needs, or says in words what the file is and what to do instead."""

from __future__ import annotations

from itertools import groupby
from typing import IO, cast

from integrations import registry
from integrations.formats import elements, tables
from integrations.stores.base import Reader, Unreadable

_BINARY = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel workbook (XLS), or one with a password",
        "Save it as XLSX without a password, or as CSV, and bring that in.",
    ),
    (b"%PDF", "a PDF", "Export the orders from the store as CSV or JSON."),
    (b"\x1f\x8b", "a compressed file", "Unpack it and import what is inside."),
    (b"Rar!", "a compressed file", "Unpack it and import what is inside."),
    (b"7z\xbc\xaf", "a compressed file", "Unpack it and import what is inside."),
)

MAKERS = {"woocommerce": "WooCommerce", "shopify": "Shopify", "ordersync": "our own sheets"}


def reader(stream: IO[bytes], file_name: str = "", layout: str | None = None) -> Reader:
    """The reader of a file at its beginning, where it is left: named by `layout`, else found by what the file begins with.

    Raises Unreadable: what the file looks like and what to do instead, or the layouts there are.
    """
    if layout:
        return named(layout)
    return _recognised(tables.head(stream), file_name)


def named(layout: str) -> Reader:
    """The reader of that name. Raises Unreadable, naming those there are."""
    known = _readers()
    if layout not in known:
        raise Unreadable(f"There is no layout “{layout}”. Choose one of: {', '.join(known)}.")
    return known[layout]


def _recognised(head: bytes, file_name: str) -> Reader:
    for found in _readers().values():
        if found.recognises(head, file_name):
            return found
    raise Unreadable(f"{_what(head)} Files that can be read: {'; '.join(_known())}.")


def titled(layout: str) -> str:
    """A layout's name for people: "shopify-orders-csv" is Shopify: orders (CSV)."""
    store, what, form = _parts(layout)
    return f"{store}: {what}{f' ({form})' if form else ''}" if what else layout


def _parts(layout: str) -> tuple[str, str, str]:
    """Whose layout it is, what it holds, in which form: ("Shopify", "orders", "CSV")."""
    store, *what = layout.split("-")
    form = what.pop().upper() if what and what[-1] in ("csv", "json") else ""
    return MAKERS.get(store, store.title()), " ".join(what), form


def _known() -> list[str]:
    """What can be read, in words, by whose it is."""
    made = sorted(_parts(layout) for layout in _readers())
    return [
        f"{maker} ({', '.join(dict.fromkeys(what for _maker, what, _form in parts))})"
        for maker, parts in groupby(made, key=lambda part: part[0])
    ]


def _readers() -> dict[str, Reader]:
    return {name: cast(Reader, found()) for name, found in registry.layouts().items()}


def _what(head: bytes) -> str:
    if not head.strip():
        return "The file is empty."
    for mark, what, fix in _BINARY:
        if head.startswith(mark):
            return f"This looks like {what}. {fix}"
    outline = elements.outline(head)
    if outline is not None:
        return _what_json(outline)
    if titles := tables.titles(head):
        return f"This is a table whose layout is not known; its columns are: {', '.join(titles[:12])}{' …' if len(titles) > 12 else ''}."
    if head.lstrip()[:1] == b"<":
        return "This looks like a web page: the store probably answered with a log-in form or an error. Export the orders again."
    return "This is neither a table (CSV) nor JSON."


def _what_json(outline: elements.Outline) -> str:
    keys = sorted(outline.record("data"))
    if not keys or keys == ["data"]:
        return "This JSON file holds no records."
    return f"This is JSON, but of no known store's orders; it holds: {', '.join(keys[:12])}{' …' if len(keys) > 12 else ''}."
