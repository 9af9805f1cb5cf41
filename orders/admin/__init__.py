"""The desk: the stock Django admin with a thin skin, grouped by task; it holds no logic of its own."""

from __future__ import annotations

from orders.admin import books, catalog, exports, imports, people, sales, shops, templates

__all__ = ["books", "catalog", "exports", "imports", "people", "sales", "shops", "templates"]
