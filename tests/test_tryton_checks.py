"""A Tryton that is set up wrongly, one thing at a time: the check says what is missing and where to click, and nothing else is called wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from integrations.accounting.base import Check
from tests.tryton_company import ACCOUNTANT, HIS_PASSWORD, Ground

pytestmark = pytest.mark.tryton
CLERK, TRAINEE = "clerk", "trainee"  # one has no right at all, one all but that to make an invoice
SETTLED = "settled"  # who sees the company he is in, Books EUR, and no other
OURS = "(SELECT c.id FROM company_company c JOIN party_party p ON p.id = c.party WHERE p.name = 'Books EUR')"


@pytest.fixture(scope="module")
def server(tryton_server: Ground) -> Ground:
    tryton_server.empty()
    for name, groups in ((CLERK, "false"), (TRAINEE, "false"), (SETTLED, _HIS)):
        _person(tryton_server, name, groups)
    _may_not_make_invoices(tryton_server, TRAINEE)
    tryton_server.sql("UPDATE res_user SET company_filter = 'one' WHERE login = %s", [SETTLED])
    return tryton_server


_HIS = f"""a.model = 'res.group' AND a.db_id IN
    (SELECT g."group" FROM "res_user-res_group" g JOIN res_user u ON u.id = g."user" WHERE u.login = '{ACCOUNTANT}')"""


def _person(tryton: Ground, name: str, groups: str) -> None:
    """Another user, with the accountant's password and companies, and these groups."""
    columns = "active, password_hash, company, company_filter"
    values = [name, name, ACCOUNTANT]
    tryton.sql(
        f"INSERT INTO res_user (name, login, {columns}) SELECT %s, %s, {columns} FROM res_user WHERE login = %s", values
    )
    tryton.sql(
        f'INSERT INTO "res_user-res_group" ("user", "group") SELECT u.id, a.db_id FROM ir_model_data a, res_user u WHERE u.login = %s AND {groups}',
        [name],
    )
    tryton.sql(
        'INSERT INTO "res_user-company_company" ("user", company) SELECT u.id, c.id FROM res_user u, company_company c WHERE u.login = %s',
        [name],
    )


def _may_not_make_invoices(tryton: Ground, name: str) -> None:
    """A group of his own, with the accountant's other rights."""
    tryton.sql("INSERT INTO res_group (name, active) VALUES (%s, true)", [name])
    his = f"""SELECT DISTINCT ON (a.model) true, a.model, g.id, a.perm_read, a.perm_write, a.perm_delete, a.perm_create AND a.model <> 'account.invoice'
        FROM ir_model_access a, res_group g WHERE g.name = '{name}' AND a."group" IN
            (SELECT m."group" FROM "res_user-res_group" m JOIN res_user u ON u.id = m."user" WHERE u.login = '{ACCOUNTANT}')
       ORDER BY a.model, a.perm_create DESC"""
    tryton.sql(
        f'INSERT INTO ir_model_access (active, model, "group", perm_read, perm_write, perm_delete, perm_create) {his}'
    )
    tryton.sql(
        'INSERT INTO "res_user-res_group" ("user", "group") SELECT u.id, g.id FROM res_user u, res_group g WHERE u.login = g.name AND g.name = %s',
        [name],
    )


@contextmanager
def changed(tryton: Ground, table: str, column: str, value: Any, where: str) -> Iterator[None]:
    """As somebody has set it, and put back afterwards."""
    kept = tryton.sql(f"SELECT id, {column} FROM {table} WHERE {where}")
    assert kept, "the change changes something"
    tryton.sql(f"UPDATE {table} SET {column} = %s WHERE {where}", [value])
    try:
        yield
    finally:
        for number, old in kept:
            tryton.sql(f"UPDATE {table} SET {column} = %s WHERE id = %s", [old, number])


def wrong(tryton: Ground, **options: Any) -> list[Check]:
    return [check for check in tryton.adapter(**options).check() if not check.ok]


def only(tryton: Ground, **options: Any) -> Check:
    (found,) = wrong(tryton, **options)
    return found


def test_a_right_set_up_is_called_right(server: Ground) -> None:
    checks = server.adapter().check()
    assert [check.words for check in checks if not check.ok] == []
    assert len(checks) == 10


