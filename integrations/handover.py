"""Hands documents out in files and takes in what became of them: a batch is made, acknowledged or withdrawn, by a person, and each step is an event."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import connections, shelf
from integrations.accounting.files import Answer, FileLedger, Illegible
from integrations.errors import Misconfigured, Refused, Trouble
from integrations.models import Connection, FileEntry
from orders import documents, events, money, outgoing
from orders.models import ExportBatch, ExportFile, Ledger
from orders.outgoing import DocumentKind

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

_SALES = {DocumentKind.INVOICE: 1, DocumentKind.RECEIPT: 1, DocumentKind.CREDIT_NOTE: -1}
_MONEY = {DocumentKind.PAYMENT: 1, DocumentKind.REFUND_PAYMENT: -1}
_SAID = ["acknowledged_at", "number", "state", "total", "tax", "balance", "returned_at", "returned_why"]
MOST = 5000  # documents of one batch; what is beyond lies ready for the next
_NEVER_THERE = {"refused", "voided", "deleted"}


class NotDone(Exception):
    """What was asked for is not done: `words` says why, `fix` what to do instead."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


@dataclass(slots=True)
class Told:
    """What an acknowledgement said: documents that stand there, that came back, of which it said nothing new, and rows that say nothing that can be used."""

    acknowledged: int = 0
    returned: int = 0
    same: int = 0
    refused: list[str] = field(default_factory=list)
    changed: list[FileEntry] = field(default_factory=list)


def ready(connection: Connection) -> QuerySet[FileEntry]:
    """What lies ready for the connection's next file."""
    return FileEntry.objects.filter(connection=connection, batch=None, returned_at=None)


def counted(connection: Connection) -> dict[str, int]:
    """How many documents lie `ready` for the next file, and how many are `open` in one: nobody has said anything of them."""
    mine = FileEntry.objects.filter(connection=connection, acknowledged_at=None, returned_at=None)
    return mine.aggregate(ready=Count("pk", filter=Q(batch=None)), open=Count("pk", filter=Q(batch__isnull=False)))


def unanswered(batch: ExportBatch) -> QuerySet[FileEntry]:
    """What nobody has said anything of."""
    return FileEntry.objects.filter(batch=batch, acknowledged_at=None, returned_at=None)


def ledger_of(connection: Connection) -> FileLedger:
    """The connection's adapter. Raises NotDone if it needs no files."""
    adapter = connections.adapter_of(connection)
    if not isinstance(adapter, FileLedger):
        raise NotDone(
            _("%(name)s takes documents by itself.") % {"name": connection}, _("There is no file to be made.")
        )
    return adapter


def make(connection: Connection, by: User | None) -> ExportBatch:
    """Put all that lies ready into one numbered batch. What no longer fits into it comes back, and goes to the owner as refused. Raises NotDone."""
    with transaction.atomic():
        there = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        adapter = ledger_of(there)
        entries = list(ready(there).select_related("document__booking").order_by("document__n")[:MOST])
        fitting = [entry for entry in entries if not _comes_back(adapter, entry)]
        if fitting:
            batch = _stored(there, adapter, fitting, by)
        shelf.wake(entries)
    if not fitting:
        raise NotDone(
            _("Nothing lies ready for a file."), _("Approve orders, and wait until their time to undo is over.")
        )
    return batch


def acknowledge(batch: ExportBatch, content: bytes, by: User | None) -> Told:
    """Take in what a file says of the batch's documents, row by row; a row that cannot be used stops no other. Raises NotDone for what is no such file."""
    connection = _connection(batch)
    try:
        answers = list(ledger_of(connection).answers(content))
    except Illegible as error:
        raise NotDone(error.words, "") from error
    with transaction.atomic():
        entries = _locked(batch)
        told = _taken_in(entries, answers)
        _ended(batch, entries, told, by)
    return told


def acknowledge_all(batch: ExportBatch, by: User | None, first_number: str = "") -> Told:
    """All that is open stands there as it was handed out; its sales have numbers that rise from `first_number`, or none that is told. Raises NotDone."""
    numbers = _rising(first_number.strip())
    with transaction.atomic():
        entries = _locked(batch)
        told = Told()
        for entry in entries:
            if _is_open(entry):
                number = numbers() if entry.document.kind in _SALES else ""
                _acknowledge(entry, Answer(reference=entry.document.reference, number=number), told)
        if not told.acknowledged:
            raise NotDone(_("Nothing of it is open."), _("Look at what was said of each document."))
        _ended(batch, entries, told, by)
    return told


