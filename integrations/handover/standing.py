"""What every step of handing out shares: what lies ready, what nobody said anything of, and how a step that is not done says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import connections
from integrations.accounting.files import FileLedger
from integrations.models import Connection, FileEntry
from orders.models import ExportBatch


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


def counted(connection: Connection | None = None) -> dict[str, int]:
    """How many documents lie `ready` for the next file, and how many are `open` in one: nobody has said anything of them. Without a connection, of all."""
    mine = FileEntry.objects.filter(acknowledged_at=None, returned_at=None)
    found = mine.filter(connection=connection) if connection else mine
    return found.aggregate(ready=Count("pk", filter=Q(batch=None)), open=Count("pk", filter=Q(batch__isnull=False)))


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


def late(now: datetime | None = None) -> QuerySet[ExportBatch]:
    """Batches whose answer has been asked for, the oldest first."""
    open_ones = FileEntry.objects.filter(acknowledged_at=None, returned_at=None, late_at__lte=now or timezone.now())
    return ExportBatch.objects.filter(pk__in=open_ones.values("batch")).select_related("ledger").order_by("made_at")
