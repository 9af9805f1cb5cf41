"""The pages of files for ledgers: made, carried, acknowledged and withdrawn by the accountant; read by the auditor, who finds no button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import alerts, handover, jobs
from integrations.models import Connection, FileEntry
from orders.models import Event, ExportBatch, Notification, Outcome
from tests import outbox_world
from tests.admin_company import person
from tests.outbox_world import World, booking
from tests.test_browser import FLAGS

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = outbox_world.make(tmp_path / "ledger")
    Connection.objects.update(kind="quickbooks-iif", options={})
    return made


def signed_in(*roles: str) -> Client:
    client = Client()
    client.force_login(person(*roles))
    return client


def handed_out(world: World, count: int = 2) -> ExportBatch:
    world.sign_many(count)
    world.settle(1)
    return handover.make(world.connection, None)


def test_the_accountant_makes_the_file_downloads_it_and_acknowledges_it(world: World) -> None:
    documents = world.sign_many(2)
    world.settle(1)
    client = signed_in("accountant")
    page = client.get(reverse("admin:files")).content.decode()
    assert "2 documents lie ready" in page
    made = client.post(reverse("admin:filemake", args=[world.connection.pk]), follow=True).content.decode()
    batch = ExportBatch.objects.get()
    assert "waiting for acknowledgement" in made
    assert "248.00" in made
    assert "IIF Files" in made
    address = reverse("admin:exportfile", args=[batch.pk, batch.files.get().name])
    first, second = client.get(address), client.get(address)
    assert first.content == second.content == bytes(batch.files.get().content)
    done = client.post(reverse("admin:fileact", args=[batch.pk, "all"]), {"first": "0099"}, follow=True)
    assert "2 acknowledged" in done.content.decode()
    world.settle(1)
    assert [booking(document).outcome for document in documents] == [Outcome.BOOKED] * 2
    shown = client.get(reverse("admin:filebatch", args=[batch.pk])).content.decode()
    assert "booked as 0099" in shown
    assert "booked as 0100" in shown
    assert Event.objects.get(noun="exportbatch", verb="made").by == Event.objects.get(verb="acknowledged").by
    assert Event.objects.get(verb="acknowledged").by.username == "accountant"


def test_a_refused_row_is_said_in_its_own_sentence_and_nothing_else_is_lost(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    batch = handed_out(world)
    client = signed_in("accountant")
    content = b'reference,number,total\r\nWEB1,7,124.00\r\nWEB2,8,"1,234"\r\n'
    answer = {"file": SimpleUploadedFile("back.csv", content)}
    page = client.post(reverse("admin:fileact", args=[batch.pk, "file"]), answer, follow=True).content.decode()
    assert "1 acknowledged" in page
    assert "Row 3, total: “1,234”" in page
    assert handover.unanswered(batch).count() == 1


def test_the_acknowledgement_to_fill_in_comes_back_as_it_is(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    batch = handed_out(world)
    client = signed_in("accountant")
    sheet = client.get(reverse("admin:fileform", args=[batch.pk])).content
    assert sheet.decode("utf-8-sig").splitlines()[1] == "WEB1,invoice,,,124.00"
    answer = {"file": SimpleUploadedFile("back.csv", sheet)}
    page = client.post(reverse("admin:fileact", args=[batch.pk, "file"]), answer, follow=True).content.decode()
    assert "2 acknowledged" in page


def test_the_accountant_withdraws_a_file_with_a_reason_only(world: World) -> None:
    batch = handed_out(world)
    client = signed_in("accountant")
    address = reverse("admin:fileact", args=[batch.pk, "withdraw"])
    assert "needs its reason" in client.post(address, {"why": " "}, follow=True).content.decode()
    assert "2 came back" in client.post(address, {"why": "The wrong company"}, follow=True).content.decode()
    page = client.get(reverse("admin:filebatch", args=[batch.pk])).content.decode()
    assert "The wrong company" in page
    assert "/act/" not in page


@pytest.mark.parametrize("role", ["auditor", "marketing manager", "IT lead", "deputy"])
def test_nobody_else_makes_acknowledges_or_withdraws(world: World, role: str) -> None:
    batch = handed_out(world)
    client = signed_in(role)
    for address in (
        reverse("admin:filemake", args=[world.connection.pk]),
        *(reverse("admin:fileact", args=[batch.pk, verb]) for verb in ("all", "file", "withdraw")),
    ):
        assert client.post(address, {"why": "because"}).status_code == 403
    assert handover.unanswered(batch).count() == 2


def test_the_auditor_sees_and_downloads_and_finds_no_button(world: World) -> None:
    batch = handed_out(world)
    client = signed_in("auditor")
    listed = client.get(reverse("admin:files")).content.decode()
    page = client.get(reverse("admin:filebatch", args=[batch.pk])).content.decode()
    assert "quickbooks-iif 1" in listed
    assert "WEB1" in page
    assert "/act/" not in page
    assert "/make/" not in listed
    assert client.get(reverse("admin:exportfile", args=[batch.pk, batch.files.get().name])).status_code == 200


def test_a_batch_of_many_is_shown_in_a_fixed_number_of_queries(
    world: World, django_assert_max_num_queries: Any
) -> None:
    client = signed_in("accountant")
    few = handed_out(world, 2)
    for number in range(3, 14):
        world.sign(str(number))
    world.settle(2)
    many = handover.make(world.connection, None)
    client.get(reverse("admin:files"))
    for batch in (few, many):
        with django_assert_max_num_queries(18):
            client.get(reverse("admin:filebatch", args=[batch.pk]))
    with django_assert_max_num_queries(20):
        client.get(reverse("admin:files"))


def test_what_nobody_acknowledged_is_told_to_the_accountants_and_stands_on_today(world: World) -> None:
    batch = handed_out(world)
    client = signed_in("accountant")
    assert "2 documents in files wait for acknowledgement" in client.get(reverse("admin:index")).content.decode()
    FileEntry.objects.update(late_at=batch.made_at)
    person("IT lead")
    alerts.tell(jobs.rhythm())
    told = Notification.objects.get(cause__startswith="alert file")
    assert (told.user.username, told.url) == ("accountant", reverse("admin:filebatch", args=[batch.pk]))
    assert "nobody said what became of it" in client.get(reverse("admin:index")).content.decode()


@pytest.mark.browser
@pytest.mark.slow
def test_in_a_browser_the_accountant_carries_a_file_and_the_auditor_only_looks(
    world: World, chromium: str, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    shots = Path(os.environ.get("ORDERSYNC_SHOTS", tmp_path))
    shots.mkdir(parents=True, exist_ok=True)
    for role in ("accountant", "auditor"):
        person(role)
    world.sign_many(3)
    world.settle(1)
    complaints: list[str] = []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = _visit(browser, live_server.url, "accountant", complaints)
        page.goto(live_server.url + reverse("admin:files"))
        page.screenshot(path=str(shots / "files.png"), full_page=True)
        page.click("text=Make the file")
        page.wait_for_selector("text=What to carry, and where")
        with page.expect_download() as caught:
            page.click("a:has-text('quickbooks.iif')")
        assert caught.value.suggested_filename.endswith("quickbooks.iif")
        for name, options in (("light", {}), ("dark", {"color_scheme": "dark"})):
            page.emulate_media(**options or {"color_scheme": "light"})
            page.screenshot(path=str(shots / f"batch-{name}.png"), full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=str(shots / "batch-390.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        back = tmp_path / "back.csv"
        back.write_text("reference;number;state\nWEB1;0017;paid\nWEB2;;refused\n")
        page.set_input_files("#file", str(back))
        page.click("text=Take it in")
        page.wait_for_selector("text=1 acknowledged, 1 came back")
        page.fill("#first", "0018")
        page.click("text=Acknowledge 1 document")
        page.wait_for_selector("h1 .chip.good")
        page.screenshot(path=str(shots / "batch-done-390.png"), full_page=True)
        auditor = _visit(browser, live_server.url, "auditor", complaints)
        auditor.goto(live_server.url + reverse("admin:filebatch", args=[ExportBatch.objects.get().pk]))
        assert auditor.locator("main form, #content form").count() == 0
        browser.close()
    assert complaints == []
    world.settle(1)
    assert sorted(FileEntry.objects.values_list("document__booking__outcome", flat=True)) == [
        "booked",
        "booked",
        "refused",
    ]


def _visit(browser: Any, address: str, name: str, complaints: list[str]) -> Any:
    page = browser.new_context(viewport={"width": 1360, "height": 860}).new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.goto(f"{address}/")
    page.fill("#id_username", name)
    page.fill("#id_password", "secret")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")
    return page
