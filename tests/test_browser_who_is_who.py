"""A person at the desk says who is who: the delivery's page asks, one click answers, and the document goes; the console stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from integrations import outbox
from integrations.models import Binding, DeliveryState
from tests.admin_company import person
from tests.outbox_world import delivery
from tests.test_browser import _driven_from_one_thread, browser, shots, visit  # noqa: F401
from tests.test_who_is_who import there

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    told: list[str] = []
    yield told
    assert told == []


def test_the_accountant_answers_with_one_click_and_the_document_goes(
    browser: Any,  # noqa: F811
    live_server: Any,
    shots: Path,  # noqa: F811
    complaints: list[str],
    tmp_path: Path,
) -> None:
    world = there(tmp_path / "ledger")
    document = world.sign()
    outbox.tick(10)
    person("accountant", "IT lead", username="kim")
    ways: dict[str, dict[str, Any]] = {"phone": {}, "dark": {"color_scheme": "dark"}, "light": {}}
    for name, options in ways.items():
        page = visit(browser, live_server.url, complaints, **options)
        if name == "phone":
            page.set_viewport_size({"width": 390, "height": 844})
        page.goto(live_server.url + reverse("admin:integrations_connection_add") + "?kind=odoo")
        page.screenshot(path=str(shots / f"connect-{name}.png"), full_page=True)
        page.goto(live_server.url + reverse("admin:integrations_delivery_change", args=[delivery(document).pk]))
        page.screenshot(path=str(shots / f"asks-{name}.png"), full_page=True)
    page.get_by_role("button", name="It is this one").click()
    page.wait_for_load_state()
    assert "It is kept; documents sent again: 1." in page.inner_text("body")
    assert Binding.objects.get(noun="customer").theirs == "15"
    world.settle()
    assert delivery(document).state == DeliveryState.BOOKED
