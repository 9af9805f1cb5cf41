"""Makes the numbered batches, at a click or by the clock, and asks for what nobody answered in time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import connections, shelf
from integrations.accounting.files import FileLedger
from integrations.errors import Misconfigured, Refused, Trouble
from integrations.handover.standing import NotDone, ledger_of, ready
from integrations.models import Connection, FileEntry
from orders import documents, events, money, outgoing
from orders.models import ExportBatch, Ledger
from orders.outgoing import DocumentKind

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

MOST = 5000  # documents of one batch; what is beyond lies ready for the next
SALES = {DocumentKind.INVOICE: 1, DocumentKind.RECEIPT: 1, DocumentKind.CREDIT_NOTE: -1}
_MONEY = {DocumentKind.PAYMENT: 1, DocumentKind.REFUND_PAYMENT: -1}


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
    number = ExportBatch.next_number(ledger)
    names = {file.name: f"{ledger.code}-{number}-{file.name}" for file in files}
    batch = ExportBatch.objects.create(
        ledger=ledger, number=number, profile=adapter.profile, version=adapter.version, rows=sum(file.rows for file in files),
        parameters={"connection": there.name, "documents": len(given), "steps": {names[file.name]: file.steps for file in files}},
        totals=_totals(given), made_at=timezone.now(), by=by,
    )  # fmt: skip
    for file in files:
        batch.keep(names[file.name], file.content)
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
        sign = SALES.get(DocumentKind(document.kind), 0)
        for name in ("net", "tax", "gross"):
            row[name] += sign * getattr(document, name)
        row["money"] += _MONEY.get(DocumentKind(document.kind), 0) * document.gross
    return {
        currency: {name: str(money.rounded(value, currency)) for name, value in row.items()}
        for currency, row in sorted(sums.items())
    }
