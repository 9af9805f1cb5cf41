"""Before a ledger is switched on: its first document in its own terms, on the page and from a shell; its lists in the pickers; mappings to what is gone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import connections, jobs, outbox, rehearsal
from integrations.models import Connection, Delivery
from orders import incoming, intake, mappings, review
from orders import models as m
from tests import desk, factories
from tests import toy_ledger as _toy  # noqa: F401  (registers the toy)
from tests.admin_company import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> m.Shop:
    return desk.shop(owner=person("order data owner", username="kim"))


def connected(shop: m.Shop, folder: Path, kind: str = "beancount", **more: Any) -> Connection:
    return connections.connect(kind, "books", ledger=shop.ledger, options={"folder": str(folder)}, on=False, **more)


def client(*names: str) -> Client:
    there, held = Client(), User.objects.filter(username="-".join(names).replace(" ", "-")).first()
    there.force_login(held or person(*names))
    return there


def page(there: Connection, *names: str) -> str:
    """The page of the first document, as somebody in these roles sees it."""
    return client(*names).get(reverse("admin:integrations_connection_first", args=[there.pk])).content.decode()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_before_a_person_has_switched_it_on(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    order = desk.approved(shop)
    m.Booking.objects.update(not_before=timezone.now())
    outbox.tick(5)
    assert not list(tmp_path.glob("*.beancount"))
    assert desk.open_documents(order)
    connections.resume(there, None)
    outbox.tick(5)
    assert not desk.open_documents(order)
    assert desk.verbs(there) == ["connected", "switched on"]
    assert Delivery.objects.filter(state="booked").count() == 2


def test_connecting_again_neither_switches_it_on_nor_off(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    assert connected(shop, tmp_path).on_since is None
    connections.resume(there, None)
    again = connected(shop, tmp_path)
    assert again.on_since is not None
    assert again.paused_at is None


def test_the_first_document_is_what_the_oldest_ready_order_would_become(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    assert rehearsal.rehearse(there) == []
    desk.told(shop, "1", lines=(factories.line("11.90", tax="1.90", sku="NOT-MAPPED"),))
    desk.told(shop, "2")
    invoice, payment = rehearsal.rehearse(there)
    assert (invoice.kind, payment.kind) == ("invoice", "payment")
    assert [(line.account, line.amount) for line in invoice.lines] == [
        ("Assets:Receivable", Decimal("11.90")),
        ("Income:Goods", Decimal("-10.00")),
        ("Liabilities:Tax:DE19", Decimal("-1.90")),
    ]
    assert "ordersync-kind" in invoice.text
    assert not list(tmp_path.glob("*.beancount"))


def test_what_is_signed_already_comes_before_what_is_only_ready(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    desk.told(shop, "1")
    signed = desk.approved(shop, "2")
    assert rehearsal.rehearse(there)[0].reference == desk.open_documents(signed)[0].reference


def test_the_it_lead_sees_the_document_without_its_customer_and_switches_it_on(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    order = desk.told(shop)
    seen = page(there, "IT lead")
    assert "Income:Goods" in seen
    assert order.customer_name
    assert order.customer_name not in seen
    assert order.customer_name in page(there, "auditor")
    assert "Switch it on" in seen
    assert "Switch it on" not in page(there, "auditor")
    act = reverse("admin:integrations_connection_act", args=[there.pk, "resume"])
    client("IT lead").post(act)
    there.refresh_from_db()
    assert (there.on_since is not None, there.paused_at) == (True, None)


def test_a_page_of_the_first_document_asks_few_things(
    shop: m.Shop, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    there, it = connected(shop, tmp_path), client("IT lead")
    desk.told(shop)
    address = reverse("admin:integrations_connection_first", args=[there.pk])
    it.get(address)
    with django_assert_max_num_queries(36):
        it.get(address)


def test_what_is_in_the_way_stands_in_the_preview_and_keeps_a_shell_from_switching_on(
    shop: m.Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = connected(shop, tmp_path)
    mapped = m.AccountMapping.objects.get(ledger=shop.ledger, purpose="line", value="item")
    mapped.account = factories.account(shop.ledger, "4000")
    mapped.save()
    desk.told(shop)
    assert "“4000”" in page(there, "IT lead")
    with pytest.raises(CommandError, match="stays off"):
        call_command("preview", "books", "--on")
    capsys.readouterr()
    mapped.account = factories.account(shop.ledger, "Income:Goods")
    mapped.save()
    call_command("preview", "books", "--json", "--on")
    told = json.loads(capsys.readouterr().out)
    assert told[0]["sums"]["Total"] == "11.90"
    assert Connection.objects.get().paused_at is None


def test_a_ledger_without_a_preview_of_its_own_is_shown_by_the_names_it_told(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path, "toy")
    desk.told(shop)
    (invoice, *_rest) = rehearsal.rehearse(there)
    assert invoice.lines[0].account == "Assets:Receivable"
    assert ("Accounting date", str(m.Order.objects.get().placed_on)) in invoice.facts


# Lists for the pickers


def told(ledger: m.Ledger, *codes: str, items: tuple[str, ...] = (), money: tuple[str, ...] = ()) -> bool:
    """What a ledger with these accounts says; whether something moved."""
    accounts = tuple(incoming.AccountChoice(code=code, name=code.title()) for code in codes)
    lying = tuple(account for account in accounts if account.code in money)
    rows = tuple(incoming.RecordChoice(id=f"id-{code}", code=code, name=code.title()) for code in items)
    return intake.receive_choices(ledger, incoming.Choices(accounts=accounts, payment_accounts=lying, items=rows))


def test_items_and_payment_accounts_are_kept_for_the_pickers(shop: m.Shop) -> None:
    told(shop.ledger, "1000", "4000", items=("MUG", "TEE"), money=("1000",))
    assert list(shop.ledger.items.values_list("code", "active")) == [("MUG", True), ("TEE", True)]
    accountant = client("accountant")
    rows = accountant.get(
        reverse("admin:autocomplete"),
        {"app_label": "orders", "model_name": "accountmapping", "field_name": "account", "term": "000"},
    ).json()["results"]
    assert rows[0]["text"] == "1000 · money may lie on it"
    form = accountant.get(reverse("admin:orders_itemmapping_add")).content.decode()
    assert '<option value="TEE">Tee</option>' in form


def test_an_item_is_gone_only_where_the_whole_list_was_told(shop: m.Shop) -> None:
    told(shop.ledger, "1000", items=("MUG", "TEE"))
    assert not told(shop.ledger, "1000", items=("MUG", "TEE"))
    assert told(shop.ledger, "1000", items=("MUG",))
    assert list(shop.ledger.items.filter(active=False).values_list("code", flat=True)) == ["TEE"]
    many = tuple(incoming.RecordChoice(id=f"n{n}", name=str(n)) for n in range(incoming.Choices.most))
    assert not intake.receive_choices(shop.ledger, incoming.Choices(items=many))
    assert shop.ledger.items.get(code="MUG").active


def test_a_mapping_to_what_is_gone_is_a_finding_with_the_way_to_the_mapping(shop: m.Shop) -> None:
    order = desk.told(shop)
    assert not desk.codes(order)
    codes = list(shop.ledger.accounts.values_list("code", flat=True))
    assert told(shop.ledger, *(code for code in codes if code != "Income:Goods"))
    assert mappings.moved(shop.ledger) == 1
    finding = order.findings.get(code="mapping_gone")
    assert finding.cause == "account:line:item"
    assert "Income:Goods is mapped, and is not in the ledger any more" in desk.refused(
        review.approve, desk.fresh(order), by=desk.owner(shop)
    )
    held = m.AccountMapping.objects.get(ledger=shop.ledger, purpose="line", value="item")
    shown = client("accountant", "order data owner").get(reverse("admin:problems")).content.decode()
    assert reverse("admin:orders_accountmapping_change", args=[held.pk]) in shown
    assert told(shop.ledger, *codes)
    mappings.moved(shop.ledger)
    assert not desk.codes(order)


def test_a_tax_code_that_is_gone_blocks_and_an_item_that_is_gone_warns(shop: m.Shop) -> None:
    m.TaxCode.objects.filter(ledger=shop.ledger, code="DE19").update(active=False)
    m.LedgerItem.objects.create(ledger=shop.ledger, their_id="1", code=m.ItemMapping.objects.get().item, active=False)
    order = desk.told(shop)
    found = {row.code: row for row in order.findings.all()}
    assert found["mapping_gone"].severity == m.Severity.BLOCKING
    assert found["mapping_gone"].cause.startswith("tax:")
    assert found["item_gone"].severity == m.Severity.WARNING


def test_the_clock_fetches_each_ledgers_lists_once_a_day(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path, "toy")
    Connection.objects.update(choices_at=None)
    assert jobs.JOBS["choices"].work(5).done == 1
    assert jobs.JOBS["choices"].work(5).done == 0
    there.refresh_from_db()
    assert there.choices_at is not None


def test_a_ledger_that_opens_accounts_by_itself_takes_none_away(shop: m.Shop, tmp_path: Path) -> None:
    (tmp_path / "main.beancount").write_text('include "accounts.beancount"\n')
    (tmp_path / "accounts.beancount").write_text("1970-01-01 open Assets:Bank\n")
    connected(shop, tmp_path)
    assert not shop.ledger.accounts.filter(active=False).exists()


def test_the_button_fetches_the_lists_again_and_says_what_moved(shop: m.Shop, tmp_path: Path) -> None:
    there = connected(shop, tmp_path)
    act = reverse("admin:integrations_connection_act", args=[there.pk, "lists"])
    reply = client("IT lead").post(act, follow=True)
    assert "The lists are fetched." in reply.content.decode()
