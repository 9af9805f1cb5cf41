"""Takes in what the person says who carried a batch: row by row, all at once, or that nothing of it was brought in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import shelf
from integrations.accounting.files import Answer, Illegible
from integrations.handover.making import SALES
from integrations.handover.standing import NotDone, Told, ledger_of
from integrations.models import Connection, FileEntry
from orders import events
from orders.models import ExportBatch

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_SAID = ["acknowledged_at", "number", "state", "total", "tax", "balance", "returned_at", "returned_why"]
_NEVER_THERE = {"refused", "voided", "deleted"}


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
                number = numbers() if entry.document.kind in SALES else ""
                _acknowledge(entry, Answer(reference=entry.document.reference, number=number), told)
        if not told.acknowledged:
            raise NotDone(_("Nothing of it is open."), _("Look at what was said of each document."))
        _ended(batch, entries, told, by)
    return told


def withdraw(batch: ExportBatch, by: User | None, why: str) -> Told:
    """Nothing of the batch was brought in: its documents are definitely refused and go back to their owners. Raises NotDone."""
    why = why.replace("\x00", "").strip()
    if not why:
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
                _return(entry, why, told)
        if not told.returned:
            raise NotDone(_("It is withdrawn already."), _("Nothing to do."))
        _ended(batch, entries, told, by, why)
    return told


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
    shelf.hold(batch)
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
    parts = re.fullmatch(r"([^\x00]{0,50}?)(\d{1,18})", first)
    if parts is None:
        raise NotDone(
            _("“%(first)s” is no short text that ends with a number to count from.") % {"first": first[:60]},
            _("Name the first number, such as INV-0042."),
        )
    lead, digits = parts.groups()
    numbers = iter(range(int(digits), 10**19))
    return lambda: f"{lead}{next(numbers):0{len(digits)}d}"
