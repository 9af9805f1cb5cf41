"""A real Tryton for the tests: its companies, a server with an empty copy of them, and what stands in their books, found by SQL."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import requests

from integrations import http
from integrations.accounting.tryton import Tryton
from integrations.accounting.tryton.rpc import Client
from ordersync_site import embedded_tryton
from tests import scenario_files
from tests.contracts.documents import CHART

USER, PASSWORD = "ordersync", "only-for-tests-ordersync"
ACCOUNTANT, HIS_PASSWORD = "accountant", "only-for-tests-accountant"
MODULES = ["account_invoice"]
DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
RATES = {"EUR": "1", "USD": "1.1", "JPY": "163", "KWD": "0.3345"}
YEARS = [2025, 2026, 2027]
GROUPS = ["account.group_account", "currency.group_currency_admin", "product.group_product_admin",
          "account_product.group_account_product_admin"]  # fmt: skip
EMPTIED = (
    "account_tax_line", "account_move_line", "account_move", "account_move_reconciliation", "account_invoice_line",
    "account_invoice_tax", "account_invoice", "res_user_warning", "product_product", "product_template",
)  # fmt: skip


def told() -> dict[str, Any]:
    """One company a currency, each with every account and tax that the contract and the scenarios use."""
    scenarios = [scenario_files.load(path) for path in scenario_files.paths()]
    codes = {code for scenario in scenarios for code in scenario.account_codes()} | set(_chart_accounts())
    taxes = {row.code: (str(row.rate), row.account) for scenario in scenarios for row in scenario.taxes}
    taxes |= {
        CHART.tax_code: (str(CHART.tax_rate), CHART.tax),
        CHART.second_tax_code: (str(CHART.second_tax_rate), CHART.second_tax),
    }
    return {
        "modules": MODULES,
        "currencies": [{"code": code, "digits": DIGITS[code], "rate": RATES[code]} for code in DIGITS],
        "countries": ["DE", "AT", "FR", "US", "JP", "KW", "GB"],
        "companies": [{"name": f"Books {code}", "currency": code} for code in DIGITS],
        "accounts": [
            {"code": code, "name": code.rpartition(":")[2], "kind": _kind(code)}
            for code in sorted(codes | {"Liabilities:Payable", "Expenses:Exchange"})
        ],
        "taxes": [{"name": name, "rate": rate, "account": account} for name, (rate, account) in sorted(taxes.items())],
        "roles": {
            "receivable": CHART.receivable,
            "payable": "Liabilities:Payable",
            "exchange": "Expenses:Exchange",
            "revenue": CHART.goods,
        },
        "years": YEARS,
        "users": [
            {"login": USER, "password": PASSWORD, "groups": GROUPS},
            {"login": ACCOUNTANT, "password": HIS_PASSWORD, "groups": [*GROUPS, "account.group_account_admin"]},
        ],
    }


def _chart_accounts() -> list[str]:
    return [value for name in CHART.__slots__ if ":" in str(value := getattr(CHART, name))]


def _kind(code: str) -> str:
    if code == CHART.receivable:
        return "receivable"
    if code == "Liabilities:Payable":
        return "payable"
    return {"Assets": "asset", "Liabilities": "liability", "Income": "revenue", "Expenses": "expense"}[
        code.partition(":")[0]
    ]


@dataclass(frozen=True)
class Ground:
    """A running server and its database. Its log-ins are kept, for a password's slow hash protects nobody here."""

    running: embedded_tryton.Running
    clients: dict[tuple[str, str], Client] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, str]:
        """Those of the adapter, as a connection keeps them."""
        return {
            "url": self.running.url,
            "database": self.running.database,
            "user": USER,
            "company": "Books EUR",
            "networks": "127.0.0.1",
            "rates": "yes",
        }

    def adapter(self, *, url: str = "", **options: Any) -> Tryton:
        """A fresh adapter, as another process would make one."""
        values = {**self.options, "rates": True, "password": PASSWORD, **options}
        made = Tryton.Options(**{**values, "url": url or values["url"]})
        dial = Tryton.dial(made)
        session = http.Session(dial.base_url, networks=dial.networks, headers=dial.headers, secrets=[made.password])
        adapter = Tryton(made, session)
        if not url:
            adapter.books.client = self.clients.setdefault((made.user, made.company), adapter.books.client)
        return adapter

    def sql(self, query: str, parameters: Any = None) -> list[Any]:
        with psycopg.connect(embedded_tryton.address(self.running.database), autocommit=True) as database:
            cursor = database.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """As the company was on its first day: no documents, no customers, all periods open."""
        self.sql(f"TRUNCATE {', '.join(EMPTIED)} CASCADE")
        self.sql("DELETE FROM party_party WHERE id NOT IN (SELECT party FROM company_company)")
        self.sql("UPDATE account_period SET state = 'open'")
        self.sql("UPDATE ir_sequence_strict SET number_next_internal = 1")
        self.sql("DELETE FROM currency_currency_rate WHERE date > '2000-01-01'")

    def sums(self, company: str = "Books EUR") -> dict[tuple[str, str], Decimal]:
        """The balance of every account by the currency its documents are in."""
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for account, currency, amount in self.sql(_SUMS, [company]):
            found[account, currency] += amount
        return dict(found)

    def taxes(self, company: str = "Books EUR") -> dict[tuple[str, str], Decimal]:
        """What Tryton's tax report has of each tax, by type (base, tax), in the company's currency."""
        return {(name, kind): amount for name, kind, amount in self.sql(_TAXES, [company])}

    def accountant(self, method: str, *arguments: Any, user: str = ACCOUNTANT) -> Any:
        """What a person does in Tryton's own client."""
        adapter = self.adapter(user=user, password=HIS_PASSWORD)
        adapter.books.id  # noqa: B018  enters the company
        return adapter.books.client(method, *arguments)


