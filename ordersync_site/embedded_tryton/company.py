"""Runs in Tryton's own Python: fills a new database with modules, companies, a chart, taxes, years and users, as told by JSON on standard input.

An accountant does the same with Tryton's wizards; a company of a test or demo has to be there in seconds.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from trytond import __series__, backend
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

KINDS: dict[str, dict[str, Any]] = {
    "receivable": {"statement": "balance", "assets": True, "receivable": True},
    "payable": {"statement": "balance", "payable": True},
    "asset": {"statement": "balance", "assets": True},
    "liability": {"statement": "balance"},
    "revenue": {"statement": "income", "revenue": True},
    "expense": {"statement": "income", "expense": True},
}


def main(name: str, told: dict[str, Any]) -> None:
    """Make everything in the empty database `name`."""
    database = backend.Database(name)
    database.connect()
    database.init()
    _activate(name, told["modules"])
    _within(name, 0, _configure)
    _within(name, 0, lambda: _make(told))


def _within(name: str, user: int, work: Callable[[], None]) -> None:
    """Run it in one transaction; Tryton asks for another one with a lock where it wants a table for itself."""
    extras: dict[str, Any] = {}
    while True:
        with Transaction().start(name, user, **extras) as transaction:
            try:
                work()
            except TransactionError as error:
                transaction.rollback()
                error.fix(extras)
                continue
            transaction.commit()
            return


def _make(told: dict[str, Any]) -> None:
    currencies = _currencies(told["currencies"])
    _countries(told["countries"])
    made = [_company(row, currencies[row["currency"]], told) for row in told["companies"]]
    for user in told["users"]:
        _user(user, made)
    _plain_paper()


def _plain_paper() -> None:
    """Tryton draws every invoice that is posted; a line of text will do where nobody prints one, and spares a third of the time."""
    report = Pool().get("ir.action.report")
    plain = {"template_extension": "txt", "extension": "", "report_content_custom": b"Invoice ${record.number}\n"}
    report.write(report.search([("report_name", "=", "account.invoice")]), plain)


def _activate(name: str, modules: list[str]) -> None:
    Pool.start()
    pool = Pool(name)
    pool.init(update=["ir", "res"], lang=["en"])
    with Transaction().start(name, 0):
        pool.get("ir.module").update_list()
    pool.init(update=modules, lang=["en"], activatedeps=True)


def _configure() -> None:
    pool = Pool()
    settings = pool.get("ir.configuration")(1)
    settings.series, settings.language = __series__, "en"
    settings.save()
    (english,) = pool.get("ir.lang").search([("code", "=", "en")])
    pool.get("ir.lang").write([english], {"translatable": True})
    pool.get("ir.module.config_wizard.item").write(
        pool.get("ir.module.config_wizard.item").search([]), {"state": "done"}
    )


def _currencies(rows: list[dict[str, Any]]) -> dict[str, Any]:
    made = (
        Pool()
        .get("currency.currency")
        .create(
            [
                {
                    "name": row["code"],
                    "symbol": row["code"],
                    "code": row["code"],
                    "digits": row["digits"],
                    "rounding": Decimal(1).scaleb(-row["digits"]),
                    "rates": [("create", [{"date": datetime.date(2000, 1, 1), "rate": Decimal(row["rate"])}])],
                }
                for row in rows
            ]
        )
    )
    return {currency.code: currency for currency in made}


def _countries(codes: list[str]) -> None:
    Pool().get("country.country").create([{"name": code, "code": code} for code in codes])


def _company(row: dict[str, Any], currency: Any, told: dict[str, Any]) -> Any:
    pool = Pool()
    party, rich = pool.get("party.party"), pool.get("company.company")
    (owner,) = party.create([{"name": row["name"], "addresses": [("create", [{"city": "Bonn"}])]}])
    (company,) = rich.create([{"party": owner.id, "currency": currency.id}])
    with Transaction().set_context(company=company.id):
        accounts = _accounts(company, told["accounts"])
        _taxes(company, accounts, told["taxes"])
        _defaults(company, accounts, told)
        _category(accounts[told["roles"]["revenue"]])
        for year in told["years"]:
            _year(company, year)
    return company


def _accounts(company: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    pool = Pool()
    types = {
        kind: pool.get("account.account.type").create([{"name": kind, "company": company.id, **KINDS[kind]}])[0]
        for kind in dict.fromkeys(row["kind"] for row in rows)
    }
    made = pool.get("account.account").create(
        [
            {
                "name": row["name"],
                "code": row["code"],
                "company": company.id,
                "type": types[row["kind"]].id,
                "reconcile": row["kind"] in ("receivable", "payable"),
                "party_required": row["kind"] in ("receivable", "payable"),
            }
            for row in rows
        ]
    )
    return {account.code: account for account in made}


def _taxes(company: Any, accounts: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    Pool().get("account.tax").create(
        [
            {
                "name": row["name"],
                "description": row["name"],
                "company": company.id,
                "type": "percentage",
                "rate": Decimal(row["rate"]),
                "invoice_account": accounts[row["account"]].id,
                "credit_note_account": accounts[row["account"]].id,
            }
            for row in rows
        ]
    )


def _defaults(company: Any, accounts: dict[str, Any], told: dict[str, Any]) -> None:
    pool = Pool()
    settings = pool.get("account.configuration")(1)
    roles = told["roles"]
    settings.default_account_receivable = accounts[roles["receivable"]]
    settings.default_account_payable = accounts[roles["payable"]]
    settings.currency_exchange_debit_account = accounts[roles["exchange"]]
    settings.currency_exchange_credit_account = accounts[roles["exchange"]]
    (settings.currency_exchange_journal,) = pool.get("account.journal").search([("type", "=", "write-off")], limit=1)
    settings.save()


def _category(revenue: Any) -> None:
    """Products are sold to the account of their category."""
    rich = Pool().get("product.category")
    (category,) = rich.search([("accounting", "=", True)]) or rich.create([{"name": "Goods", "accounting": True}])
    rich.write([category], {"account_revenue": revenue.id})


def _year(company: Any, year: int) -> None:
    pool = Pool()
    strict = pool.get("ir.sequence.strict")
    kinds = {kind.name: kind.id for kind in pool.get("ir.sequence.type").search([])}
    moves, invoices, credits = strict.create(
        [
            {
                "name": f"{kind} {year}",
                "sequence_type": kinds[kind],
                "company": company.id,
                "prefix": f"{prefix}{year}-",
            }
            for kind, prefix in (("Account Move", "M"), ("Invoice", "INV"), ("Invoice", "CRN"))
        ]
    )
    numbers = {
        "company": company.id,
        "out_invoice_sequence": invoices.id,
        "in_invoice_sequence": invoices.id,
        "out_credit_note_sequence": credits.id,
        "in_credit_note_sequence": credits.id,
    }
    made = pool.get("account.fiscalyear").create(
        [
            {
                "name": str(year),
                "company": company.id,
                "start_date": datetime.date(year, 1, 1),
                "end_date": datetime.date(year, 12, 31),
                "move_sequence": moves.id,
                "invoice_sequences": [("create", [numbers])],
            }
        ]
    )
    pool.get("account.fiscalyear").create_period(made)


def _user(told: dict[str, Any], companies: list[Any]) -> None:
    pool = Pool()
    data = pool.get("ir.model.data")
    groups = [data.get_id(*name.split(".")) for name in told["groups"]]
    values = {
        "name": told["login"],
        "login": told["login"],
        "password": told["password"],
        "companies": [("add", [company.id for company in companies])],
        "company": companies[0].id,
        "company_filter": "all",
        "groups": [("add", groups)],
    }
    existing = pool.get("res.user").search([("login", "=", told["login"])])
    if existing:
        pool.get("res.user").write(existing, values)
    else:
        pool.get("res.user").create([values])


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
