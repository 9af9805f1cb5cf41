"""Files and letters: read whole or refused in words, counted once, and one bad letter never stops the others."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from integrations import inbox
from integrations.inbox import letters
from integrations.models import Message, MessageState
from orders.models import ImportJob, ImportRefusal, ImportState, Order, Shop
from tests import factories

pytestmark = pytest.mark.django_db

LINE = {
    "id": 11,
    "title": "Cup",
    "price": "10.00",
    "quantity": 1,
    "sku": "CUP",
    "discount_allocations": [],
    "tax_lines": [],
}
ORDER: dict[str, Any] = {
    "id": 1, "name": "#1001", "currency": "EUR", "created_at": "2026-01-02T03:04:05+01:00", "updated_at": "2026-01-02T03:04:06+01:00",
    "financial_status": "paid", "taxes_included": True, "total_line_items_price": "10.00", "subtotal_price": "10.00", "total_discounts": "0.00",
    "total_tax": "0.00", "total_price": "10.00", "tax_lines": [], "line_items": [LINE], "shipping_lines": [], "payment_gateway_names": [],
    "refunds": [], "fulfillments": [], "customer": None, "email": "ann@example.org",
}  # fmt: skip


@pytest.fixture
def shop() -> Shop:
    return factories.shop("web")


def body(*orders: dict[str, Any]) -> bytes:
    return json.dumps({"orders": list(orders)}).encode()


def file(*orders: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO(body(*orders))


def order(number: int, **changed: Any) -> dict[str, Any]:
    return {**ORDER, "id": number, "name": f"#{1000 + number}", **changed}


def due() -> None:
    Message.objects.update(not_before=None)


def test_a_file_is_read_and_its_orders_are_there(shop: Shop) -> None:
    job = inbox.receive_file(shop, file(order(1), order(2)), name="orders.json")
    assert (job.state, job.layout, job.created, job.refused) == (ImportState.DONE, "shopify-orders-json", 2, 0)
    assert job.ended_at is not None
    assert set(shop.orders.values_list("store_id", flat=True)) == {"1", "2"}


def test_a_refused_record_is_kept_with_its_place_and_reason(shop: Shop) -> None:
    job = inbox.receive_file(shop, file(order(1), order(2, total_price="ten")), name="orders.json")
    assert (job.created, job.refused) == (1, 1)
    refusal = ImportRefusal.objects.get(job=job)
    assert refusal.place
    assert "ten" in refusal.reason


def test_the_same_file_again_changes_nothing_and_says_so(shop: Shop) -> None:
    first = inbox.receive_file(shop, file(order(1)), name="orders.json")
    again = inbox.receive_file(shop, file(order(1)), name="copy of orders.json")
    assert (again.created, again.updated, again.same) == (0, 0, 1)
    assert first.words == ""
    assert "orders.json" in again.words
    assert again.file_hash == first.file_hash


def test_a_file_too_large_is_refused_before_it_is_read(shop: Shop, settings: Any) -> None:
    settings.ORDERSYNC_FILE_LIMIT = 100
    job = inbox.receive_file(shop, file(order(1)), name="orders.json")
    assert (job.state, Order.objects.count()) == (ImportState.FAILED, 0)
    assert "larger than 100 bytes" in job.words


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"<html></html>", b"\x00\xff", b'{"orders": [{"id": 1, "name": "#1", ']
)
def test_a_file_of_another_kind_is_refused_in_words(shop: Shop, content: bytes) -> None:
    job = inbox.receive_file(shop, io.BytesIO(content), name="orders.csv")
    assert job.state == ImportState.FAILED
    assert job.words


def test_a_file_that_is_not_there_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    job = inbox.receive_file(shop, tmp_path / "none.csv", name="none.csv")
    assert (job.state, "cannot be opened" in job.words) == (ImportState.FAILED, True)


def test_a_trial_counts_and_keeps_nothing(shop: Shop) -> None:
    job, refusals = inbox.try_file(shop, file(order(1), order(2, total_price="ten")), name="orders.json")
    assert (job.created, job.refused, len(refusals)) == (1, 1, 1)
    assert not Order.objects.exists()
    assert not ImportJob.objects.exists()


# Letters


def test_a_letter_is_kept_once_and_taken_in_once(shop: Shop) -> None:
    first = inbox.accept(shop, "webhook orders/updated", "delivery-1", body(order(1)))
    assert inbox.accept(shop, "webhook orders/updated", "delivery-1", body(order(1))) == first
    assert inbox.process() == (1, 0)
    assert inbox.process() == (0, 0)
    assert Order.objects.get().store_id == "1"
    first.refresh_from_db()
    assert (first.state, first.done_at is not None) == (MessageState.DONE, True)


def test_a_letter_that_nobody_understands_needs_a_person_after_five_attempts_and_the_others_go_on(shop: Shop) -> None:
    bad = inbox.accept(shop, "webhook", "bad", b"\x00\x01")
    inbox.accept(shop, "webhook", "good", body(order(1)))
    assert inbox.process() == (1, 1)
    for attempt in range(2, 6):
        bad.refresh_from_db()
        assert (bad.state, bad.attempts) == (MessageState.NEW, attempt - 1)
        assert inbox.process() == (0, 0), "it waits before it is tried again"
        due()
        assert inbox.process() == (0, 1)
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == (MessageState.FAILED, 5)
    assert bad.words
    due()
    assert inbox.process() == (0, 0)


def test_a_letter_that_ends_the_process_is_not_tried_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dies(message: Message) -> str:
        raise Killed

    message = inbox.accept(shop, "webhook", "poison", body(order(1)))
    monkeypatch.setattr(letters, "_read", dies)
    for _ in range(5):
        with pytest.raises(Killed):
            inbox.process()
        due()
    assert inbox.process() == (0, 1)
    message.refresh_from_db()
    assert message.state == MessageState.FAILED


def test_a_letter_whose_orders_fail_halfway_leaves_nothing_behind(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox.accept(shop, "webhook", "one", body(order(1)))
    honest = letters._read

    def breaks(message: Message) -> str:
        honest(message)
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(letters, "_read", breaks)
        assert inbox.process() == (0, 1)
    assert not Order.objects.exists()
    due()
    assert inbox.process() == (1, 0)
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_letters_are_shared_among_processes_and_each_is_read_once() -> None:
    shop = factories.shop("web")
    for n in range(12):
        inbox.accept(shop, "webhook", str(n), body(order(n)))
    counts: list[tuple[int, int]] = []

    def work() -> None:
        try:
            counts.append(inbox.process(20))
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done for done, _failed in counts) == 12
    assert Order.objects.count() == 12


# From a shell


def test_import_file_says_what_became_of_the_file(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(body(order(1), order(2, total_price="ten")))
    with pytest.raises(CommandError, match="1 refused"):
        call_command("import_file", str(path), "--shop", "web", "--dry-run")
    assert "nothing was kept: orders.json" in capsys.readouterr().out
    with pytest.raises(CommandError, match="1 refused"):
        call_command("import_file", str(path), "--shop", "web", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["created"], told["refused"], told["layout"]) == (1, 1, "shopify-orders-json")
    assert told["refusals"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--shop", "none"], "There is no shop “none”"), (["--shop", "web", "--layout", "x"], "There is no layout “x”")],
)
def test_import_file_ends_with_a_sentence_when_it_is_refused(
    shop: Shop, tmp_path: Path, arguments: list[str], words: str
) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(body(order(1)))
    with pytest.raises(CommandError, match=words):
        call_command("import_file", str(path), *arguments)