_SUMS = """
SELECT a.code, coalesce(c2.code, c.code),
       sum(CASE WHEN l.second_currency IS NULL THEN l.debit - l.credit ELSE l.amount_second_currency END)
  FROM account_move_line l JOIN account_move m ON m.id = l.move JOIN account_account a ON a.id = l.account
  JOIN company_company y ON y.id = m.company JOIN party_party p ON p.id = y.party JOIN currency_currency c ON c.id = y.currency
  LEFT JOIN currency_currency c2 ON c2.id = l.second_currency
 WHERE m.state = 'posted' AND p.name = %s GROUP BY 1, 2"""
_TAXES = """
SELECT t.name, x.type, sum(x.amount) FROM account_tax_line x JOIN account_tax t ON t.id = x.tax
  JOIN account_move_line l ON l.id = x.move_line JOIN account_move m ON m.id = l.move
  JOIN company_company y ON y.id = m.company JOIN party_party p ON p.id = y.party
 WHERE m.state = 'posted' AND p.name = %s GROUP BY 1, 2"""


@contextmanager
def ground() -> Iterator[Ground]:
    """A server with a copy of the companies, both gone in the end."""
    name = f"tryton_test_{os.getpid()}"
    embedded_tryton.clone(embedded_tryton.template(told()), name)
    try:
        log = Path(embedded_tryton.FOLDER, "log", f"{name}.log")
        with embedded_tryton.serving(name, log) as running:
            yield Ground(running)
    finally:
        embedded_tryton.drop(name)


def call(url: str, database: str, method: str, *arguments: Any, session: str = "") -> requests.Response:
    """One call of Tryton's API without any of ours: what a bare client sends."""
    headers = {"Authorization": f"Session {session}"} if session else {}
    body = {"id": 1, "method": method, "params": list(arguments)}
    return requests.post(f"{url}/{database}/rpc/", json=body, headers=headers, timeout=120)
