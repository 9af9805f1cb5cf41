"""The log: each line says what it belongs to, from the letter to the attempt, and no line names a person or a secret."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import io
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from integrations import connections, jobs, registry
from integrations.accounting.base import Booked, Bounds, Check, Idempotency
from integrations.errors import Conflict, Refused, Unavailable, Uncertain
from integrations.models import Attempt, AttemptOutcome, Connection, Delivery, Message, MessageState
from orders import incoming, outgoing, review
from orders.models import AccountMapping, Finding, Ledger, Order, Quarantine, Shop
from ordersync_site import logs, redaction
from tests import factories, test_inbox
from tests.admin_company import person

PERSONAL = (
    "mail@canary-01.example", "canary02 first", "canary03 last", "canary04 company", "canary05 street", "canary06 house", "canary07 city",
    "canary08-postcode", "+49 canary09", "canary10 first", "canary11 last", "canary12 company", "canary13 street", "canary14 house", "canary15 city",
    "canary16-postcode", "+49 canary17", "canary18 first", "canary19 last", "mail@canary-20.example", "+49 canary21", "canary22 note", "canary23 wish",
    "canary24.ip", "canary25 engraving", "canary26-cart",
)  # fmt: skip
WEBHOOK_SECRET, OLD_SECRET, LEDGER_TOKEN, FORGED_SECRET = (f"canary{n}-secret-of-{n}" for n in range(27, 31))
CANARIES = (*PERSONAL, WEBHOOK_SECRET, OLD_SECRET, LEDGER_TOKEN, FORGED_SECRET)


@registry.adapter("gossip")
class Gossip:
    """A ledger that fails in every way in turn, and each time says all it knows: the document with its persons, and the token."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        token: str = field(metadata={"secret": True})

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    concurrency: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()
    fails: ClassVar[list[type[Exception]]] = []

    def __init__(self, options: Options, session: object = None) -> None:
        self.token = options.token

    def check(self) -> Sequence[Check]:
        return []

    def choices(self) -> incoming.Choices:
        return incoming.Choices()

    def find(self, document: outgoing.Document) -> Booked | None:
        return self.book(document)

    def book(self, document: outgoing.Document) -> Booked:
        said = f"{document!r} {' '.join(PERSONAL)} token={self.token} {self.token}"
        try:
            raise KeyError(said)
        except KeyError as error:
            raise self.fails.pop(0)(said) from error

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        return []


