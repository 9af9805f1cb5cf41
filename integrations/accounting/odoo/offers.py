"""What can be chosen in Odoo: accounts, taxes, where money may lie, and the first items and customers."""

from __future__ import annotations

from typing import Any

from integrations.accounting.odoo.company import LYING, Company
from orders import incoming


def choices(company: Company) -> incoming.Choices:
    """Taxes that are part of the price are left out: ordersync signs net amounts."""
    rows = company.accounts.items()
    accounts = {
        code: incoming.AccountChoice(code=code, name=row["name"], type=row["account_type"]) for code, row in rows
    }
    lying = tuple(accounts[code] for code, row in rows if row["account_type"] in LYING)
    codes = tuple(
        incoming.TaxCodeChoice(code=tax.code, name=tax.name, rate=tax.rate, account=tax.account)
        for tax in company.taxes.values()
        if not tax.included
    )
    return incoming.Choices(
        accounts=tuple(accounts.values()),
        tax_codes=codes,
        payment_accounts=lying,
        items=_some(company, "product.product", "default_code", []),
        customers=_some(company, "res.partner", "ref", [["parent_id", "=", False]]),
    )


def _some(company: Company, model: str, code: str, domain: list[Any]) -> tuple[incoming.RecordChoice, ...]:
    rows = company.line.call(model, "search_read", domain=domain, fields=["name", code], limit=incoming.Choices.most)
    return tuple(incoming.RecordChoice(id=str(row["id"]), name=row["name"] or "", code=row[code] or "") for row in rows)
