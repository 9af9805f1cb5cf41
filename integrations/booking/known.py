"""Which records of a ledger stand for a document's customer and items: handed to the adapter before a call, kept after it, and answered by a person."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from integrations.accounting.base import Accounting, Masters, retail
from integrations.errors import Undecided
from integrations.models import Attempt, Binding, Connection, Delivery, DeliveryState
from orders import events, outgoing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MADE_NEW = ""  # a binding without theirs: a person said that none of those that look alike is the one
NOUNS = ("customer", "item")


def given(connection_id: int, ledger: Accounting, documents: Sequence[outgoing.Document]) -> list[outgoing.Document]:
    """The documents with what is known of their customers and items, in one statement for all; unchanged for a ledger that keeps neither."""
    options = getattr(ledger, "options", None)
    if not isinstance(options, Masters):
        return list(documents)
    names = {customer(document.party) for document in documents}
    skus = {line.sku for document in documents for line in document.lines if line.sku}
    rows = Binding.objects.filter(connection_id=connection_id, noun__in=NOUNS, ours__in=names | skus)
    found = {(noun, ours): theirs for noun, ours, theirs in rows.values_list("noun", "ours", "theirs")}
    shops = retail(options)
    return [dataclasses.replace(document, known=_known(document, found, shops)) for document in documents]


def customer(party: outgoing.Party) -> str:
    """Our name for a customer: his id; a guest's is made of his e-mail, so that whoever buys twice without an account is one customer."""
    shop, guest, _id = party.id.partition(":guest:")
    if not guest or not party.email.strip():
        return party.id
    installation = uuid.uuid5(uuid.NAMESPACE_DNS, settings.ORDERSYNC_INSTALLATION)
    return f"{shop}:guest:{uuid.uuid5(installation, party.email.strip().lower()).hex[:12]}"


def _known(
    document: outgoing.Document, found: Mapping[tuple[str, str], str], shops: Mapping[str, str]
) -> outgoing.Known:
    ours, party = customer(document.party), document.party
    skus = dict.fromkeys(line.sku for line in document.lines if line.sku)
    items = tuple((sku, found["item", sku]) for sku in skus if ("item", sku) in found)
    private = not (party.company.strip() or party.vat_id.strip())
    if private and document.shop in shops:
        return outgoing.Known(ours=ours, customer=shops[document.shop], items=items)
    decided = ("customer", ours) in found
    theirs = found.get(("customer", ours), "")
    return outgoing.Known(ours=ours, customer=theirs, make=decided and theirs == MADE_NEW, items=items)


def asked(error: Undecided) -> dict[str, Any]:
    """What an attempt keeps of a question: the records by id and why, in the open; how they are called is personal."""
    proposals = [{"id": item.id, "why": item.why} for item in error.proposals]
    return {"noun": error.noun, "ours": error.ours, "proposals": proposals}


def labels(error: Undecided) -> str:
    return json.dumps({item.id: item.label for item in error.proposals}, ensure_ascii=False)


def question(delivery: Delivery) -> dict[str, Any] | None:
    """What the last attempt of a parked delivery asks a person: noun, ours, and the proposals with id, label and why; None if nothing."""
    if delivery.state != DeliveryState.PARKED:
        return None
    last = Attempt.objects.filter(delivery=delivery).order_by("-id").first()
    told = last.reply.get("asks") if last else None
    if last is None or told is None:
        return None
    names = json.loads(last.personal) if last.personal else {}
    return {**told, "proposals": [{**item, "label": names.get(item["id"], "")} for item in told["proposals"]]}


def same_question(connection: Connection, noun: str, ours: str) -> list[Delivery]:
    """Every parked delivery of that connection whose document waits for this answer."""
    parked = Delivery.objects.filter(connection=connection, state=DeliveryState.PARKED)
    wait = parked.filter(attempts__reply__asks__noun=noun, attempts__reply__asks__ours=ours).distinct().order_by("pk")
    return [row for row in wait if (told := question(row)) and (told["noun"], told["ours"]) == (noun, ours)]


def decide(connection: Connection, noun: str, ours: str, theirs: str, *, by: User | None, why: str = "") -> None:
    """Keep a person's answer: `theirs` is the record that stands for ours, or MADE_NEW."""
    with transaction.atomic():
        keep(connection.pk, [outgoing.Bound(noun=noun, ours=ours, theirs=theirs)])
        what = theirs or "none of those there: a new one is made"
        events.record(connection, "decided", by=by, why=why, words=f"The {noun} {ours} is {what}.")


def keep(connection_id: int, bound: Iterable[outgoing.Bound]) -> None:
    """Write down what a call found or made, or a person said; the last one holds."""
    rows = [
        Binding(
            connection_id=connection_id, noun=item.noun, ours=item.ours[:300], theirs=item.theirs[:300], bound_at=Now()
        )
        for item in {(item.noun, item.ours): item for item in bound}.values()
    ]
    key, rest = ["connection", "noun", "ours"], ["theirs", "bound_at"]
    Binding.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=rest)
