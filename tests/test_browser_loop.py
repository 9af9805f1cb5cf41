"""The way back, what nobody knows the words of, and proposals, in a real Chromium: light, dark, narrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from orders import models as m
from tests import desk, test_browser
from tests.admin_company import person
from tests.test_browser import browser, shots, visit

__all__ = ["browser", "shots"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
_driven = test_browser._driven_from_one_thread


def test_the_owner_takes_an_order_back_and_the_console_stays_empty(browser: Any, live_server: Any, shots: Path) -> None:
    shop = desk.shop(owner=person("order data owner", "accountant", "IT lead", username="kim"))
    m.AccountMapping.objects.filter(ledger=shop.ledger, value="shipping").delete()
    order = desk.approved(shop)
    desk.book_all(order)
    desk.told(shop, "2", lines=(desk.line("L1", "4.90", kind="shipping", sku=""),))
    complaints: list[str] = []
    way_back = reverse("admin:undo", args=[order.pk])
    for name, options in {"light": {}, "dark": {"color_scheme": "dark"}}.items():
        page = visit(browser, live_server.url, complaints, **options)
        for place in (way_back, reverse("admin:proposals"), reverse("admin:wording")):
            page.goto(f"{live_server.url}{place}")
            page.screenshot(path=str(shots / f"loop-{place.split('/')[-2]}-{name}.png"), full_page=True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{live_server.url}{reverse('admin:proposals')}")
    page.screenshot(path=str(shots / "loop-proposals-narrow.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{live_server.url}{way_back}")
    page.screenshot(path=str(shots / "loop-way-back-narrow.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.fill("#why", "ordered twice")
    page.click("text=Take it back")
    page.wait_for_selector("text=is taken back")
    page.screenshot(path=str(shots / "loop-taken-back.png"), full_page=True)
    assert not page.is_visible("text=undo possible"), "what answers a document is on its way, and is no approval"
    assert desk.fresh(order).state == m.State.HELD
    assert not complaints
