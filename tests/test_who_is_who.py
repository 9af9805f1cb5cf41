"""Customers and items of a ledger: found or made once, kept as bindings, and where one merely looks alike a person says who is who."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connections, outbox
from integrations.accounting.base import Booked, Masters, retail
from integrations.booking import known
from integrations.errors import Misconfigured, Proposal, Undecided
from integrations.models import Attempt, Binding, DeliveryState
from integrations.registry import adapter
from orders import outgoing
from orders.models import Document, Event
from tests import crime_ledger, outbox_world
from tests.admin_company import person
from tests.contracts import documents as drafts
from tests.outbox_world import World, delivery

pytestmark = [pytest.mark.outbox, pytest.mark.django_db(transaction=True)]


@adapter("keeper")
class Keeper(crime_ledger.CrimeLedger):
    """It knows one customer, who looks like everybody; what it was told it writes into a file."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options(Masters):
        folder: Path

    def __init__(self, options: Options, session: object = None) -> None:
        super().__init__(crime_ledger.CrimeLedger.Options(folder=options.folder))
        self.options, self.retail = options, retail(options)

    def book(self, document: outgoing.Document) -> Booked:
        told = document.known
        crime_ledger.append(self.folder, "known", dataclasses.asdict(told))
        if not told.customer and not told.make:
            seen = Proposal(id="15", label="J. Doe", why="the same e-mail")
            words = f"{document.reference}: J. Doe looks like its customer."
            raise Undecided(words, noun="customer", ours=told.ours, proposals=[seen])
        made = told.customer or "16"
        bound = (outgoing.Bound(noun="customer", ours=told.ours, theirs=made),) if told.make else ()
        items = tuple(
            outgoing.Bound(noun="item", ours=line.sku, theirs=f"i{line.n}") for line in document.lines if line.sku
        )
        return dataclasses.replace(super().book(document), bound=bound + items)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return there(tmp_path / "ledger")


def there(folder: Path, **options: str) -> World:
    return outbox_world.make(folder, name="keeper", kind="keeper", options={"folder": str(folder), **options})


def told(world: World) -> list[dict[str, Any]]:
    return crime_ledger.read(world.folder, "known")


def test_a_customer_that_looks_alike_parks_the_document_and_asks(world: World) -> None:
    document = world.sign()
    outbox.tick(10)
    row = delivery(document)
    assert (row.state, world.times_booked()) == (DeliveryState.PARKED, {})
    assert "J. Doe" in row.words
    assert row.fix
    asked = known.question(row)
    assert asked == {
        "noun": "customer",
        "ours": "C-77",
        "proposals": [{"id": "15", "label": "J. Doe", "why": "the same e-mail"}],
    }
    last = Attempt.objects.latest("id")
    assert "J. Doe" not in json.dumps(last.reply), "how they are called is personal"
    assert not Binding.objects.exists()


@pytest.mark.parametrize(("answer", "customer", "make"), [("15", "15", False), ("", "", True)])
def test_the_answer_is_kept_and_every_document_that_waited_for_it_goes_again(
    world: World, answer: str, customer: str, make: bool
) -> None:
    first, second = world.sign_many(2)
    outbox.tick(10)
    assert outbox.answer(delivery(first), answer, world.user, "I know him.") == 2
    world.settle()
    assert {delivery(document).state for document in (first, second)} == {DeliveryState.BOOKED}
    assert world.times_booked() == {"WEB1": 1, "WEB2": 1}
    assert [(line["customer"], line["make"]) for line in told(world)[2:3]] == [(customer, make)]
    assert Binding.objects.get(noun="customer", ours="C-77").theirs == (answer or "16")
    assert "C-77" in Event.objects.get(verb="decided").words
    with pytest.raises(outbox.NotRetried):
        outbox.answer(delivery(first), "15", world.user)


def test_what_was_found_or_made_is_handed_in_the_next_time(world: World) -> None:
    world.sign("1")
    outbox.tick(10)
    outbox.answer(delivery(Document.objects.get()), "", world.user)
    world.settle()
    world.sign("2")
    world.settle()
    last = told(world)[-1]
    assert (last["customer"], last["make"], last["items"]) == ("16", False, [["TEE-RED-M", "i1"]])


def test_private_buyers_stand_on_their_shops_retail_customer_and_companies_do_not(tmp_path: Path) -> None:
    world = there(tmp_path / "ledger", retail="web=7, eu=8")
    ledger = connections.adapter_of(world.connection)
    private = drafts.invoice("1", shop="web")
    firm = drafts.invoice("2", shop="web", party=dataclasses.replace(drafts.PARTY, company="Doe & Co"))
    other = drafts.invoice("3", shop="us")
    given = known.given(world.connection.pk, ledger, [private, firm, other])
    assert [document.known.customer for document in given] == ["7", "", ""]


def test_a_guest_who_buys_twice_is_one_customer_of_ours_and_his_address_is_not_told_by_it(world: World) -> None:
    mails = ("a@example.org", "A@example.org ", "", "b@example.org")
    guests = [dataclasses.replace(drafts.PARTY, id=f"web:guest:{n}", email=mail) for n, mail in enumerate(mails)]
    first, second, nameless, other = map(known.customer, guests)
    assert first == second
    assert len({first, nameless, other}) == 3
    assert (nameless, "example" in first) == ("web:guest:2", False)


def test_what_is_known_of_many_documents_is_asked_for_once(world: World, django_assert_num_queries: Any) -> None:
    ledger = connections.adapter_of(world.connection)
    with django_assert_num_queries(1):
        known.given(world.connection.pk, ledger, [drafts.invoice(str(n)) for n in range(20)])


@pytest.mark.parametrize("text", ["web", "=7", "web=", "web=7;eu"])
def test_a_retail_option_that_says_nothing_is_refused_in_words(text: str) -> None:
    with pytest.raises(Misconfigured, match="names no shop") as caught:
        retail(Masters(retail=text))

    assert "web=15, eu=18" in caught.value.fix


def test_the_page_of_the_delivery_asks_those_who_map_and_nobody_else(world: World, client: Client) -> None:
    document = world.sign()
    outbox.tick(10)
    page = reverse("admin:integrations_delivery_change", args=[delivery(document).pk])
    answer = reverse("admin:integrations_delivery_answer", args=[delivery(document).pk])
    client.force_login(person("IT lead"))
    assert "J. Doe" not in client.get(page).content.decode().replace(delivery(document).words, "")
    assert client.post(answer, {"theirs": "15"}).status_code == 403
    client.force_login(person("accountant", username="anna"))
    text = client.get(page).content.decode()
    assert "It is this one" in text
    assert "the same e-mail" in text
    assert client.post(answer, {"theirs": "15"}).status_code == 302
    assert Binding.objects.get(noun="customer").theirs == "15"
    assert "It is this one" not in client.get(page).content.decode()