@pytest.mark.parametrize(
    ("table", "column", "value", "where", "name", "words", "click"),
    [
        ("account_period", "state", "closed", "start_date <= now() AND end_date >= now()", "period", "is closed", "Fiscal Years › Periods"),
        ("account_period", "start_date", "2030-01-01", "start_date <= now() AND end_date >= now()", "period", "has no period for", "Fiscal Years › Periods"),
        ("account_account", "reconcile", False, f"code = 'Assets:Receivable' AND company = {OURS}", "accounts", "cannot be reconciled", "Tick Reconcile"),
        ("account_account", "closed", True, f"code = 'Assets:Receivable' AND company = {OURS}", "accounts", "No account is receivable", "Tick Receivable"),
        ("account_account_type", "receivable", False, f"receivable AND company = {OURS}", "accounts", "No account is receivable", "Tick Receivable"),
        ("account_tax", "invoice_account", None, f"name = 'DE19' AND company = {OURS}", "taxes", "lack an account.*DE19", "Taxes › Taxes"),
        ("account_tax", "active", False, f"company = {OURS}", "taxes", "There is no tax", "Taxes › Taxes"),
        ("account_journal", "active", False, "type = 'cash'", "journals", r"cash \(for payments\)", "Journals › Journals"),
        ("currency_currency_rate", "date", "2100-01-01", "currency = (SELECT id FROM currency_currency WHERE code = 'EUR')",
         "currencies", "EUR.*has no rate", "Currencies"),
    ],
    ids=["closed period", "no period", "not reconciled", "closed account", "not receivable", "tax without account", "no tax", "no journal",
         "no rate"],
)  # fmt: skip
def test_what_is_missing_is_said_with_where_to_click(
    server: Ground, table: str, column: str, value: Any, where: str, name: str, words: str, click: str
) -> None:
    with changed(server, table, column, value, where):
        found = only(server)
    assert found.name == name
    assert re.search(words, found.words)
    assert click in found.fix
    assert "Tryton: " in found.fix
    assert wrong(server) == []


@pytest.mark.parametrize(
    ("options", "name", "words", "click"),
    [
        ({"user": "nobody"}, "server", "does not let the user “nobody”", "Administration › Users"),
        ({"password": "another-password"}, "server", "does not let the user", "Enter user and password again"),
        ({"company": "Books GBP"}, "company", "Books EUR.*names “Books GBP”", "tab Access, Companies"),
        ({"company": ""}, "company", "Books EUR.*names “”", "option company"),
        ({"user": CLERK, "password": HIS_PASSWORD}, "modules", "account_invoice is not active.*or the user may not use it", "Modules"),
        ({"user": SETTLED, "password": HIS_PASSWORD, "company": "Books USD"}, "company", "works in Books EUR", "Current Company Books USD"),
    ],
    ids=["user", "password", "company", "several companies", "no right at all", "another company"],
)  # fmt: skip
def test_what_the_connection_says_wrong_is_said_at_once(
    server: Ground, options: dict[str, str], name: str, words: str, click: str
) -> None:
    """Nothing else is looked at, for everything else would look wrong too."""
    found = wrong(server, url=server.running.url, **options)
    assert [check.name for check in found] == [name]
    assert re.search(words, found[0].words)
    assert click in found[0].fix


def test_a_right_that_is_lacking_is_named(server: Ground) -> None:
    found = only(server, user=TRAINEE, password=HIS_PASSWORD)
    assert (found.name, found.words) == ("rights", "ordersync's user may not create account.invoice.")
    assert "give that user the group Accounting" in found.fix


def test_a_fiscal_year_without_sequences_is_named(server: Ground) -> None:
    other = server.sql(f"SELECT id FROM account_fiscalyear WHERE company <> {OURS} LIMIT 1")[0][0]
    with changed(server, "account_fiscalyear_invoice_sequence", "fiscalyear", other, f"company = {OURS}"):
        found = only(server)
    assert (found.name, "2026" in found.words, "tab Sequences" in found.fix) == ("numbers", True, True)


@pytest.mark.slow
def test_a_database_that_is_not_there_is_said_though_tryton_is_silent(server: Ground) -> None:
    """Tryton waits half a minute for it, which is as long as a call may take."""
    (found,) = wrong(server, url=server.running.url, database="nowhere")
    assert (found.name, "nowhere" in found.words, "name of the database" in found.fix) == ("server", True, True)


def test_a_user_who_sees_one_company_is_right_there(server: Ground) -> None:
    assert wrong(server, user=SETTLED, password=HIS_PASSWORD) == []
