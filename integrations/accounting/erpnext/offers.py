"""What can be chosen in ERPNext: accounts, taxes, where money may lie, and the first items and customers."""

from __future__ import annotations

from integrations.accounting.erpnext.company import LYING, Company
from integrations.accounting.erpnext.names import KEY
from orders import incoming


def choices(company: Company) -> incoming.Choices:
    """Money may lie on whatever is a bank or cash account, and on any other account of assets that no party stands on."""
    rows = company.accounts.items()
    accounts = {
        code: incoming.AccountChoice(
            code=code,
            name=row["account_name"],
            type=row["account_type"] or row["root_type"] or "",
            currency=row["account_currency"] or "",
        )
        for code, row in rows
    }
    lying = [
        code
        for code, row in rows
        if row["account_type"] in LYING or (row["root_type"] == "Asset" and not row["account_type"])
    ]
    codes = [
        incoming.TaxCodeChoice(code=tax.code, name=tax.name, rate=tax.rate, account=tax.account)
        for tax in company.taxes.values()
    ]
    return incoming.Choices(
        accounts=tuple(accounts.values()),
        tax_codes=tuple(codes),
        payment_accounts=tuple(accounts[code] for code in lying),
        items=_some(company, "Item", "item_name", "name"),
        customers=_some(company, "Customer", "customer_name", KEY),
    )


def _some(company: Company, doctype: str, label: str, code: str) -> tuple[incoming.RecordChoice, ...]:
    rows = company.line.find(
        doctype, list({"name": 0, label: 0, code: 0}), [["disabled", "=", 0]], limit=incoming.Choices.most
    )
    return tuple(incoming.RecordChoice(id=row["name"], name=row[label] or "", code=row[code] or "") for row in rows)
