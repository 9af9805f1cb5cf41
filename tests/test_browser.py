"""A person at the desk: a real Chromium signs in, opens the queue, approves by key and takes it back; the console stays empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from orders import models, review
from tests.admin_company import desk, person

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _driven_from_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright keeps an event loop in the test's thread, which Django takes for async code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        connection.close()  # beside a running loop Django has another connection, which an earlier test may have ended
        opened = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go, to be looked at: the folder named by ORDERSYNC_SHOTS, else a temporary one."""
    folder = Path(os.environ.get("ORDERSYNC_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def visit(browser: Any, address: str, complaints: list[str], username: str = "kim", **options: Any) -> Any:
    """A fresh window, signed in as the owner, or as somebody else; whatever the console says is kept."""
    page = browser.new_context(viewport={"width": 1360, "height": 860}, **options).new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.goto(f"{address}/")
    page.fill("#id_username", username)
    page.fill("#id_password", "secret")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")
    return page


def test_an_owner_approves_by_key_and_takes_it_back_with_an_empty_console(
    browser: Any, live_server: Any, shots: Path
) -> None:
    owner = person("order data owner", "accountant", username="kim")
    desk(owner)
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints)
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/review/")
    page.click(".tabs >> text=Ready")
    first = page.inner_text("tbody tr:nth-child(1) td:nth-child(2) a")
    second = page.inner_text("tbody tr:nth-child(2) td:nth-child(2) a")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{first}')")
    page.keyboard.press("a")
    page.wait_for_selector(f"h1:has-text('{second}')")
    assert "approved" in page.inner_text(".messagelist")
    approved = models.Order.objects.get(number=first)
    assert approved.state == models.State.APPROVED

    page.goto(f"{live_server.url}/admin/review/?tab=approved")
    assert first in page.inner_text("tbody")
    assert page.locator("tbody time[data-until]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{first}')")
    page.keyboard.press("u")
    page.fill("details[open] input[name=why]", "pressed too soon")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messagelist")
    approved.refresh_from_db()
    assert approved.state == models.State.PENDING
    assert complaints == []


def test_the_keys_select_sum_and_open_the_sheets(
    browser: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.desk.bulk.AT_ONCE_SECONDS", 60)
    desk(person("order data owner", username="kim"))
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints)
    page.goto(f"{live_server.url}/admin/review/?tab=ready")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert "2 selected · 83.30 EUR" in page.inner_text("#selection")
    page.click("text=Approve selected")
    assert "Approve 2 together" in page.inner_text("h1")
    page.keyboard.press("a")
    page.wait_for_selector("text=2 of 2 approved.")
    page.goto(f"{live_server.url}/admin/review/?tab=ready")
    page.keyboard.press("Enter")
    page.wait_for_selector(".bar")
    page.keyboard.press("h")
    assert page.evaluate("document.activeElement.name") == "question"
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.name") == "reason"

    off = models.Order.objects.get(number="1015")
    page.goto(f"{live_server.url}/admin/review/order/{off.pk}/")
    page.click(".finding a.fix >> text=Adjust")
    assert page.evaluate("document.activeElement.name") == "account"
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.select_option("select[name=place]", "order.email")
    assert page.input_value("details[open] input[name=value]") == off.email
    page.goto(f"{live_server.url}/admin/review/order/{models.Order.objects.get(number='1016').pk}/")
    page.click("a.fix[data-place='order.vat_id']")
    assert page.input_value("select[name=place]") == "order.vat_id"
    assert page.evaluate("document.activeElement.name") == "value"
    assert complaints == []


def test_a_view_is_saved_and_opened_by_key_and_a_question_goes_to_a_colleague_and_back(
    browser: Any, live_server: Any
) -> None:
    desk(person("order data owner", username="kim"))
    person("accountant", username="anna")
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints)
    page.goto(f"{live_server.url}/admin/review/?tab=ready&q=mug")
    page.keyboard.press("v")
    page.keyboard.type("Mugs")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The view “Mugs” is kept.")
    page.goto(f"{live_server.url}/admin/review/")
    page.keyboard.press("1")
    page.wait_for_url("**/review/?tab=ready&q=mug")
    page.keyboard.press("Enter")
    page.wait_for_selector(".split")
    number = page.inner_text("h1").split()[1]
    page.keyboard.press("h")
    page.keyboard.type("Is it paid?")
    page.select_option("#hold select[name=of]", "anna")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=anna is asked")
    asked = visit(browser, live_server.url, complaints, username="anna")
    asked.goto(f"{live_server.url}/admin/review/?tab=held&with=anna")
    asked.keyboard.press("Enter")
    asked.wait_for_selector("text=kim asks anna")
    assert asked.locator("[data-key=a], [data-key=h], [data-key=r]").count() == 0
    asked.keyboard.press("n")
    asked.keyboard.type("Yes, by card.")
    asked.keyboard.press("Enter")
    asked.wait_for_selector("text=Answered")
    assert models.Order.objects.get(number=number).state == models.State.PENDING
    assert complaints == []


