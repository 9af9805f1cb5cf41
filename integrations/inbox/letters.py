"""Keeps what stores send by themselves, raw and once, until it is understood: one bad letter never stops the others."""

from __future__ import annotations

import io
import logging
import time
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from integrations.inbox import setting
from integrations.models import Connection, Message, MessageState
from integrations.stores import files
from integrations.stores.base import Unreadable
from orders import incoming, intake
from orders.models import Shop
from ordersync_site import logs

log = logging.getLogger(__name__)

TRIES = 5

_CLAIM = """
UPDATE integrations_message SET attempts = attempts + 1, not_before = now() + interval '5 minutes'
 WHERE id = (SELECT id FROM integrations_message WHERE state = 'new' AND (not_before IS NULL OR not_before <= now())
              ORDER BY received_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"""


def accept(
    shop: Shop, source: str, dedupe_key: str, body: bytes, layout: str = "", *, connection: Connection | None = None
) -> Message:
    """Keep a letter as it came, once: the same key again gives the letter that is there. Understood later, by `process`."""
    fresh = Message(
        shop=shop,
        connection=connection,
        source=source,
        layout=layout,
        dedupe_key=dedupe_key,
        body=body,
        received_at=timezone.now(),
    )
    Message.objects.bulk_create([fresh], ignore_conflicts=True)
    return Message.objects.get(shop=shop, dedupe_key=dedupe_key)


def is_first(message: Message) -> bool:
    """Whether this letter waits and none before it: whoever reads that one reads this one as well, so that one bell is enough for many letters."""
    unread = Message.objects.filter(state=MessageState.NEW, attempts=0).order_by("received_at", "pk")
    return unread.values_list("pk", flat=True).first() == message.pk


def process(seconds: float = 45) -> tuple[int, int]:
    """Understand letters for at most that long: how many were taken in, and how many attempts failed. After five failures a letter needs a person."""
    deadline, done, failed = time.monotonic() + seconds, 0, 0
    while time.monotonic() < deadline and (message := _claimed()) is not None:
        with logs.about(f"message-{message.pk}"):
            if _understood(message):
                done += 1
            else:
                failed += 1
    return done, failed


def _claimed() -> Message | None:
    """The next letter, its attempt counted before it is opened, so that one which kills us is not tried for ever."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM)
        row = cursor.fetchone()
    return Message.objects.select_related("shop").get(pk=row[0]) if row else None


def _understood(message: Message) -> bool:
    if message.attempts > TRIES:
        _give_up(message, message.words or "Each attempt to read it ended the process that tried.")
        return False
    try:
        with transaction.atomic():
            words = _read(message)
            ours = Message.objects.filter(pk=message.pk, state=MessageState.NEW, attempts=message.attempts)
            return bool(ours.update(state=MessageState.DONE, words=words, done_at=Now()))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever is wrong with one letter, the others go on
        log.warning("Attempt %d to read it failed: %s.", message.attempts, type(error).__name__)
        _put_back(message, f"{type(error).__name__}: {error}" if not isinstance(error, Unreadable) else str(error))
        return False


def _read(message: Message) -> str:
    body = io.BytesIO(bytes(message.body))
    reader = files.reader(body, message.source, message.layout)
    source = incoming.Source(
        name=message.source,
        fidelity=reader.fidelity,
        by_id=message.by_id,
        received_at=message.received_at,
        message_id=message.pk,
    )
    receipt = intake.receive(message.shop, reader.read(body, setting.of(message.shop)), source=source)
    held = {
        name: [line.order_id for line in getattr(receipt, name)] for name in ("created", "updated", "same", "older")
    }
    log.info("Orders by id: %s; refused: %d.", {name: ids for name, ids in held.items() if ids}, len(receipt.refused))
    return " ".join(line.words for line in receipt.refused)


def _put_back(message: Message, words: str) -> None:
    if message.attempts >= TRIES:
        _give_up(message, words)
        return
    pause = timedelta(seconds=10 * 2**message.attempts)
    Message.objects.filter(pk=message.pk, attempts=message.attempts).update(words=words, not_before=Now() + pause)


def _give_up(message: Message, words: str) -> None:
    Message.objects.filter(pk=message.pk, state=MessageState.NEW).update(
        state=MessageState.FAILED, words=words, done_at=Now()
    )
