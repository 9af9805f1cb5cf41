"""The shelf of a ledger that takes files: where its adapter lays documents ready, and finds again what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.db.models.functions import Now

from integrations.accounting.files import Answer, Laid
from integrations.models import Connection, Delivery, DeliveryState, FileEntry
from orders import documents, outgoing
from orders.models import Document, ExportBatch


class Shelf:
    """The documents of one connection. It is handed to the adapter as an http session is to others, so that no adapter knows the tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, document: outgoing.Document) -> Laid | None:
        """The document as it lies there, by key and revision; None if it was never laid."""
        rows = self._entries().filter(document__key=document.key, document__revision=document.revision)
        entry = rows.first()
        return laid(entry) if entry else None

    def lay(self, document: outgoing.Document) -> Laid:
        """Lay it ready for the next file; one that lies there already stays as it is, whoever laid it."""
        row = Document.objects.get(
            ledger=self._connection.ledger, key=document.key, revision=document.revision, hash=document.hash
        )
        FileEntry.objects.bulk_create(
            [FileEntry(connection=self._connection, document=row, laid_at=Now())], ignore_conflicts=True
        )
        return laid(self._entries().get(document=row))

    def under(self, reference: str) -> Sequence[Laid]:
        """Every document under that reference, of whichever kind."""
        return [laid(entry) for entry in self._entries().filter(document__reference=reference)]

    def _entries(self) -> QuerySet[FileEntry]:
        mine = FileEntry.objects.filter(document__ledger=self._connection.ledger)
        return mine.select_related("document__booking", "batch").order_by("pk")


def laid(entry: FileEntry) -> Laid:
    """The entry as an adapter sees it. Raises documents.Tampered if the document is not what was signed."""
    return Laid(
        document=documents.outgoing_of(entry.document),
        batch=str(entry.batch) if entry.batch else "",
        late=entry.late_at is not None,
        answer=_answer(entry) if entry.acknowledged_at else None,
        returned=entry.returned_why,
    )


def _answer(entry: FileEntry) -> Answer:
    return Answer(
        reference=entry.document.reference,
        kind=entry.document.kind,
        number=entry.number,
        state=entry.state,
        total=entry.total,
        tax=entry.tax,
        balance=entry.balance,
    )


def wake(entries: Iterable[FileEntry]) -> int:
    """Let the outbox ask again how these documents stand; nothing of them is laid a second time. In the transaction of what changed them.

    A lease is taken away: whoever looked before the change writes nothing down.
    """
    waiting = Delivery.objects.filter(
        document__in=[entry.document_id for entry in entries],
        document__booking__booked_at=None,
        document__booking__refused_at=None,
        state__in=[DeliveryState.HANDED_OUT, DeliveryState.PARKED, DeliveryState.LEASED],
    )
    return waiting.update(
        state=DeliveryState.WAITING, leased_until=None, worker="", sent=True, not_before=Now(), words="", fix="", ended_at=None
    )  # fmt: skip


def hold(batch: ExportBatch) -> None:
    """Keep the outbox from writing down how the batch's documents stand, until the transaction ends: what is booked is decided before it is looked at."""
    documents = FileEntry.objects.filter(batch=batch).values("document")
    held = Delivery.objects.filter(document__in=documents).order_by("pk").select_for_update(no_key=True, of=("self",))
    list(held.values_list("pk", flat=True))