def withdraw(batch: ExportBatch, by: User | None, why: str) -> Told:
    """Nothing of the batch was brought in: its documents are definitely refused and go back to their owners. Raises NotDone."""
    if not why.strip():
        raise NotDone(_("A withdrawal needs its reason."), _("Write why the file was not brought in."))
    with transaction.atomic():
        entries = _locked(batch)
        if any(entry.acknowledged_at for entry in entries):
            raise NotDone(
                _("Documents of %(batch)s were acknowledged: they stand in the ledger.") % {"batch": batch},
                _("Bring an acknowledgement in which those that are missing have the state “refused”."),
            )
        told = Told()
        for entry in entries:
            if _is_open(entry):
                _return(entry, why.strip(), told)
        if not told.returned:
            raise NotDone(_("It is withdrawn already."), _("Nothing to do."))
        _ended(batch, entries, told, by, why.strip())
    return told


def tick(seconds: float) -> tuple[int, int]:
    """Make the files that are due by their hour, and ask for what was not answered in time: how many batches, how many documents."""
    ends = timezone.now() + timedelta(seconds=seconds)
    made = asked = 0
    for there in Connection.objects.filter(active=True).exclude(ledger=None):
        if timezone.now() > ends or not connections.hands_out(there):
            continue
        try:
            adapter = ledger_of(there)
        except Misconfigured:  # the outbox pauses it with these words; the others go on
            continue
        made += _make_if_due(there, adapter)
        asked += _ask(there, adapter.options.answer_within)
    return made, asked


def _make_if_due(there: Connection, adapter: FileLedger) -> int:
    """Once a day, from its hour on."""
    hour, now = adapter.options.daily_at, timezone.localtime()
    if hour is None or now.hour < hour or not ready(there).exists():
        return 0
    begun = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if ExportBatch.objects.filter(parameters__connection=there.name, by=None, made_at__gte=begun).exists():
        return 0
    try:
        make(there, None)
    except (NotDone, Trouble) as refused:
        log.warning("Connection %s: its file is not made: %s", there, refused)
        return 0
    return 1


def _ask(there: Connection, days: int) -> int:
    """Mark what should have been answered, and let the outbox tell the orders."""
    with transaction.atomic():
        open_ones = FileEntry.objects.filter(
            connection=there, acknowledged_at=None, returned_at=None, late_at=None, batch__isnull=False
        )
        late = list(open_ones.filter(batch__made_at__lt=timezone.now() - timedelta(days=days)))
        FileEntry.objects.filter(pk__in=[entry.pk for entry in late]).update(late_at=timezone.now())
        shelf.wake(late)
        named = FileEntry.objects.filter(pk__in=[entry.pk for entry in late]).values("batch")
        for batch in ExportBatch.objects.filter(pk__in=named):
            words = _("%(batch)s was not acknowledged within %(days)d days.") % {"batch": batch, "days": days}
            events.record(batch, "asked for", words=words)
    return len(late)


def _comes_back(adapter: FileLedger, entry: FileEntry) -> bool:
    """Whether what lay ready does not fit any more, because the options changed since."""
    try:
        adapter.examine(documents.outgoing_of(entry.document))
    except Refused as refused:
        FileEntry.objects.filter(pk=entry.pk).update(
            returned_at=timezone.now(), returned_why=f"{refused.words} {refused.fix}"[:500]
        )
        return True
    return False


