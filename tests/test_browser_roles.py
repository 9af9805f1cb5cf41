"""Each role's screens in a real Chromium: what it may see opens with an empty console and says why a button is disabled; what it may not is refused in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection
from orders import models, review, roles
from orders.admin import navigation
from tests.admin_company import desk, person
from tests.test_browser import PLACES, _driven_from_one_thread, browser, visit

__all__ = ["_driven_from_one_thread", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CODES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
OWNER, DEPUTY, ACCOUNTANT, IT, MARKETING, ENTREPRENEUR, AUDITOR = (role.name for role in roles.ROLES)
SEES_ORDERS = {OWNER, DEPUTY, ACCOUNTANT, ENTREPRENEUR, AUDITOR}
DECIDES = {OWNER, DEPUTY}
SUGGESTS = {OWNER, DEPUTY, ACCOUNTANT}

# Screens that are not in the navigation, and who may open them; those that are carry their right in it.
SCREENS: dict[str, tuple[str, set[str]]] = {
    "refunds in the queue": ("/admin/review/?kind=refund", SEES_ORDERS),
    "payouts in the queue": ("/admin/review/?kind=payout", SEES_ORDERS),
    "stock in the queue": ("/admin/review/?kind=stockadjustment&tab=ready", SEES_ORDERS),
    "customers in the queue": ("/admin/review/?kind=customerchange&tab=ready", SEES_ORDERS - {ENTREPRENEUR}),
    "ready": ("/admin/review/?tab=ready", SEES_ORDERS),
    "order": ("/admin/review/order/{waiting}/", SEES_ORDERS),
    "ready order": ("/admin/review/order/{ready}/", SEES_ORDERS),
    "question": ("/admin/review/order/{held}/", SEES_ORDERS),
    "refund": ("/admin/review/refund/{refund}/", SEES_ORDERS),
    "count": ("/admin/review/stockadjustment/{stock}/", SEES_ORDERS),
    "customer's change": ("/admin/review/customerchange/{change}/", SEES_ORDERS - {ENTREPRENEUR}),
    "where from": ("/admin/review/order/{ready}/explained/", SEES_ORDERS),
    "beside": ("/admin/review/order/{ready}/beside/{waiting}/", SEES_ORDERS),
    "way back": ("/admin/review/order/{ready}/way-back/", SEES_ORDERS),
    "many together": ("/admin/review/approve/{bulk}/", SEES_ORDERS),
    "cause": ("/admin/problems/{ledger}/?cause=sku:APRON-L", SEES_ORDERS),
    "suggest a count": ("/admin/stock/{level}/count/", SUGGESTS),
    "suggest a value": ("/admin/customers/{customer}/change/", SUGGESTS),
    "period": ("/admin/orders/period/{period}/change/", {OWNER, DEPUTY, ACCOUNTANT, ENTREPRENEUR, AUDITOR}),
    "new tax mapping": ("/admin/orders/taxmapping/add/", {OWNER, ACCOUNTANT}),
    "new connection": ("/admin/integrations/connection/add/", {IT}),
    "connection": ("/admin/integrations/connection/{connection}/change/", {IT, ENTREPRENEUR, AUDITOR}),
    "new person": ("/admin/auth/user/add/", {IT}),
    "person": ("/admin/auth/user/{person}/change/", {IT, AUDITOR}),
    "own way in": ("/admin/access/", {role.name for role in roles.ROLES}),
}


def places() -> dict[str, int]:
    """A company whose records every screen is about, by the names that stand in SCREENS."""
    owner = person("order data owner", "accountant", username="kim")
    shop = desk(owner)
    ready = list(models.Order.objects.filter(shop=shop, blockers=0).order_by("pk"))
    review.hold(ready[0], by=owner, question="Is it paid?", of=owner)
    level = models.StockLevel.objects.create(shop=shop, sku="MUG", quantity=9, counted_at=timezone.now())
    customer = models.Customer.objects.filter(shop=shop)[0]
    period = models.Period.objects.create(ledger=shop.ledger, period=DateRange(date(2026, 9, 1), date(2026, 10, 1)))
    connection = Connection.objects.create(name="books", kind="beancount", ledger=shop.ledger)
    told: dict[str, Any] = {"by": owner, "reason": "counted"}
    made = {
        "waiting": models.Order.objects.filter(shop=shop, blockers__gt=0)[0],
        "held": ready[0],
        "ready": ready[1],
        "refund": models.Refund.objects.get(),
        "stock": review.suggest_count(shop, "MUG", "", Decimal(8), **told),
        "change": review.suggest_value(customer, "phone", "1", **told),
        "bulk": review.bulk.freeze("order", [order.pk for order in ready[2:4]], by=owner),
        "ledger": shop.ledger,
        "level": level,
        "customer": customer,
        "period": period,
        "connection": connection,
        "person": owner,
    }
    return {name: record.pk for name, record in made.items()}


def screens(user: Any, role: str, made: dict[str, int]) -> dict[str, tuple[str, bool]]:
    """Every screen with its address and whether this person may open it."""
    pages = [page for _title, sections in navigation.GROUPS for section in sections for page in section.pages]
    listed = {
        str(page.name): (reverse(f"admin:{page.name}"), not page.permission or user.has_perm(page.permission))
        for page in pages
    }
    return listed | {name: (address.format(**made), role in may) for name, (address, may) in SCREENS.items()}


# Which screens each role opens in the browser; any other is asked for without one. The first letters of what it looks at are enough.
BOOKS = {
    "orders_importjob_changelist",
    "upload",
    "orders_taxmapping_changelist",
    "proposals",
    "proof",
    "orders_period_changelist",
    "statements",
    "files",
}
BROWSED = {
    OWNER: lambda name: name not in BOOKS,
    ACCOUNTANT: lambda name: name in {*BOOKS, "index", "ready order", "suggest a count", "suggest a value", "period", "new tax mapping"},
    ENTREPRENEUR: lambda name: name in {"index", "review", "proof", "ready order", "orders_shop_changelist"},
    **dict.fromkeys((DEPUTY, AUDITOR), lambda name: name in {"index", *SCREENS}),
}  # fmt: skip


@pytest.mark.parametrize("role", [role.name for role in roles.ROLES])
def test_a_roles_screens_open_quietly_and_all_others_are_refused_in_words(
    browser: Any, live_server: Any, client: Client, role: str
) -> None:
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    user = person(role, username="lee")
    client.force_login(user)
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints, username="lee")
    judged = sync_playwright.Axe().run(page, options={"runOnly": CODES})
    assert judged.violations_count == 0, judged.generate_report()
    made, faults = places(), {}
    for name, (address, may) in screens(user, role, made).items():
        browsed = BROWSED.get(role, bool)(name)
        fault = _opened(page, live_server.url, address) if may and browsed else _answered(client, address, may=may)
        if fault:
            faults[name] = fault
    assert faults == {}
    page.goto(f"{live_server.url}/admin/review/order/{made['ready']}/")
    if words := WHY_NOT.get(role):
        assert page.locator(".bar [data-key=a]:enabled").count() == 0
        assert words in page.inner_text(".bar")
        assert complaints == []


WHY_NOT = {
    DEPUTY: "Only kim, who owns the orders",
    ACCOUNTANT: "Only kim, who owns the orders",
    ENTREPRENEUR: "Only kim, who owns the orders",
    AUDITOR: "reads everything and decides nothing",
}


def _opened(page: Any, home: str, address: str) -> str:
    """What is wrong with a page that must open; "" if nothing is."""
    reply = page.goto(f"{home}{address}", wait_until="domcontentloaded")
    if reply.status != 200:
        return f"answered {reply.status}"
    mute = page.evaluate(
        """() => [...document.querySelectorAll('button:disabled')].filter(e => !e.closest('.selector'))
        .filter(e => !document.getElementById(e.getAttribute('aria-describedby'))?.innerText.trim()).map(e => e.innerText)"""
    )
    return f"disabled without a reason: {mute}" if mute else ""


def _answered(client: Client, address: str, *, may: bool) -> str:
    """What is wrong with the answer to whoever may, or may not, open the page; "" if nothing is."""
    reply = client.get(address)
    if may:
        return "" if reply.status_code in (200, 302) else f"answered {reply.status_code}"
    if reply.status_code != 403:
        return f"answered {reply.status_code} and not 403"
    return "" if "Your roles do not open this page" in reply.content.decode() else "refused without words"


def test_the_places_of_the_other_browser_tests_are_among_these() -> None:
    known = {reverse(f"admin:{page.name}") for _title, sections in navigation.GROUPS for section in sections for page in section.pages}  # fmt: skip
    named = {address for address, _may in SCREENS.values()}
    missing = {place for place in PLACES.values() if place not in known | named}
    assert missing <= {"/admin/prove/", "/admin/orders/period/add/"}
