"""Takes in what stores send: files that people bring, and letters that are kept raw until they are understood."""

from __future__ import annotations

import hashlib
import io
import logging
import tempfile
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from integrations.models import Connection, Message, MessageState
from integrations.stores import files
from integrations.stores.base import Reader, Setting, Unreadable
from orders import incoming, intake
from orders.models import ImportJob, ImportRefusal, ImportState, Shop
from ordersync_site import logs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

CHUNK = 1 << 20
TRIES = 5

_CLAIM = """
UPDATE integrations_message SET attempts = attempts + 1, not_before = now() + interval '5 minutes'
 WHERE id = (SELECT id FROM integrations_message WHERE state = 'new' AND (not_before IS NULL OR not_before <= now())
              ORDER BY received_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"""


def receive_file(
    shop: Shop, file: Path | BinaryIO, *, name: str, by: User | None = None, layout: str | None = None
) -> ImportJob:
    """Read a store's file for this shop and hand its records to the office; the job says what became of them, its `errors` what was refused, where and why.

    A file that cannot be read as a whole, or is larger than ORDERSYNC_FILE_LIMIT bytes, is a failed job with the words. The same file again is read again, which
    changes nothing, and the job says so.
    """
    job = ImportJob(
        shop=shop, file_name=Path(name).name[:255], by=by, at=timezone.now(), state=ImportState.RUNNING, size=0
    )
    with tempfile.SpooledTemporaryFile(max_size=8 * CHUNK) as copy:
        try:
            job.file_hash, job.size = _copied(file, copy)
            reader = files.reader(copy, name, layout)
            job.layout, job.words = reader.name, _seen_before(job)
            job.save()
            return _received(job, reader, copy)
        except Unreadable as error:
            job.state, job.words, job.ended_at = ImportState.FAILED, str(error)[:1000], timezone.now()
            job.save()
            return job


def try_file(
    shop: Shop, file: Path | BinaryIO, *, name: str, layout: str | None = None
) -> tuple[ImportJob, list[ImportRefusal]]:
    """What `receive_file` would do, with its refusals; nothing is kept."""
    with transaction.atomic():
        job = receive_file(shop, file, name=name, layout=layout)
        refusals = list(job.errors.all())
        transaction.set_rollback(True)
    job.pk = None
    return job, refusals


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
    receipt = intake.receive(message.shop, reader.read(body, _setting(message.shop)), source=source)
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


def _copied(file: Path | BinaryIO, copy: IO[bytes]) -> tuple[str, int]:
    """The file's SHA-256 and size, its content copied. Raises Unreadable."""
    if isinstance(file, Path):
        try:
            with file.open("rb") as stream:
                return _copied(stream, copy)
        except OSError as error:
            raise Unreadable(f"{file} cannot be opened: {error.strerror}.") from error
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > settings.ORDERSYNC_FILE_LIMIT:
            raise Unreadable(
                f"The file is larger than {settings.ORDERSYNC_FILE_LIMIT:,} bytes. Export fewer orders at a time."
            )
        digest.update(chunk)
        copy.write(chunk)
    copy.seek(0)
    return digest.hexdigest(), size


def _setting(shop: Shop) -> Setting:
    return Setting(currency=shop.currency, time_zone=shop.time_zone)


def _seen_before(job: ImportJob) -> str:
    held = (
        ImportJob.objects.filter(shop_id=job.shop_id, file_hash=job.file_hash, state=ImportState.DONE)
        .order_by("-at")
        .first()
    )
    return f"The same file was imported on {held.at:%Y-%m-%d at %H:%M} UTC as {held.file_name}." if held else ""


def _received(job: ImportJob, reader: Reader, copy: IO[bytes]) -> ImportJob:
    source = incoming.Source(
        name=f"{reader.name} {job.file_name}"[:200], fidelity=reader.fidelity, by_id=job.by_id, received_at=job.at
    )
    receipt = intake.receive(job.shop, reader.read(cast(BinaryIO, copy), _setting(job.shop)), source=source)
    job.created, job.updated = len(receipt.created), len(receipt.updated)
    job.same, job.refused = len(receipt.same) + len(receipt.older), len(receipt.refused)
    ImportRefusal.objects.bulk_create(_refusals(job, receipt.refused), batch_size=500)
    job.state, job.ended_at = ImportState.DONE, timezone.now()
    job.save()
    return job


def _refusals(job: ImportJob, lines: Iterable[intake.Line]) -> list[ImportRefusal]:
    return [
        ImportRefusal(
            job=job,
            place=(line.place or line.number)[:200],
            field=line.field[:100],
            value=line.value[:500],
            reason=line.words,
        )
        for line in lines
    ]
