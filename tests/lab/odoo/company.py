"""The company in the lying Odoo: its accounts, taxes, journals, currencies, and the user that ordersync is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tests.lab.odoo.tables import Row, Tables

CODES = {  # code: name, type
    "121000": ("Account Receivable", "asset_receivable"),
    "101401": ("Bank", "asset_cash"),
    "101403": ("Card clearing", "asset_current"),
    "400000": ("Product Sales", "income"),
    "400100": ("Shipping", "income"),
    "400200": ("Discounts", "income"),
    "211000": ("Deposits", "liability_current"),
    "212000": ("Tips", "liability_current"),
    "251000": ("Tax received 19 %", "liability_current"),
    "251100": ("City tax", "liability_current"),
    "600000": ("Fees", "expense"),
    "600100": ("Rounding", "expense"),
}
RIGHTS = ("account.group_account_invoice", "base.group_partner_manager")


def found(tables: Tables, serie: int, rounding: str) -> SimpleNamespace:
    """A company in EUR that sells with 19 % and a city tax; the ids that tests ask for."""
    add, ids = tables.add, {}
    money = {name: add("res.currency", name=name, active=name != "SEK") for name in ("EUR", "USD", "JPY", "KWD", "SEK")}
    for name, rate in (("USD", "1.10"), ("JPY", "163.93"), ("KWD", "0.334")):
        add("res.currency.rate", currency_id=money[name], name=date(2025, 1, 1), rate=rate)
    locks = ["fiscalyear_lock_date", "tax_lock_date"]
    locks += ["period_lock_date"] if serie < 18 else ["sale_lock_date", "purchase_lock_date", "hard_lock_date"]
    company = tables.get(
        "res.company",
        add(
            "res.company",
            name="Doe Books",
            currency_id=money["EUR"],
            tax_calculation_rounding_method=rounding,
            **dict.fromkeys(locks),
        ),
    )
    for code, (name, kind) in CODES.items():
        ids[code] = add(
            "account.account",
            code=code,
            name=name,
            account_type=kind,
            display=f"{code} {name}",
            **_company(serie, company["id"]),
            **{"deprecated": False},
        )
    company["receivable"] = ids["121000"]
    for name, rate, account in (("19%", "19", "251000"), ("City 2%", "2", "251100"), ("0%", "0", "")):
        ids[name] = tax(tables, company["id"], name, rate, ids.get(account, 0))
    journals: dict[str, Row] = {}
    for code, kind, default in (
        ("WEB", "sale", "400000"),
        ("MISC", "general", ""),
        ("BNK1", "bank", "101401"),
        ("CARD", "bank", "101403"),
    ):
        made = add(
            "account.journal",
            code=code,
            name=code,
            type=kind,
            company_id=company["id"],
            default_account_id=ids.get(default),
            sequence=10,
            restrict_mode_hash_table=False,
            display=code,
        )
        journals[code] = tables.get("account.journal", made)
    for kind in ("inbound", "outbound"):
        add(
            "account.payment.method.line",
            name="Manual",
            journal_id=journals["CARD"]["id"],
            payment_type=kind,
            payment_account_id=ids["101403"],
            company_id=company["id"],
        )
    for code in ("DE", "EE", "US", "GB"):
        add("res.country", code=code, name=code)
    user = add("res.users", login="ordersync", name="ordersync", company_id=company["id"], company_ids=[company["id"]])
    return SimpleNamespace(company=company, journals=journals, ids=ids, money=money, user=user)


def tax(tables: Tables, company: int, name: str, rate: str, account: int, *, included: bool = False) -> int:
    made = tables.add(
        "account.tax",
        name=name,
        amount=Decimal(rate),
        amount_type="percent",
        price_include=included,
        type_tax_use="sale",
        company_id=company,
    )
    tables.add(
        "account.tax.repartition.line",
        invoice_tax_id=made,
        repartition_type="base",
        account_id=None,
        company_id=company,
    )
    tables.add(
        "account.tax.repartition.line",
        invoice_tax_id=made,
        repartition_type="tax",
        account_id=account or None,
        company_id=company,
    )
    return made


def _company(serie: int, id: int) -> dict[str, Any]:
    return {"company_id": id} if serie < 18 else {"company_ids": [id]}
