"""The way in: an authenticator is made before anything else opens, recovery codes work once, and secrets ask for the password again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from integrations.models import Connection
from orders import models, review
from orders.admin.stepup import PROVED_AT
from tests import desk as company
from tests import factories
from tests.admin_company import person

pytestmark = pytest.mark.django_db


def signed_in(name: str = "kim") -> Client:
    client = Client()
    client.post(reverse("admin:login"), {"username": name, "password": "secret"})
    return client


def code_of(device: TOTPDevice) -> str:
    return f"{TOTP(device.bin_key, device.step, device.t0, device.digits).token():06d}"


def enrolled(client: Client) -> list[str]:
    """An authenticator is made on the page; the recovery codes that it shows."""
    client.post(reverse("admin:access_act", args=["begin"]))
    device = TOTPDevice.objects.get()
    shown = client.post(reverse("admin:access_act", args=["confirm"]), {"code": code_of(device)}).content.decode()
    return re.findall(r"<li><code>([^<]+)</code></li>", shown)


def forget_proof(client: Client) -> None:
    session = client.session
    session[PROVED_AT] -= 16 * 60
    session.save()


def test_who_needs_a_code_makes_an_authenticator_before_any_other_page_opens(settings: Any) -> None:
    settings.ORDERSYNC_REQUIRE_OTP = True
    person("order data owner", username="kim")
    client = signed_in()
    page = client.get(reverse("admin:review"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("admin:access")
    assert "an authenticator is needed" in page.content.decode()
    codes = enrolled(client)
    assert len(codes) == len(set(codes)) == 10
    assert client.get(reverse("admin:review")).status_code == 200


def test_a_wrong_code_confirms_nothing() -> None:
    person("order data owner", username="kim")
    client = signed_in()
    client.post(reverse("admin:access_act", args=["begin"]))
    said = client.post(reverse("admin:access_act", args=["confirm"]), {"code": "000000"}, follow=True).content.decode()
    assert "This is not the code of now" in said
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    assert not StaticToken.objects.exists()


def test_a_recovery_code_lets_in_once() -> None:
    kim = person("order data owner", username="kim")
    codes = enrolled(signed_in())
    static = StaticDevice.objects.get(user=kim)
    enter = {"username": "kim", "password": "secret", "otp_device": static.persistent_id, "otp_token": codes[0]}
    assert Client().post(reverse("admin:login"), enter).status_code == 302
    assert Client().post(reverse("admin:login"), enter).status_code == 200
    assert StaticToken.objects.count() == 9


def test_the_password_alone_does_not_add_a_second_authenticator_or_take_one_away() -> None:
    person("order data owner", username="kim")
    enrolled(signed_in())
    thief = signed_in()
    for verb in ("begin", "codes", "remove"):
        assert thief.post(reverse("admin:access_act", args=[verb])).status_code == 403
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1


@pytest.mark.parametrize("verb", ["codes", "remove"])
def test_recovery_codes_and_removal_ask_for_the_password_again(verb: str) -> None:
    person("order data owner", username="kim")
    client = signed_in()
    enrolled(client)
    forget_proof(client)
    there = client.post(reverse("admin:access_act", args=[verb]))
    assert there["Location"].startswith(reverse("admin:prove"))
    assert StaticToken.objects.count() == 10


def test_a_page_with_secrets_asks_for_the_password_after_a_quarter_of_an_hour_and_goes_on_there() -> None:
    person("IT lead", username="kim")
    books = Connection.objects.create(name="books", kind="beancount", ledger=factories.ledger("books"))
    there = reverse("admin:integrations_connection_change", args=[books.pk])
    client = signed_in()
    assert client.get(there).status_code == 200
    forget_proof(client)
    asked = client.get(there)
    assert asked["Location"] == f"{reverse('admin:prove')}?next={there.replace('/', '%2F')}"
    wrong = client.post(reverse("admin:prove"), {"password": "wrong", "next": there})
    assert "That is not right" in wrong.content.decode()
    assert client.get(there).status_code == 302
    assert client.post(reverse("admin:prove"), {"password": "secret", "next": there})["Location"] == there
    assert client.get(there).status_code == 200


def test_the_proof_leads_to_no_other_site() -> None:
    person("IT lead", username="kim")
    reply = signed_in().post(reverse("admin:prove"), {"password": "secret", "next": "https://example.net/"})
    assert reply["Location"] == reverse("admin:index")


def test_an_auditor_reads_a_page_with_secrets_without_the_proof_and_may_have_an_authenticator() -> None:
    person("auditor", username="kim")
    client = signed_in()
    forget_proof(client)
    assert client.get(reverse("admin:integrations_connection_changelist")).status_code == 200
    assert len(enrolled(client)) == 10


def test_the_second_of_two_signatures_asks_for_the_password_and_is_given_afterwards() -> None:
    shop = company.shop(ledger_four_eyes_limit=1)
    order = company.told(shop)
    review.approve(order, by=company.owner(shop))
    second = person("order data owner", username="kim")
    models.Deputy.objects.create(
        shop=shop, deputy=second, from_at=factories.NOON, until_at=factories.NOON.replace(year=2099)
    )
    client = signed_in()
    forget_proof(client)
    order.refresh_from_db()
    act = reverse("admin:act", args=["order", order.pk, "approve"])
    assert client.post(act, {"version": order.version})["Location"].startswith(reverse("admin:prove"))
    assert not models.Approval.objects.get().second_by
    client.post(reverse("admin:prove"), {"password": "secret"})
    client.post(act, {"version": order.version})
    assert models.Approval.objects.get().second_by == second
