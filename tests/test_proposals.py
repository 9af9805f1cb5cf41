"""Mappings proposed with their reason: by name for accounts, by rate, country and treatment for taxes; a click accepts, and what waited becomes ready."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from orders import models as m
from orders import proposals
from tests import desk, factories
from tests.admin_company import person

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def shop() -> m.Shop:
    """A shop whose ledger has no tax mapped for 7 %, and no account for shipping; one order waits for both."""
    made = desk.shop(owner=person("order data owner", username="kim"))
    m.AccountMapping.objects.filter(ledger=made.ledger, value="shipping").delete()
    m.TaxMapping.objects.filter(ledger=made.ledger, rate=Decimal("0.07")).delete()
    factories.account(made.ledger, "4830")
    m.Account.objects.filter(code="4830").update(name="Erlöse Versandkosten")
    lines = (desk.line("L1", "10.70", tax="0.70", rate="0.07"), desk.line("L2", "4.90", kind="shipping", sku=""))
    desk.told(made, lines=lines)
    return made


def found(shop: m.Shop, prefix: str) -> proposals.Proposal:
    return next(item for item in proposals.proposals(shop.ledger) if item.cause.startswith(prefix))


def test_a_tax_is_proposed_by_its_rate_and_what_its_name_says(shop: m.Shop) -> None:
    proposal = found(shop, "tax:")
    assert (proposal.sure, proposal.records) == (True, 1)
    assert proposal.candidates[0].code == "DE7"
    assert proposal.candidates[0].why == "the same rate, 7 %; its name says “DE”"
    m.TaxCode.objects.create(ledger=shop.ledger, code="DE7X", name="DE 7 export", rate=Decimal("0.07"))
    assert [item.code for item in found(shop, "tax:").candidates] == ["DE7", "DE7X"]
    m.TaxCode.objects.create(ledger=shop.ledger, code="DE7B", name="DE7", rate=Decimal("0.07"))
    assert not found(shop, "tax:").sure, "two that are alike are both shown, and none is preferred"


def test_an_account_is_proposed_by_its_name_and_nothing_is_mapped_without_a_click(shop: m.Shop) -> None:
    before = m.AccountMapping.objects.count()
    proposal = found(shop, "account:line:shipping")
    assert "4830" in [item.code for item in proposal.candidates]
    assert "its name says" in proposal.candidates[0].why
    assert m.AccountMapping.objects.count() == before


def test_a_click_maps_it_and_what_waited_becomes_ready(shop: m.Shop) -> None:
    client = Client()
    client.force_login(desk.owner(shop))
    page = client.get(reverse("admin:proposals")).content.decode()
    assert "the same rate, 7 %" in page
    for prefix in ("tax:", "account:line:shipping"):
        row = found(shop, prefix)
        sent = {"cause": row.cause, "code": row.candidates[0].code}
        reply = client.post(reverse("admin:proposal", args=[shop.ledger.pk]), sent, follow=True)
        assert "It is mapped." in reply.content.decode()
    assert m.Order.objects.get().blockers == 0
    assert m.Event.objects.filter(verb="made", words__contains="Accepted as proposed").count() == 2
    again = client.post(reverse("admin:proposal", args=[shop.ledger.pk]), sent, follow=True)
    assert "It is mapped already" in again.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 403), ("entrepreneur", 403), ("IT lead", 403), ("deputy", 403)]
)
def test_who_may_not_map_accepts_nothing(shop: m.Shop, role: str, status: int) -> None:
    client = Client()
    client.force_login(person(role))
    row = found(shop, "tax:")
    sent = {"cause": row.cause, "code": row.candidates[0].code}
    assert client.post(reverse("admin:proposal", args=[shop.ledger.pk]), sent).status_code == status
    assert not m.TaxMapping.objects.filter(rate=Decimal("0.07")).exists()


def test_the_shell_says_the_same_and_accepts_as_a_person(shop: m.Shop, capsys: Any) -> None:
    call_command("propose", shop.ledger.code)
    assert "DE7 DE7: the same rate" in capsys.readouterr().out
    cause = found(shop, "tax:").cause
    person("auditor", username="ada")
    with pytest.raises(CommandError, match="ada may not map that"):
        call_command("propose", shop.ledger.code, "--accept", cause, "DE7", "--by", "ada")
    call_command("propose", shop.ledger.code, "--accept", cause, "DE7", "--by", "kim")
    assert "Mapped; 1 records checked again" in capsys.readouterr().out
