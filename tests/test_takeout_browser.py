"""An accountant takes lists and statements out in a real Chromium; an auditor reads and downloads; a marketing manager is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orders import models
from tests import desk as company
from tests import factories, files
from tests.admin_company import desk, person
from tests.test_browser import _driven_from_one_thread, browser, shots

__all__ = ["_driven_from_one_thread", "browser", "shots"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("light", {"viewport": {"width": 1360, "height": 860}}),
    ("dark", {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"}),
    ("narrow", {"viewport": {"width": 390, "height": 800}}),
]


def visit(browser: Any, address: str, name: str, complaints: list[str], **options: Any) -> Any:
    """A fresh window in which this person is signed in; whatever the console says is kept."""
    page = browser.new_context(
        **{"viewport": {"width": 1360, "height": 860}, "accept_downloads": True, **options}
    ).new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.goto(f"{address}/")
    page.fill("#id_username", name)
    page.fill("#id_password", "secret")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")
    return page


def fetched(page: Any, words: str) -> bytes:
    """The file that a click brings."""
    with page.expect_download() as coming:
        page.click(f"a:has-text('{words}')")
    return Path(coming.value.path()).read_bytes()


def test_an_accountant_takes_out_a_filtered_list_and_a_tab_of_the_queue(browser: Any, live_server: Any) -> None:
    desk(person("order data owner", username="kim"))
    person("accountant", username="ana")
    complaints: list[str] = []
    page = visit(browser, live_server.url, "ana", complaints)
    page.goto(f"{live_server.url}/admin/orders/customer/?q=finn")
    names = {row["name"] for row in files.records(fetched(page, "Export CSV"))}
    assert names == {"Finn Sato"}
    cells = files.sheet(fetched(page, "Export XLSX"))
    assert {row[cells[0].index("name")] for row in cells[1:]} == {"Finn Sato"}
    page.goto(f"{live_server.url}/admin/review/?tab=ready")
    ready = models.Order.objects.filter(blockers=0, state="pending").values_list("number", flat=True)
    assert {row["number"] for row in files.records(fetched(page, "Export CSV"))} == set(ready)
    assert complaints == []


def test_a_statement_is_made_once_and_fetched_again_byte_for_byte(browser: Any, live_server: Any) -> None:
    shop = company.shop()
    company.book_all(company.approved(shop, "1", lines=(factories.line("119.00", tax="19.00"),)))
    person("accountant", username="ana")
    person("auditor", username="ada")
    complaints: list[str] = []
    page = visit(browser, live_server.url, "ana", complaints)
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/statements/")
    day = models.Document.objects.latest("posting_on").posting_on.isoformat()
    page.fill("input[name=from]", day)
    page.fill("input[name=to]", day)
    page.click("text=Show the totals")
    assert "238.00" in page.inner_text("main, #content")
    page.click("text=Make the file")
    page.wait_for_selector(".messagelist")
    assert "Number 1 is made" in page.inner_text(".messagelist")
    first, second = fetched(page, ".csv"), fetched(page, ".csv")
    assert first == second
    assert sum(float(row["debit"] or 0) for row in files.records(first)) == 238

    audited = visit(browser, live_server.url, "ada", complaints)
    audited.goto(f"{live_server.url}/admin/statements/?statement=journal&ledger={shop.ledger.code}&from={day}&to={day}")
    assert audited.locator("text=Make the file").count() == 0
    audited.goto(f"{live_server.url}/admin/orders/exportbatch/")
    assert fetched(audited, ".csv") == first
    audited.goto(f"{live_server.url}/admin/orders/order/")
    assert files.records(fetched(audited, "Export CSV"))
    assert complaints == []


def test_a_marketing_manager_takes_out_products_and_no_customer(browser: Any, live_server: Any) -> None:
    desk(person("order data owner", username="kim"))
    person("marketing manager", username="mia")
    page = visit(browser, live_server.url, "mia", [])
    page.goto(f"{live_server.url}/admin/orders/product/")
    assert files.table(fetched(page, "Export CSV"))
    for place in ("/admin/statements/", "/admin/orders/customer/take-out/csv/", "/admin/review/take-out/csv/"):
        assert page.request.get(f"{live_server.url}{place}").status == 403


def test_the_pages_of_taking_out_are_no_wider_than_their_window(browser: Any, live_server: Any, shots: Path) -> None:
    desk(person("order data owner", "accountant", username="kim"))
    shop = models.Shop.objects.get()
    models.Ledger.objects.update(undo_seconds=0)
    company.book_all(company.approved(shop, "21"))
    day = models.Document.objects.latest("posting_on").posting_on.isoformat()
    asked = f"?statement=journal&ledger={shop.ledger.code}&from={day}&to={day}"
    complaints: list[str] = []
    for name, options in LOOKS:
        page = visit(browser, live_server.url, "kim", complaints, **options)
        page.goto(f"{live_server.url}/admin/statements/{asked}")
        if page.locator("text=Make the file").count() and name == "light":
            page.click("text=Make the file")
        places = {
            "statements": f"/admin/statements/{asked}", "handed-out": "/admin/orders/exportbatch/", "batch": "/admin/orders/exportbatch/1/change/",
            "list": "/admin/orders/order/", "mappings-list": "/admin/orders/itemmapping/", "queue-export": "/admin/review/?tab=ready",
        }  # fmt: skip
        places["batch"] = f"/admin/orders/exportbatch/{models.ExportBatch.objects.latest('pk').pk}/change/"
        for place, address in places.items():
            page.goto(f"{live_server.url}{address}")
            page.screenshot(path=shots / f"{place}-{name}.png")
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, f"{place} {name} is {over} pixels wider than the window"
    assert complaints == []
