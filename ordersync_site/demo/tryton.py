"""The demo's fourth set of books: a company in a real Tryton (make demo-tryton), into which the same American orders go as into Beancount."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integrations import connections
from integrations.errors import Trouble
from integrations.models import Connection
from orders import review
from orders.models import Ledger, Order, Refund, State, ZeroTotal
from ordersync_site import embedded_tryton
from ordersync_site.demo import company, generator, walk

CODE, DATABASE, USER, COMPANY = "tryton", "tryton_demo", "ordersync", "Northlight Inc."
STORE = replace(
    next(store for store in company.STORES if store.code == "outdoor"),
    code=CODE,
    name="Northlight Outdoor, in Tryton",
    ledger=CODE,
    prefix="NT",
)
ORDINARY = (1, 1, 20)
"""Fewer of the same orders, for a document takes Tryton about a second."""
_KINDS = {"Assets": "asset", "Liabilities": "liability", "Income": "revenue", "Expenses": "expense"}
_RECEIVABLE, _PAYABLE, _EXCHANGE = "Assets:Receivable", "Liabilities:Payable", "Expenses:Exchange"


def is_there() -> bool:
    """Whether this demo has a company in Tryton."""
    return Connection.objects.filter(name=CODE).exists()


@contextmanager
def running(say: walk.Say) -> Iterator[embedded_tryton.Running]:
    """Tryton answers while this lasts, always at the address that its connection has. Raises DemoFailed where it does not."""
    there = Connection.objects.filter(name=CODE).first()
    port = urlsplit(str(there.options["url"])).port if there else None
    log = Path(settings.ORDERSYNC_FOLDER) / "tryton.log"
    try:
        if there is None:
            embedded_tryton.clone(embedded_tryton.template(_told(timezone.localdate())), DATABASE)
        elif not embedded_tryton.exists(DATABASE):
            raise walk.DemoFailed(f"The database {DATABASE} is gone: manage.py demo --fresh --tryton begins anew.")
        with embedded_tryton.serving(DATABASE, log, port=port or 0) as server:
            say(f"Tryton answers at {server.url}: database {DATABASE}, user {USER}, password {company.PASSWORD}.")
            yield server
    except embedded_tryton.TrytonError as error:
        raise walk.DemoFailed(str(error)) from error


def add(server: embedded_tryton.Running, say: walk.Say) -> None:
    """Make the books and the shop, and take the American orders there. Raises DemoFailed."""
    today = timezone.localdate()
    people = {user.username: user for user in User.objects.filter(username__in=company.PEOPLE)}
    _make(server, people, today)
    say(f"{COMPANY}, a company in Tryton, keeps the books of {STORE.name}.")
    told = [replace(file, shop=CODE) for file in generator.files(today, ORDINARY) if file.shop == "outdoor"]
    for wave in sorted({file.wave for file in told}):
        walk.bring([file for file in told if file.wave == wave], people["accountant"], say)
        if wave == 1:
            walk.map_what_is_new(people["owner"], say, Ledger.objects.filter(code=CODE))
        _approve(people["owner"], say)
        walk.post(say)
    Ledger.objects.filter(code=CODE).update(undo_seconds=company.UNDO_SECONDS)


@transaction.atomic
def _make(server: embedded_tryton.Running, people: dict[str, User], today: date) -> None:
    ledger = company.books(CODE, "USD", ZeroTotal.SKIP, today, like="northlight")
    options = {"url": server.url, "database": DATABASE, "user": USER, "networks": "127.0.0.1"}
    try:
        connections.connect(
            "tryton", CODE, ledger=ledger, options=options, secrets={"password": company.PASSWORD}, by=people["it"]
        )
    except Trouble as trouble:
        raise walk.DemoFailed(f"{trouble.words} {trouble.fix}") from trouble
    company.open_shop(STORE, people, timezone.now())


def _approve(by: User, say: walk.Say) -> None:
    orders = Order.objects.filter(shop__code=CODE, state=State.PENDING, blockers=0).order_by("placed_at", "pk")
    chosen = list(orders.values_list("pk", flat=True))
    walk.together(chosen, by)
    approved = Refund.objects.filter(
        state=State.PENDING, blockers=0, order__state=State.APPROVED, order__shop__code=CODE
    )
    refunds = list(approved.order_by("pk"))
    for refund in refunds:
        review.approve(refund, by=by)
    say(f"{by.get_full_name()} approves {len(chosen)} orders and {len(refunds)} refunds.")


def _told(today: date) -> dict[str, Any]:
    """The company as `embedded_tryton` makes it: the accounts and taxes that are mapped, and the years that the orders may lie in."""
    taxes = {name: rate for name, rate, *_rest in company.TAXES["northlight"]}
    owed = {name: f"Liabilities:Tax:{name}" for name in taxes}
    codes = {*company.ACCOUNTS.values(), *owed.values(), company.ROUNDING, _PAYABLE, _EXCHANGE}
    return {
        "modules": ["account_invoice"],
        "currencies": [{"code": "USD", "digits": 2, "rate": "1"}],
        "countries": ["US", "DE"],
        "companies": [{"name": COMPANY, "currency": "USD"}],
        "accounts": [{"code": code, "name": code.rpartition(":")[2], "kind": _kind(code)} for code in sorted(codes)],
        "taxes": [{"name": name, "rate": rate, "account": owed[name]} for name, rate in sorted(taxes.items())],
        "roles": {"receivable": _RECEIVABLE, "payable": _PAYABLE, "exchange": _EXCHANGE, "revenue": "Income:Goods"},
        "years": [today.year - 1, today.year, today.year + 1],
        "users": [{"login": USER, "password": company.PASSWORD, "groups": ["account.group_account"]}],
    }


def _kind(code: str) -> str:
    return {_RECEIVABLE: "receivable", _PAYABLE: "payable"}.get(code) or _KINDS[code.partition(":")[0]]