def _stored(there: Connection, adapter: FileLedger, entries: Sequence[FileEntry], by: User | None) -> ExportBatch:
    """The batch with its files, in the number that follows; the ledger's lock keeps two from taking the same."""
    ledger = Ledger.objects.select_for_update(no_key=True, of=("self",)).get(connections=there)
    given = [documents.outgoing_of(entry.document) for entry in entries]
    files = adapter.files(given)
    last = ExportBatch.objects.filter(ledger=ledger).aggregate(last=Max("number"))["last"] or 0
    names = {file.name: f"{ledger.code}-{last + 1}-{file.name}" for file in files}
    batch = ExportBatch.objects.create(
        ledger=ledger, number=last + 1, profile=adapter.profile, version=adapter.version, rows=sum(file.rows for file in files),
        parameters={"connection": there.name, "documents": len(given), "steps": {names[file.name]: file.steps for file in files}},
        totals=_totals(given), made_at=timezone.now(), by=by,
    )  # fmt: skip
    for file in files:
        ExportFile.objects.create(
            batch=batch, name=names[file.name], content=file.content, size=len(file.content),
            content_hash=hashlib.sha256(file.content).hexdigest(),
        )  # fmt: skip
    FileEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(batch=batch)
    words = _("%(batch)s made of %(n)d documents for %(target)s") % {
        "batch": batch,
        "n": len(given),
        "target": adapter.target,
    }
    events.record(batch, "made", by=by, after={"totals": batch.totals, "files": sorted(names.values())}, words=words)
    return batch


def _totals(given: Iterable[outgoing.Document]) -> dict[str, dict[str, str]]:
    """By currency: sales (credit notes negative) net, tax and gross; and the money that came, less what went back."""
    sums: dict[str, dict[str, Decimal]] = {}
    for document in given:
        row = sums.setdefault(document.currency, dict.fromkeys(("net", "tax", "gross", "money"), money.ZERO))
        sign = _SALES.get(DocumentKind(document.kind), 0)
        for name in ("net", "tax", "gross"):
            row[name] += sign * getattr(document, name)
        row["money"] += _MONEY.get(DocumentKind(document.kind), 0) * document.gross
    return {
        currency: {name: str(money.rounded(value, currency)) for name, value in row.items()}
        for currency, row in sorted(sums.items())
    }


def _connection(batch: ExportBatch) -> Connection:
    entry = FileEntry.objects.filter(batch=batch).select_related("connection").first()
    if entry is None:
        raise NotDone(
            _("%(batch)s holds no documents for a ledger.") % {"batch": batch}, _("There is nothing to acknowledge.")
        )
    return entry.connection


def _locked(batch: ExportBatch) -> list[FileEntry]:
    """The batch's entries, held until the transaction ends: two who answer at once answer one after the other. Raises NotDone."""
    ExportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    rows = FileEntry.objects.filter(batch=batch).select_related("document__booking").order_by("document__n")
    entries = list(rows.select_for_update(no_key=True, of=("self",)))
    if not entries:
        raise NotDone(
            _("%(batch)s holds no documents for a ledger.") % {"batch": batch}, _("There is nothing to acknowledge.")
        )
    return entries


def _is_open(entry: FileEntry) -> bool:
    return entry.acknowledged_at is None and entry.returned_at is None


def _taken_in(entries: Sequence[FileEntry], answers: Iterable[Answer | Illegible]) -> Told:
    told, strangers = Told(), 0
    seen: dict[int, Answer] = {}
    named = _by_name(entries)
    for answer in answers:
        if isinstance(answer, Illegible):
            told.refused.append(answer.words)
            continue
        meant = [entry for entry in named.get(answer.reference, []) if answer.kind in ("", entry.document.kind)]
        if not meant:
            strangers += 1
        elif len(meant) > 1:
            kinds = ", ".join(str(entry.document.get_kind_display()) for entry in meant)
            words = _(
                "Row %(row)d: %(reference)s is several documents here (%(kinds)s). Name the kind in a column of that name."
            )
            told.refused.append(words % {"row": answer.row, "reference": answer.reference, "kinds": kinds})
        elif meant[0].pk in seen:
            words = _("Row %(row)d: %(reference)s was named in row %(first)d already; that one counts.")
            told.refused.append(
                words % {"row": answer.row, "reference": answer.reference, "first": seen[meant[0].pk].row}
            )
        else:
            seen[meant[0].pk] = answer
            _take_in(meant[0], answer, told)
    if strangers:
        told.refused.append(_("%(n)d rows name documents that are not in this batch.") % {"n": strangers})
    return told


def _by_name(entries: Sequence[FileEntry]) -> dict[str, list[FileEntry]]:
    """The entries by our reference, and by the number that we gave them."""
    found: dict[str, list[FileEntry]] = {}
    for entry in entries:
        for name in {entry.document.reference, entry.document.booking.number or entry.document.reference}:
            found.setdefault(name, []).append(entry)
    return found


