"""An accountant brings files in at a real Chromium: previewed, asked, corrected, confirmed, cancelled; the console stays empty under the strict policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from integrations import inbox
from orders.models import ImportJob, ImportState, Order
from tests import factories
from tests.admin_company import person
from tests.test_browser import _driven_from_one_thread, browser, shots  # noqa: F401 fixtures
from tests.uploading import order, orders, table

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
THEMES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Whatever a page's console says during the test: it must say nothing."""
    found: list[str] = []
    yield found
    assert found == []


def visit(browser: Any, address: str, who: str, complaints: list[str], **options: Any) -> Any:  # noqa: F811
    page = browser.new_context(**{"viewport": {"width": 1360, "height": 860}, **options}).new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.goto(f"{address}/")
    page.fill("#id_username", who)
    page.fill("#id_password", "secret")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")
    return page


def bring(page: Any, address: str, folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.write_bytes(content.encode())
    page.goto(f"{address}{reverse('admin:upload')}")
    page.set_input_files("#id_file", path)
    page.click("text=Upload")
    page.wait_for_selector("text=Is this right?")


def photograph(page: Any, folder: Path, name: str) -> None:
    """A picture to look at; no page is wider than its window."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"


@pytest.mark.parametrize("theme", THEMES)
def test_an_accountant_answers_previews_and_confirms(
    browser: Any,  # noqa: F811
    live_server: Any,
    tmp_path: Path,
    shots: Path,  # noqa: F811
    complaints: list[str],
    theme: str,
) -> None:
    factories.shop("web")
    person("accountant", username="kim")
    page = visit(browser, live_server.url, "kim", complaints, **THEMES[theme])
    odd = table(
        order(1, Subtotal="1,234", Total="1,234", Lineitem_price="1,234", Created_at="03/04/2026 08:00"), order(2)
    )
    bring(page, live_server.url, tmp_path, "march.csv", odd)
    photograph(page, shots, f"import-uploaded-{theme}")
    page.click("text=Yes: show what it would do")
    page.wait_for_selector("text=which number is “1,234”?")
    photograph(page, shots, f"import-asks-{theme}")
    page.check("input[name=decimal][value='.']")
    page.click("text=Go on")
    page.wait_for_selector("text=which day is “03/04/2026 08:00”?")
    page.check("input[name=dates][value=dmy]")
    page.click("text=Go on")
    page.wait_for_selector("text=which time zone does")
    page.click("text=Go on")
    page.wait_for_selector("text=Nothing was taken in yet")
    assert "1,244.00 EUR" in page.inner_text("#content")
    photograph(page, shots, f"import-ready-{theme}")
    page.click("text=Confirm: take it in")
    page.wait_for_selector(".chip.good >> text=done")
    photograph(page, shots, f"import-done-{theme}")
    assert Order.objects.count() == 2
    bring(page, live_server.url, tmp_path, "april.csv", table(order(2, Email="bea@example.org")))
    page.click("text=Yes: show what it would do")
    page.wait_for_selector("del >> text=ann@example.org")
    photograph(page, shots, f"import-changes-{theme}")


@pytest.mark.parametrize("theme", ["narrow"])
def test_an_accountant_takes_the_refused_rows_corrects_them_and_brings_them_in(
    browser: Any,  # noqa: F811
    live_server: Any,
    tmp_path: Path,
    shots: Path,  # noqa: F811
    complaints: list[str],
    theme: str,
) -> None:
    factories.shop("web")
    person("accountant", username="kim")
    page = visit(browser, live_server.url, "kim", complaints, **THEMES[theme])
    bring(page, live_server.url, tmp_path, "orders.csv", table(order(1), order(2, Total="€10")))
    page.click("text=Yes: show what it would do")
    page.wait_for_selector("text=Row 3: “Total” is “€10”")
    assert page.locator("text=Confirm: take it in").count() == 0
    photograph(page, shots, f"import-refused-{theme}")
    with page.expect_download() as waiting:
        page.click("text=as a file, with the reasons")
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    assert waiting.value.suggested_filename == "orders-refused.csv"
    assert "Row 3: “Total” is “€10”" in text
    page.click("text=Cancel")
    page.wait_for_selector("text=Cancelled by kim before anything was taken in.")
    bring(page, live_server.url, tmp_path, "again.csv", text.replace("€10,", "10.00,", 1))
    page.click("text=Yes: show what it would do")
    page.click("text=Confirm: take it in")
    page.wait_for_selector(".chip.good >> text=done")
    assert Order.objects.get().number == "#1002"


@pytest.mark.parametrize("theme", ["dark"])
def test_the_progress_of_a_large_file_shows_by_itself_and_can_be_cancelled(
    browser: Any,  # noqa: F811
    live_server: Any,
    tmp_path: Path,
    shots: Path,  # noqa: F811
    complaints: list[str],
    settings: Any,
    theme: str,
) -> None:
    settings.ORDERSYNC_PREVIEW_ROWS = 10
    factories.shop("web")
    person("accountant", username="kim")
    page = visit(browser, live_server.url, "kim", complaints, **THEMES[theme])
    bring(page, live_server.url, tmp_path, "large.csv", orders(20))
    page.click("text=Yes: show what it would do")
    page.wait_for_selector("text=Reading the file")
    photograph(page, shots, f"import-reading-{theme}")
    works()
    page.wait_for_selector("text=Confirm: take it in")
    photograph(page, shots, f"import-ready-large-{theme}")
    page.click("text=Confirm: take it in")
    page.wait_for_selector("text=Taking in")
    ImportJob.objects.update(done=7)
    page.wait_for_selector("text=7 of 20 records")
    photograph(page, shots, f"import-running-{theme}")
    page.click("text=Cancel")
    page.wait_for_selector("text=Cancelled by kim after 7 of 20 records; what was taken in stays.")
    photograph(page, shots, f"import-cancelled-{theme}")
    assert ImportJob.objects.get().state == ImportState.CANCELLED


def works() -> None:
    """The job “imports”, in a thread of its own: this one belongs to the browser."""

    def tick() -> None:
        try:
            inbox.work(30)
        finally:
            connection.close()

    thread = threading.Thread(target=tick)
    thread.start()
    thread.join()


def test_an_auditor_sees_the_import_and_no_button_and_is_refused(
    browser: Any,  # noqa: F811
    live_server: Any,
    tmp_path: Path,
    complaints: list[str],
) -> None:
    factories.shop("web")
    person("accountant", username="kim")
    person("auditor", username="ann")
    page = visit(browser, live_server.url, "kim", complaints)
    bring(page, live_server.url, tmp_path, "orders.csv", orders(1))
    page.click("text=Yes: show what it would do")
    page.wait_for_selector("text=Nothing was taken in yet")
    address = page.url
    auditor = visit(browser, live_server.url, "ann", complaints)
    auditor.goto(address)
    assert "What would change" in auditor.inner_text("#content")
    assert auditor.locator("#content button, #content a:has-text('Bring in')").count() == 0
    assert auditor.locator("#side >> text=Bring in a file").count() == 0
    refused = auditor.goto(f"{live_server.url}{reverse('admin:upload')}")
    assert refused.status == 403
    complaints[:] = [line for line in complaints if "403" not in line]  # the browser itself tells of the refusal
