"""The company in the lying Odoo: its accounts, taxes, journals, currencies, and the user that ordersync is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tests.contracts.documents import Chart
from tests.lab.odoo.tables import Row, Tables

NUMBERS = Chart(
    receivable="121000", clearing="101403", bank="101401", goods="400000", shipping="400100", discounts="400200", deposits="211000", tips="212000",
    fees="600000", rounding="600100", tax="251000", tax_code="19%", second_tax="251100", second_tax_code="City 2%",
)  # fmt: skip
ACCOUNTS = {  # what a chart's names stand for: name, type
    "receivable": ("Account Receivable", "asset_receivable"),
    "bank": ("Bank", "asset_cash"),
    "clearing": ("Card clearing", "asset_current"),
    "goods": ("Product Sales", "income"),
    "shipping": ("Shipping", "income"),
    "discounts": ("Discounts", "income"),
    "deposits": ("Deposits", "liability_current"),
    "tips": ("Tips", "liability_current"),
    "tax": ("Tax received 19 %", "liability_current"),
    "second_tax": ("City tax", "liability_current"),
    "fees": ("Fees", "expense"),
    "rounding": ("Rounding", "expense"),
}
RIGHTS = ("account.group_account_invoice", "base.group_partner_manager")


def found(tables: Tables, serie: int, rounding: str, chart: Chart) -> SimpleNamespace:
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
    for field, (name, kind) in ACCOUNTS.items():
        code = getattr(chart, field)
        ids[field] = add(
            "account.account",
            code=code,
            name=name,
            account_type=kind,
            display=f"{code} {name}",
            **_company(serie, company["id"]),
            **{"deprecated": False},
        )
    company["receivable"] = ids["receivable"]
    for name, rate, account in (
        (chart.tax_code, "19", "tax"),
        (chart.second_tax_code, "2", "second_tax"),
        ("0%", "0", ""),
    ):
        ids[name] = tax(tables, company["id"], name, rate, ids.get(account, 0))
    journals: dict[str, Row] = {}
    for code, kind, default in (
        ("WEB", "sale", "goods"),
        ("MISC", "general", ""),
        ("BNK1", "bank", "bank"),
        ("CARD", "bank", "clearing"),
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
            payment_account_id=ids["clearing"],
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