def _take_in(entry: FileEntry, answer: Answer, told: Told) -> None:
    document = entry.document
    if entry.returned_at:
        words = _("Row %(row)d: %(reference)s came back before: %(why)s Its next revision goes into a later file.")
        told.refused.append(words % {"row": answer.row, "reference": document.reference, "why": entry.returned_why})
    elif document.booking.booked_at and answer.number and answer.number != entry.number and entry.number:
        words = _("Row %(row)d: %(reference)s is booked as %(number)s; “%(other)s” is not taken over.")
        told.refused.append(
            words % {"row": answer.row, "reference": document.reference, "number": entry.number, "other": answer.number}
        )
    elif not document.booking.booked_at and answer.state in _NEVER_THERE:
        why = answer.why or _("the acknowledgement says “%(state)s”") % {"state": answer.state}
        _return(entry, why, told)
    else:
        _acknowledge(entry, answer, told)


def _acknowledge(entry: FileEntry, answer: Answer, told: Told) -> None:
    fields = {
        "number": answer.number or entry.number,
        "state": answer.state or "open",
        "total": answer.total,
        "tax": answer.tax,
        "balance": answer.balance,
    }
    if entry.acknowledged_at and all(getattr(entry, name) == value for name, value in fields.items()):
        told.same += 1
        return
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.acknowledged_at = entry.acknowledged_at or timezone.now()
    told.changed.append(entry)
    told.acknowledged += 1


def _return(entry: FileEntry, why: str, told: Told) -> None:
    if entry.acknowledged_at:  # it was said to stand there, and nothing was booked of it: a conflict that ends here
        entry.acknowledged_at, entry.number, entry.state = None, "", ""
        entry.total = entry.tax = entry.balance = None
    entry.returned_at, entry.returned_why = timezone.now(), why[:500]
    told.changed.append(entry)
    told.returned += 1


def _ended(batch: ExportBatch, entries: Sequence[FileEntry], told: Told, by: User | None, why: str = "") -> None:
    """Keep what was said, close the batch once nothing of it is open, wake its documents, and write down who said so."""
    now = timezone.now()
    FileEntry.objects.bulk_update(told.changed, _SAID, batch_size=500)
    if not any(_is_open(entry) for entry in entries):
        mine = ExportBatch.objects.filter(pk=batch.pk, acknowledged_at=None, withdrawn_at=None)
        if any(entry.acknowledged_at for entry in entries):
            mine.update(acknowledged_at=now, acknowledged_by=by)
        else:
            reason = why or next(entry.returned_why for entry in entries)
            mine.update(withdrawn_at=now, withdrawn_by=by, withdrawn_why=reason[:500])
    shelf.wake(entries)
    words = _("%(batch)s: %(there)d acknowledged, %(back)d came back") % {
        "batch": batch,
        "there": told.acknowledged,
        "back": told.returned,
    }
    verb = "withdrawn" if why else "acknowledged"
    events.record(
        batch,
        verb,
        by=by,
        why=why,
        words=words[:500],
        after={"acknowledged": told.acknowledged, "returned": told.returned},
    )


def _rising(first: str) -> Callable[[], str]:
    """Gives INV-0099, then INV-0100; "" each time where none is named. Raises NotDone for a number that cannot be counted on from."""
    if not first:
        return lambda: ""
    parts = re.fullmatch(r"(.*?)(\d{1,18})", first)
    if parts is None:
        raise NotDone(
            _("“%(first)s” does not end with a number to count from.") % {"first": first},
            _("Name the first number, such as INV-0042."),
        )
    lead, digits = parts.groups()
    numbers = iter(range(int(digits), 10**19))
    return lambda: f"{lead}{next(numbers):0{len(digits)}d}"


def late(now: datetime | None = None) -> QuerySet[ExportBatch]:
    """Batches whose answer has been asked for, the oldest first."""
    open_ones = FileEntry.objects.filter(acknowledged_at=None, returned_at=None, late_at__lte=now or timezone.now())
    return ExportBatch.objects.filter(pk__in=open_ones.values("batch")).select_related("ledger").order_by("made_at")
