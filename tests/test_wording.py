"""What nobody has put into words yet: kept whole with its attempt, collected by text, shown to the IT lead; what an adapter knows is not collected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import outbox
from integrations.accounting.base import Booked
from integrations.admin import wording
from integrations.errors import Refused
from integrations.models import Attempt
from integrations.registry import adapter
from orders import outgoing
from tests import crime_ledger, outbox_world
from tests.admin_company import person
from tests.outbox_world import World, booking, delivery

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]
LONG = "Kontierung fehlt. " * 100


@adapter("grumbler")
class Grumbler(crime_ledger.CrimeLedger):
    """It refuses in its own language, of which its adapter knows the word for a closed month; the document 3 meets a bug."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        folder: Path

    def __init__(self, options: Options, session: object = None) -> None:
        super().__init__(crime_ledger.CrimeLedger.Options(folder=options.folder))

    def book(self, document: outgoing.Document) -> Booked:
        if document.reference == "WEB3":
            raise ZeroDivisionError("by nothing")
        if document.reference == "WEB4":
            raise Refused(f"{document.reference}: the month is closed.", fix="Reopen it.")
        said = f"Beleg {document.reference[3:]}7: {LONG}"
        raise Refused(f"{document.reference}: {said}", fix="Correct it.", untranslated=said)


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "ledger"
    return outbox_world.make(folder, name="grumbler", kind="grumbler", options={"folder": str(folder)})


def test_texts_that_nobody_knows_are_collected_whole_and_once(world: World) -> None:
    documents = world.sign_many(4)
    outbox.tick(20)
    bug, said = sorted(wording.collected(), key=lambda row: row.count)
    assert (said.kind, said.count) == ("grumbler", 2)
    assert said.text.endswith(LONG)
    assert said.example.delivery.document == documents[1]
    assert said.first_at <= said.last_at
    assert bug.text == "ZeroDivisionError: by nothing"
    assert not Attempt.objects.filter(delivery=delivery(documents[3]), reply__has_key="untranslated").exists()
    assert booking(documents[3]).fix == "Reopen it."


def test_the_it_lead_reads_them_with_an_example_and_others_do_not(
    world: World, django_assert_max_num_queries: Any
) -> None:
    document = world.sign()
    outbox.tick(20)
    client = Client()
    client.force_login(person("IT lead"))
    address = reverse("admin:wording")
    client.get(address)
    with django_assert_max_num_queries(14):
        page = client.get(address).content.decode()
    assert LONG.strip() in page
    assert reverse("admin:integrations_delivery_change", args=[delivery(document).pk]) in page
    client.force_login(person("marketing manager"))
    assert client.get(address).status_code == 403
