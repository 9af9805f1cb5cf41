"""A person looks at a ledger's first document before switching it on: one page, one button; the console stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from integrations import connections
from integrations.models import Connection
from tests import desk
from tests.admin_company import person
from tests.test_browser import _driven_from_one_thread, browser, shots, visit  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    told: list[str] = []
    yield told
    assert told == []


def test_the_it_lead_looks_and_switches_it_on(
    browser: Any,  # noqa: F811
    live_server: Any,
    shots: Path,  # noqa: F811
    complaints: list[str],
    tmp_path: Path,
) -> None:
    shop = desk.shop(owner=person("order data owner", username="jo"))
    options = {"folder": str(tmp_path)}
    there = connections.connect("beancount", "books", ledger=shop.ledger, options=options, on=False)
    desk.told(shop)
    person("accountant", "IT lead", username="kim")
    for name, look in {"phone": {}, "dark": {"color_scheme": "dark"}, "light": {}}.items():
        page = visit(browser, live_server.url, complaints, **look)
        if name == "phone":
            page.set_viewport_size({"width": 390, "height": 844})
        page.goto(live_server.url + reverse("admin:integrations_connection_first", args=[there.pk]))
        page.screenshot(path=str(shots / f"first-{name}.png"), full_page=True)
    page.get_by_role("button", name="Switch it on").click()
    page.wait_for_load_state()
    assert Connection.objects.get(pk=there.pk).paused_at is None
