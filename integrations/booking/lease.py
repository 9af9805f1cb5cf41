"""What a worker holds while it carries a document, and what came of a call."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet

from integrations.accounting.base import Booked
from integrations.errors import Undecided
from integrations.models import AttemptOutcome, Delivery, DeliveryState
from orders import documents

LEASE_SECONDS = 180
CALL_SECONDS = 35  # a call's own time limits (5 to connect, 30 to read), which must fit into what is left of a lease
DATABASE_GONE = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A claimed delivery. `ask`: it may stand over there already, so look and send nothing. `ends` is in this process's monotonic seconds."""

    delivery_id: int
    connection_id: int
    fence: int
    ask: bool
    ends: float

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self.ends - CALL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Hold):
    """The hold on a document's delivery. `alone`: it shares a call with no other. `lanes`: how many calls its worker may have under way at once.

    `signed`: the document as it was looked at when it was taken; None where that was long ago, or may have been.
    """

    document_id: int
    alone: bool = True
    lanes: int = 1
    signed: documents.Signed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a call came to. `retry_after` in seconds where the other side named a time; `late`: what was handed out should have been answered.

    `asks`: what a person has to decide before it can go. `untranslated`: a text of the other side that nobody has put into words yet.
    `cause`: what has to be put right here, as in errors.CAUSES.
    """

    outcome: AttemptOutcome
    words: str = ""
    fix: str = ""
    booked: Booked | None = None
    retry_after: float | None = None
    late: bool = False
    asks: Undecided | None = None
    untranslated: str = ""
    cause: str = ""

    @property
    def halts(self) -> bool:
        """No sense in sending the next one right away."""
        return self.outcome in (AttemptOutcome.UNAVAILABLE, AttemptOutcome.MISCONFIGURED, AttemptOutcome.UNKNOWN)


class FencedOff(Exception):
    """The lease was lost: another worker has the delivery, and nothing more may be written about it."""


def held(lease: Hold) -> QuerySet[Delivery]:
    """The delivery, if the lease is still ours."""
    return Delivery.objects.filter(pk=lease.delivery_id, fence=lease.fence, state=DeliveryState.LEASED)


# The same of many, for statements of our own; the parameters are those of `names`.
HELD = "d.state = 'leased' AND (d.id, d.fence) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::integer[]))"


def names(leases: Iterable[Hold]) -> dict[str, Any]:
    """The deliveries and the fences under which they are held."""
    both = [(lease.delivery_id, lease.fence) for lease in leases]
    return {"ids": [pk for pk, _fence in both], "fences": [fence for _pk, fence in both]}


def end(lease: Hold, **fields: Any) -> int:
    """Give the lease up with these changes; 0 if it was lost already."""
    return held(lease).update(leased_until=None, worker="", **fields)


def ours(kind: str, reference: str) -> str:
    """How a binding names our document: unique within a ledger."""
    return f"{kind}:{reference}"


def idempotency_key(owner: str, key: str, revision: int) -> uuid.UUID:
    """The same for the same document or errand for ever, also after a restore."""
    installation = uuid.uuid5(uuid.NAMESPACE_DNS, settings.ORDERSYNC_INSTALLATION)
    return uuid.uuid5(installation, f"{owner}\x1f{key}\x1f{revision}")


def theirs(kind: str, id: str) -> str:
    """How a binding names theirs; a ledger may number each kind by itself."""
    return f"{kind}:{id}"[:300]