def test_a_cause_is_fixed_once_and_what_it_released_is_approved_together_by_key(
    browser: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.desk.bulk.AT_ONCE_SECONDS", 60)
    desk(person("order data owner", username="kim"))
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints)
    page.goto(f"{live_server.url}/admin/problems/")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The fix makes ready")
    assert page.locator("tbody .chip.good").count() == 3
    page.keyboard.press("m")
    page.fill("#id_item", "Apron")
    page.keyboard.press("Enter")
    page.click("text=Approve them together")
    page.wait_for_selector("text=Exactly these are approved")
    page.keyboard.press("a")
    page.wait_for_selector("text=3 of 3 approved.")
    assert models.Order.objects.filter(state=models.State.APPROVED).count() == 3
    assert complaints == []


PLACES = {
    "today": "/admin/",
    "queue": "/admin/review/",
    "ready": "/admin/review/?tab=ready",
    "refunds": "/admin/review/?kind=refund",
    "problems": "/admin/problems/",
    "proof": "/admin/proof/",
    "orders": "/admin/orders/order/",
    "mappings": "/admin/orders/itemmapping/",
    "upload": "/admin/imports/bring/",
    "mapping": "/admin/orders/taxmapping/add/",
    "period": "/admin/orders/period/add/",
    "jobs": "/admin/jobs/",
    "sign-in": "/admin/access/",
    "proof of who": "/admin/prove/",
    "files for ledgers": "/admin/files/",
}
FORMS = {
    "customers": "/admin/orders/customer/",
    "imports": "/admin/orders/importjob/",
    "documents": "/admin/orders/document/",
    "events": "/admin/orders/event/",
    "connections": "/admin/integrations/connection/",
    "people": "/admin/auth/user/",
    "rate": "/admin/orders/exchangerate/add/",
    "device": "/admin/otp_totp/totpdevice/add/",
    "deputy": "/admin/orders/deputy/add/",
}


def made_of(shop: models.Shop) -> dict[str, str]:
    """The addresses of pages about what was made for them: a question, a set, a change, two orders side by side."""
    owner = shop.appointments.get().owner
    ready = list(models.Order.objects.filter(blockers=0).order_by("pk"))
    review.hold(ready[0], by=owner, question="Is it paid?", of=owner)
    chosen = review.bulk.freeze("order", [order.pk for order in models.Order.objects.all()], by=owner)
    change = models.StockAdjustment.objects.create(shop=shop, sku="MUG", before=12, after=9, reason="counted")
    return {
        "cause": f"/admin/problems/{shop.ledger_id}/?cause=sku:APRON-L",
        "bulk": f"/admin/review/approve/{chosen.pk}/",
        "held": "/admin/review/?tab=held",
        "asked": f"/admin/review/order/{ready[0].pk}/",
        "stock": "/admin/review/?kind=stockadjustment&tab=ready",
        "change": f"/admin/review/stockadjustment/{change.pk}/",
        "explained": f"/admin/review/order/{ready[1].pk}/explained/",
        "beside": f"/admin/review/order/{ready[1].pk}/beside/{ready[2].pk}/",
    }


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]), ("dark", ["color-contrast"])]
)
def test_every_page_is_open_to_everybody_by_wcag_a_and_aa(
    browser: Any, live_server: Any, scheme: str, rules: list[str]
) -> None:
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    shop = desk(person("order data owner", "accountant", "IT lead", username="kim"))
    axe, found = sync_playwright.Axe(), {}
    page = visit(browser, live_server.url, [], color_scheme=scheme)
    waiting = models.Order.objects.filter(shop=shop, blockers__gt=0)[0]
    for place, address in {
        **PLACES,
        **FORMS,
        **made_of(shop),
        "review": f"/admin/review/order/{waiting.pk}/",
    }.items():
        page.goto(f"{live_server.url}{address}")
        judged = axe.run(page, options={"runOnly": rules})
        if judged.violations_count:
            found[place] = judged.generate_report()
    assert found == {}


@pytest.mark.parametrize(
    ("name", "options"),
    [("light", {}), ("dark", {"color_scheme": "dark"}), ("narrow", {"viewport": {"width": 400, "height": 800}})],
)
def test_no_page_is_wider_than_its_window_and_the_console_stays_empty(
    browser: Any, live_server: Any, shots: Path, name: str, options: dict[str, Any]
) -> None:
    shop = desk(person("order data owner", "accountant", username="kim"))
    complaints: list[str] = []
    page = visit(browser, live_server.url, complaints, **{k: v for k, v in options.items() if k != "viewport"})
    if "viewport" in options:
        page.set_viewport_size(options["viewport"])
    waiting = models.Order.objects.filter(blockers__gt=0).order_by("-placed_at")
    records = {f"review-{order.number}": f"/admin/review/order/{order.pk}/" for order in waiting[:1]}
    ready = models.Order.objects.filter(blockers=0).order_by("-placed_at")[0]
    for place, address in {
        **PLACES,
        **made_of(shop),
        **records,
        "review-ready": f"/admin/review/order/{ready.pk}/",
    }.items():
        page.goto(f"{live_server.url}{address}")
        page.screenshot(path=shots / f"{place}-{name}.png")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{place} is {overflow} pixels wider than the window"
    assert complaints == []