@pytest.fixture(params=["json", "line"])
def written(request: pytest.FixtureRequest, settings: Any) -> Iterator[io.StringIO]:
    """All that is logged, down to the last detail, as the installation writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(logs.TrailFilter())
    handler.addFilter(logs.RefusedFilter())
    handler.addFilter(redaction.RedactionFilter())
    line = settings.LOGGING["formatters"]["line"]
    handler.setFormatter(
        logs.JsonFormatter() if request.param == "json" else logging.Formatter(line["format"], style="{")
    )
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def shop() -> Shop:
    shop = factories.shop("web", owner=factories.user("olga"))
    Ledger.objects.filter(pk=shop.ledger_id).update(undo_seconds=0)
    factories.item(shop.ledger, "CUP")
    bank = factories.account(shop.ledger, "Assets:Bank")
    AccountMapping.objects.create(ledger=shop.ledger, purpose="payment", value="other", account=bank)
    connections.connect("gossip", "books", ledger=shop.ledger, options={}, secrets={"token": LEDGER_TOKEN})
    secrets = {"secret": WEBHOOK_SECRET, "old_secret": OLD_SECRET}
    connections.connect("webhook", "door", shop=shop, options={"dialect": "shopify"}, secrets=secrets)
    return shop


def told(number: int, **changed: Any) -> bytes:
    """An order with every personal canary in the field where such a thing stands."""
    p = PERSONAL
    names = ("first_name", "last_name", "company", "address1", "address2", "city", "zip", "phone")
    address = {"country_code": "DE", "country": "Germany"}
    customer = {"id": 5, "first_name": p[17], "last_name": p[18], "email": p[19], "phone": p[20], "note": p[21]}
    line = {**test_inbox.LINE, "properties": [{"name": "engraving", "value": p[24]}]}
    more = {
        "email": p[0], "contact_email": p[0], "billing_address": dict(zip(names, p[1:9], strict=True)) | address,
        "shipping_address": dict(zip(names, p[9:17], strict=True)) | address, "customer": customer, "note": p[22], "browser_ip": p[23],
        "cart_token": p[25], "line_items": [line],
    }  # fmt: skip
    return json.dumps(test_inbox.order(number, **{**more, **changed})).encode()


def post(client: Client, body: bytes, event: str, secret: str = WEBHOOK_SECRET) -> int:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(), "X-Shopify-Event-Id": event}
    answer = client.post("/webhooks/door/", body, content_type="application/json", headers=headers)
    return int(answer.status_code)


@pytest.mark.django_db
def test_a_page_that_may_not_be_opened_is_one_line_without_a_traceback(written: io.StringIO, client: Client) -> None:
    client.force_login(person("marketing manager"))
    assert client.get(reverse("admin:proof")).status_code == 403
    (line,) = [
        line for line in written.getvalue().splitlines() if "Forbidden" in line and reverse("admin:proof") in line
    ]
    assert "Traceback" not in written.getvalue()
    assert "traceback" not in line


@pytest.mark.outbox
@pytest.mark.django_db(transaction=True)
def test_no_line_of_the_log_names_a_person_or_a_secret_however_badly_it_goes(
    client: Client, shop: Shop, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = told(1)
    assert post(client, body, "1") == 200
    assert post(client, body, "2", secret=FORGED_SECRET) == 401
    assert post(client, told(2, total_price=" ".join(PERSONAL)), "3", secret=OLD_SECRET) == 200
    assert post(client, b'{"broken": "' + " ".join(CANARIES).encode(), "4") == 200
    assert all(canary.encode() in body for canary in PERSONAL)
    jobs.run("inbox")
    order = Order.objects.get()
    assert Quarantine.objects.exists()
    assert Message.objects.filter(state=MessageState.NEW).exclude(words="").exists()

    assert not Finding.objects.filter(order=order, severity="blocking").exists()
    review.approve(order, by=User.objects.get(username="olga"))
    Gossip.fails = [Unavailable, Uncertain, Uncertain, ValueError]
    for _ in range(4):
        jobs.run("outbox")
        hurry()
    outcomes = set(Attempt.objects.values_list("outcome", flat=True))
    assert outcomes == {AttemptOutcome.UNAVAILABLE, AttemptOutcome.UNKNOWN, AttemptOutcome.BUG}
    second = told(3)
    assert post(client, second, "5") == 200
    jobs.run("inbox")
    review.approve(Order.objects.get(store_id="3"), by=User.objects.get(username="olga"))
    Gossip.fails = [Refused, Conflict]
    jobs.run("outbox")

    def broken(seconds: float) -> jobs.Result:
        raise ValueError(" ".join(CANARIES))

    monkeypatch.setitem(jobs.JOBS, "settle", dataclasses.replace(jobs.JOBS["settle"], work=broken))
    jobs.run("settle")
    jobs.run("alerts")

    text = written.getvalue()
    for sign in ("Kept as message-", "Orders by id", "the call ended in a bug", "Job settle broke off", "ValueError"):
        assert sign in text, sign
    assert [canary for canary in CANARIES if canary in text] == []


def hurry() -> None:
    """All that waits for a time may go now."""
    Connection.objects.update(not_before=None)
    Delivery.objects.update(not_before=Now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_letter_can_be_followed_to_the_attempt(client: Client, shop: Shop, written: io.StringIO) -> None:
    assert post(client, told(1), "1") == 200
    jobs.run("inbox")
    order = Order.objects.get()
    review.approve(order, by=User.objects.get(username="olga"))
    Gossip.fails = [Refused]
    jobs.run("outbox")
    message, attempt = Message.objects.get(), Attempt.objects.get()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    kept = _only(lines, f"Kept as message-{message.pk}.")
    assert kept["trail"].startswith("request-")
    read = _only(lines, f"Orders by id: {{'created': [{order.pk}]}}; refused: 0.")
    assert read["trail"].split("/")[1] == f"message-{message.pk}"
    sent = _only(lines, f"Attempt {attempt.pk}: book WEB1001 of order {order.pk}.")
    assert sent["trail"].split("/")[1] == f"delivery-{attempt.delivery_id}"
    assert _only(lines, f"Attempt {attempt.pk}: refused.")["trail"] == sent["trail"]


def _only(lines: list[dict[str, str]], words: str) -> dict[str, str]:
    (found,) = (line for line in lines if line["words"] == words)
    return found


def test_trails_lie_within_each_other_and_end(written: io.StringIO) -> None:
    log = logging.getLogger("ordersync.test")
    with logs.about("outbox-1"):
        with logs.about("delivery-2"):
            log.info("inner")
        log.info("middle")
    log.info("outer")
    text = written.getvalue()
    assert "outbox-1/delivery-2" in text
    assert [line.count("outbox-1") for line in text.splitlines()] == [1, 1, 0]


def test_a_developer_sees_what_an_error_said_and_nobody_its_secrets(written: io.StringIO, settings: Any) -> None:
    settings.DEBUG = True
    try:
        raise ValueError("the row is canary01 token=canary02")
    except ValueError:
        logging.getLogger("ordersync.test").exception("It broke.")
    assert "canary01" in written.getvalue()
    assert "canary02" not in written.getvalue()
