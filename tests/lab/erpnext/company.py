"""The company in the lying ERPNext: its accounts, taxes, items, settings, and the user that ordersync is."""

from __future__ import annotations

from decimal import Decimal

from tests.contracts.documents import Chart
from tests.lab.erpnext.tables import Tables

COMPANY, GENERAL = "Doe Books", "WEBSHOP"
NAMES = Chart(
    receivable="Debtors - DB", clearing="Card Clearing - DB", bank="Bank - DB", goods="Sales - DB", shipping="Freight - DB", discounts="Discounts - DB",
    deposits="Deposits - DB", tips="Tips - DB", fees="Fees - DB", rounding="Rounded Off - DB", tax="VAT - DB", tax_code="VAT 19 %", second_tax="City Tax - DB",
    second_tax_code="City 2 %",
)  # fmt: skip
ACCOUNTS = {  # what a chart's names stand for: type, root type
    "receivable": ("Receivable", "Asset"),
    "clearing": ("Bank", "Asset"),
    "bank": ("Bank", "Asset"),
    "goods": ("Income Account", "Income"),
    "shipping": ("", "Income"),
    "discounts": ("", "Income"),
    "deposits": ("", "Liability"),
    "tips": ("", "Liability"),
    "fees": ("", "Expense"),
    "rounding": ("Round Off", "Expense"),
    "tax": ("Tax", "Liability"),
    "second_tax": ("Tax", "Liability"),
}
ROLES = ("Accounts User", "Sales User")
COLUMNS = {
    "Company": "company_name default_currency",
    "Account": "account_name account_number account_type root_type account_currency company is_group disabled",
    "Sales Taxes and Charges Template": "title company disabled",
    "Sales Taxes and Charges": "charge_type account_head rate description included_in_print_rate tax_amount tax_amount_after_discount_amount",
    "Item": "item_name item_group stock_uom is_stock_item has_variants disabled is_sales_item",
    "Customer": "customer_name disabled tax_id email_id",
    "Country": "code",
    "Warehouse": "company is_group disabled",
    "Bin": "item_code warehouse actual_qty reserved_qty",
    "Fiscal Year": "year_start_date year_end_date disabled",
    "Sales Invoice": "customer company posting_date due_date currency conversion_rate net_total grand_total base_grand_total outstanding_amount "
    "party_account_currency is_return return_against po_no debit_to",
    "Payment Entry": "party company posting_date paid_amount reference_no",
    "Journal Entry": "company posting_date total_debit cheque_no user_remark",
}


def found(tables: Tables, chart: Chart) -> None:
    """A company in EUR that sells with 19 % and a city tax."""
    tables.columns = {doctype: set(text.split()) for doctype, text in COLUMNS.items()}
    tables.add(
        "Company",
        COMPANY,
        company_name=COMPANY,
        abbr="DB",
        default_currency="EUR",
        cost_center="Main - DB",
        round_off_account=chart.rounding,
        round_off_cost_center="Main - DB",
    )
    tables.add("Cost Center", "Main - DB")
    for field, (kind, root) in ACCOUNTS.items():
        account(tables, getattr(chart, field), kind, root)
    for number, (code, rate, head) in enumerate(
        ((chart.tax_code, "19", chart.tax), (chart.second_tax_code, "2", chart.second_tax))
    ):
        row = {
            "charge_type": "On Net Total",
            "account_head": head,
            "rate": Decimal(rate),
            "description": code,
            "included_in_print_rate": 0,
        }
        tables.add(
            "Sales Taxes and Charges Template",
            f"{code} - DB",
            title=code,
            company=COMPANY,
            disabled=0,
            taxes=[{**row, "name": f"t{number}"}],
        )
    for code, country in (("de", "Germany"), ("gb", "United Kingdom")):
        tables.add("Country", country, code=code)
    item(tables, GENERAL, "Webshop")
    tables.add("Fiscal Year", "2025-2027", year_start_date="2025-01-01", year_end_date="2027-12-31", disabled=0)
    tables.add(
        "Selling Settings", "Selling Settings", so_required="No", dn_required="No", allow_negative_rates_for_items=0
    )
    tables.add("Accounts Settings", "Accounts Settings", acc_frozen_upto=None, round_row_wise_tax=0)


def account(tables: Tables, name: str, kind: str, root: str, currency: str = "EUR") -> None:
    label = name.removesuffix(" - DB")
    tables.add(
        "Account",
        name,
        account_name=label,
        account_number="",
        account_type=kind,
        root_type=root,
        account_currency=currency,
        company=COMPANY,
        is_group=0,
        disabled=0,
        frozen="No",
    )


def item(tables: Tables, code: str, name: str, **changes: object) -> str:
    facts = {
        "item_group": "Products",
        "stock_uom": "Nos",
        "is_stock_item": 0,
        "has_variants": 0,
        "disabled": 0,
        "is_sales_item": 1,
    }
    tables.add("Item", code, item_code=code, item_name=name, **{**facts, **changes})
    return code


def customer(tables: Tables, **facts: str) -> str:
    """What a person enters; named as the customer, with a number behind where there is one of that name."""
    label = facts["name"]
    name = label if label not in tables.docs.get("Customer", {}) else f"{label} - {len(tables.docs['Customer'])}"
    tables.add(
        "Customer", name, customer_name=label, disabled=0, tax_id=facts.get("vat", ""), email_id=facts.get("email", "")
    )
    return name


def counted(tables: Tables, code: str, warehouse: str, quantity: str) -> None:
    """So many of an item lie in a warehouse, one of them reserved beside those."""
    if code not in tables.docs["Item"]:
        item(tables, code, code, is_stock_item=1)
    if warehouse not in tables.docs.get("Warehouse", {}):
        tables.add("Warehouse", warehouse, company=COMPANY, is_group=0, disabled=0)
    facts = {"item_code": code, "warehouse": warehouse, "actual_qty": Decimal(quantity) + 1, "reserved_qty": Decimal(1)}
    tables.add("Bin", f"{code}/{warehouse}", **facts)
