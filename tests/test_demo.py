"""The demo: its files are repeatable, its walk ends with a proof that holds, and its books are Beancount's to the cent."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data as beancount
from django.apps import apps
from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum
from django.utils import timezone

from integrations import handover
from integrations.stores import base, files
from orders import documents, incoming, reconciliation, roles
from orders import models as m
from orders.outgoing import LINE_SIDE
from ordersync_site.demo import carried, company, generator, ground, walk

TODAY = date(2026, 11, 20)
FEW = (6, 6, 8)
CURRENCIES = {store.code: store.currency for store in company.STORES}


def records(file: generator.File) -> list[incoming.Record]:
    """What the readers make of a file."""
    setting = base.Setting(currency=CURRENCIES[file.shop], time_zone="UTC")
    stream = io.BytesIO(file.content)
    return list(files.reader(stream).read(stream, setting))


def test_the_files_are_the_same_for_the_same_day() -> None:
    assert generator.files(TODAY) == generator.files(TODAY)


def test_about_300_orders_payouts_and_a_shelf_are_told_in_their_formats_and_nothing_is_refused() -> None:
    told = [(file, record) for file in generator.files(TODAY) for record in records(file)]
    expected = (incoming.Order, incoming.Payout, incoming.Product, incoming.StockLevel)
    assert all(isinstance(record, expected) for _file, record in told)
    assert {file.name for file, record in told if isinstance(record, incoming.Payout)} == {
        "payment_transactions_export_1.csv"
    }
    first = [(file.shop, record.id) for file, record in told if file.wave == 1 and isinstance(record, incoming.Order)]
    assert len(first) == len(set(first))
    assert 270 <= len(first) <= 330
    assert {files.reader(io.BytesIO(file.content)).name for file in generator.files(TODAY)} == {
        "shopify-orders-csv", "shopify-orders-json", "shopify-payouts-csv", "shopify-products-csv", "shopify-inventory-csv", "woocommerce-orders-json",
    }  # fmt: skip


def test_everybody_is_invented() -> None:
    people = [
        record for file in generator.files(TODAY, FEW) for record in records(file) if isinstance(record, incoming.Order)
    ]
    assert {order.email.rpartition("@")[2] for order in people} == {"example.org"}


def test_the_demos_password_is_one_that_the_rules_allow() -> None:
    for name in company.PEOPLE:
        password_validation.validate_password(company.PASSWORD, User(username=name))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_walk_ends_with_a_proof_that_holds_in_books_that_are_right(tmp_path: Path) -> None:
    roles.settle(apps)  # a test that empties the tables takes the migration's groups along
    said: list[str] = []
    walk.walk(TODAY, tmp_path, said.append, FEW)
    found = reconciliation.proof()
    assert found.differences == ()
    assert {item.shop for item in found.sales} == set(CURRENCIES)
    _people_and_shops_are_there()
    _something_is_left_to_do()
    for ledger in m.Ledger.objects.all():
        assert documents.verify(ledger) == []
        assert ledger.undo_seconds == company.UNDO_SECONDS
        if ledger.code == carried.SHOP:
            continue  # its books lie elsewhere: a person carries files there
        parsed = parse(tmp_path / ledger.code / "main.beancount")
        assert parsed == signed(ledger)
        assert any(parsed.values())
    assert documents.events_verify() == []


def _people_and_shops_are_there() -> None:
    names = {user.username: {group.name for group in user.groups.all()} for user in User.objects.all()}
    assert names == {name: set(groups) for name, (_first, _last, groups) in company.PEOPLE.items()}
    assert "auditor" not in names["entrepreneur"]


def _something_is_left_to_do() -> None:
    codes = set(m.Finding.objects.filter(severity=m.Severity.BLOCKING).values_list("code", flat=True))
    expected = {
        "sku_unknown",
        "tax_unmapped",
        "total_mismatch",
        "test_order",
        "cancelled",
        "period_closed",
        "payment_unmapped",
        "refund_without_lines",
    }
    assert expected <= codes
    assert m.Order.objects.filter(state=m.State.PENDING, blockers=0).count() == walk.LEFT_READY
    assert m.Order.objects.filter(state=m.State.APPROVED, progress=m.Progress.POSTED).exists()
    assert m.Refund.objects.filter(state=m.State.APPROVED).exists()
    assert m.Payout.objects.filter(state=m.State.APPROVED, progress=m.Progress.POSTED).exists()
    assert m.Payout.objects.get(state=m.State.PENDING).blockers
    assert handover.counted() == {"ready": 2, "open": 4}
    assert not m.ImportJob.objects.exclude(refused=0).exists()
    _people_have_left_something_for_each_other()


def _people_have_left_something_for_each_other() -> None:
    asked = m.Question.objects.order_by("closed_at").values_list("of__username", "answered_by__username")
    assert sorted(asked, key=str) == [("accountant", "accountant"), ("accountant", None)]
    assert m.Order.objects.filter(state=m.State.HELD).count() == 2
    assert m.AssignedCause.objects.get().to.username == "accountant"
    assert m.StockLevel.objects.count() == 15
    states = m.StockAdjustment.objects.values_list("state", flat=True)
    assert sorted(states) == [m.State.APPROVED, m.State.PENDING, m.State.PENDING]
    assert m.CustomerChange.objects.filter(state=m.State.PENDING).count() == 2
    assert not m.Bulk.objects.exclude(state=m.BulkState.DONE).exists()
    assert m.Deputy.objects.filter(limit=None, from_at__gt=timezone.now()).count() == len(company.STORES)


def parse(main: Path) -> dict[tuple[str, str, str], Decimal]:
    """The ledger as Beancount reads it, by currency, account and kind of document; what bean-check says must be nothing."""
    entries, errors, _options = loader.load_file(str(main))
    assert errors == []
    sums: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, beancount.Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                sums[posting.units.currency, posting.account, entry.meta["ordersync-key"].split(":")[3]] += (
                    posting.units.number
                )
    return {key: amount for key, amount in sums.items() if amount}


def signed(ledger: m.Ledger) -> dict[tuple[str, str, str], Decimal]:
    """The same from the signed lines in SQL: each line's net and tax on its side, the document's gross on the other."""
    sums: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for currency, account, kind, amount in _signed(ledger):
        sums[currency, account, kind] += LINE_SIDE[kind] * amount
    return {key: amount for key, amount in sums.items() if amount}


def _signed(ledger: m.Ledger) -> Iterator[tuple[str, str, str, Decimal]]:
    lines = m.DocumentLine.objects.filter(
        document__ledger=ledger, document__booking__booked_at__isnull=False
    ).order_by()
    for account, field in (("account", "net"), ("tax_account", "tax")):
        yield from (
            lines.values_list("currency", account, "document__kind").annotate(amount=Sum(field)).exclude(amount=0)
        )
    booked = m.Document.objects.filter(ledger=ledger, booking__booked_at__isnull=False).order_by()
    yield from booked.values_list("currency", "contra_account", "kind").annotate(amount=Sum(-F("gross")))


@pytest.mark.django_db
def test_the_demo_refuses_production(settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never made in production"):
        call_command("demo", "--no-serve")


@pytest.mark.django_db
def test_the_demo_refuses_a_database_with_other_shops(settings, tmp_path: Path) -> None:
    settings.ORDERSYNC_FOLDER = tmp_path
    ledger = m.Ledger.objects.create(code="real", name="Real", base_currency="EUR")
    shop = m.Shop.objects.create(code="real", name="Real", ledger=ledger, currency="EUR", prefix="R")
    m.Appointment.objects.create(shop=shop, owner=User.objects.create(username="somebody"), since=None)
    with pytest.raises(ground.Refused, match="not the demo's"):
        ground.prepare(fresh=False)


@pytest.mark.django_db
def test_the_demo_never_clears_a_database_of_another_name(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATABASE_URL = "postgresql://db.example.org/shop"
    monkeypatch.setitem(connection.settings_dict, "NAME", "shop")
    with pytest.raises(ground.Refused, match="is not cleared"):
        ground.prepare(fresh=True)


@pytest.mark.parametrize("port", ["0", "http", "70000"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(CommandError, match="PORT is"):
        call_command("demo")


def test_what_the_readme_tells_to_run_names_what_the_demo_has() -> None:
    told = Path("README.md").read_text().split("## From a shell")[1].split("```")[1].split("\n\n")[0]
    known = {
        "shop": set(CURRENCIES), "ledger": {store.ledger for store in company.STORES}, "by": set(company.PEOPLE),
    }  # fmt: skip
    named = re.findall(r"--(shop|ledger|by) (\S+)", told) + re.findall(r"check_connection (\S+)()", told)
    assert len(named) >= 5
    for option, name in named:
        assert name in known[option] if name else option in known["ledger"], (option, name)
