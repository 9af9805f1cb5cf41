"""Connects a store or a ledger, makes its adapter, and pauses and resumes what goes there."""

from __future__ import annotations

import logging
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from integrations import http, registry, shelf, tokens
from integrations.accounting.base import Accounting, Check
from integrations.errors import Misconfigured, Trouble
from integrations.models import Connection, Delivery, DeliveryState
from orders import events, intake
from orders.models import Ledger, Shop

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

OPEN = "c.active AND c.paused_at IS NULL AND (c.not_before IS NULL OR c.not_before <= now())"

NOT_ON = ("It is not switched on yet.", "Look at the first document as the ledger would have it, then switch it on.")

_BUDGET = f"""
SELECT CASE WHEN c.calls_per_minute IS NULL THEN NULL
            ELSE least(greatest(1.0, c.calls_per_minute / 6.0),
                       c.tokens + extract(epoch FROM now() - coalesce(c.refilled_at, '2000-01-01')) * c.calls_per_minute / 60.0)::float END
  FROM integrations_connection c WHERE c.id = %s AND {OPEN} FOR NO KEY UPDATE"""  # noqa: S608


def connect(
    kind: str,
    name: str,
    *,
    options: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
    shop: Shop | None = None,
    ledger: Ledger | None = None,
    by: User | None = None,
    on: bool = True,
) -> Connection:
    """Connect one shop or one ledger, or connect it again with other options and secrets, which also ends a pause.

    A ledger is asked at once for its accounts and tax codes, and keeps the kinds of document that it can take. Options and secrets are texts by the names of
    the adapter's Options. With `on` false a ledger to which nothing was sent yet stays paused until somebody has looked at its first document and switches
    it on; not so where a person carries files, who sees each before it leaves the house. Raises Misconfigured for what is wrong with options and secrets,
    and the other errors of integrations.errors where the ledger cannot be reached.
    """
    secrets = dict(secrets or {})
    if (shop is None) == (ledger is None):
        raise Misconfigured("A connection belongs to one shop or to one ledger.", fix="Name one of them.")
    _separate(kind, options, secrets)
    adapter = _make(kind, {**options, **secrets})
    _right_end(kind, adapter, ledger)
    choices = adapter.choices() if ledger else None
    with transaction.atomic():
        fresh = Connection(kind=kind, name=name, shop=shop, ledger=ledger, options=dict(options))
        connection = _store(fresh, secrets, on=on or ledger is None or hands_out(fresh))
        if ledger and choices is not None:
            Ledger.objects.filter(pk=ledger.pk).update(kinds=sorted(map(str, adapter.kinds)))
            intake.receive_choices(ledger, choices, by=by)
            Connection.objects.filter(pk=connection.pk).update(choices_at=Now())
            _inherit(connection)
        events.record(connection, "connected", by=by, after={"kind": kind, "end": str(shop or ledger), **options})
    return connection


def adapter_of(connection: Connection) -> Accounting:
    """The adapter of a ledger's connection. Raises Misconfigured where its options or secrets do not fit."""
    values = {**connection.options, **tokens.unseal(connection.secrets)}
    place = shelf.Shelf(connection) if hands_out(connection) else None
    return _make(connection.kind, values, budget=_meter(connection), place=place, there=connection)


def hands_out(connection: Connection) -> bool:
    """Whether a person carries this connection's documents in files."""
    return bool(getattr(registry.find(connection.kind), "hands_out", False))


def ready(connection: Connection) -> Accounting | None:
    """The adapter; None where it cannot be made, whatever the reason: then that connection is paused with it, and no other need wait."""
    try:
        return adapter_of(connection)
    except Trouble as error:
        pause(connection, error.words, error.fix)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("Connection %s: its adapter cannot be made.", connection)
        words = f"A fault in the adapter “{connection.kind}”: {type(error).__name__}: {error}"
        pause(connection, words, "Report it, with these words.")
    return None


def check(connection: Connection) -> list[Check]:
    """What a look at the connection saw; trouble on the way is one more check that failed. Writes nothing."""
    try:
        return list(adapter_of(connection).check())
    except Trouble as error:
        return [Check(name=connection.name, ok=False, words=error.words, fix=error.fix)]


def pause(connection: Connection, why: str, fix: str = "", *, by: User | None = None) -> None:
    """Send nothing more until somebody resumes; deliveries wait. A connection already paused keeps its first reason."""
    fields = {"paused_at": Now(), "paused_why": why[:500], "paused_fix": fix[:500]}
    with transaction.atomic():
        if Connection.objects.filter(pk=connection.pk, paused_at=None).update(**fields):
            events.record(connection, "paused", by=by, why=why, words=why[:500])


def resume(connection: Connection, by: User | None) -> None:
    """Send again what waits, at once; for the first time where it was never switched on."""
    fields = {"paused_at": None, "paused_why": "", "paused_fix": "", "not_before": None, "failures": 0}
    with transaction.atomic():
        if (
            Connection.objects.filter(pk=connection.pk)
            .exclude(paused_at=None)
            .update(**fields, on_since=Coalesce("on_since", Now()))
        ):
            events.record(connection, "resumed" if connection.on_since else "switched on", by=by)


def ask_again(connection: Connection, *, by: User | None = None) -> bool:
    """Ask the ledger for its lists once more, for the pickers; whether something that is mapped is gone by now. Raises the errors of a look."""
    ledger = connection.ledger
    if ledger is None:
        raise Misconfigured(f"“{connection}” is a store, which has no lists.", fix="Choose a ledger's connection.")
    choices = adapter_of(connection).choices()
    gone = intake.receive_choices(ledger, choices, by=by)
    Connection.objects.filter(pk=connection.pk).update(choices_at=Now())
    return gone


def _inherit(connection: Connection) -> None:
    """What a connection that was switched off never sent goes through this one; what it may have sent needs a person there."""
    unsent = Delivery.objects.filter(state=DeliveryState.WAITING, sent=False, connection__active=False)
    unsent.filter(connection__ledger=connection.ledger).update(connection=connection)


def _separate(kind: str, options: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    hidden = registry.secret_names(kind)
    if open_ones := sorted(hidden & set(options)):
        name = open_ones[0]
        raise Misconfigured(
            f"“{name}” is a secret and not stored in the open.", fix=f"Give it with --secret-env {name}=VARIABLE."
        )
    if needless := sorted(set(secrets) - hidden):
        raise Misconfigured(f"“{needless[0]}” is not a secret of “{kind}”.", fix=f"Give it with --set {needless[0]}=…")


def _right_end(kind: str, adapter: object, ledger: Ledger | None) -> None:
    if hasattr(adapter, "book") and ledger is None:
        raise Misconfigured(f"“{kind}” connects a ledger, not a shop.", fix="Name the ledger with --ledger CODE.")
    if ledger is not None and not hasattr(adapter, "choices"):
        raise Misconfigured(f"“{kind}” connects a shop, not a ledger.", fix="Name the shop with --shop CODE.")


def locked_budget(connection: Connection) -> tuple[bool, float | None]:
    """Whether anything may be sent there now, and how many calls (None: any number); its row is locked for the transaction that asks."""
    with database.cursor() as cursor:
        cursor.execute(_BUDGET, [connection.pk])
        row = cursor.fetchone()
    return row is not None, row[0] if row else None


def is_metered(adapter: object) -> bool:
    """Whether every call that the adapter makes is charged to its connection's budget by itself."""
    return hasattr(adapter, "dial")


def _make(
    kind: str,
    values: Mapping[str, str],
    budget: Callable[[], None] | None = None,
    place: shelf.Shelf | None = None,
    there: Connection | None = None,
) -> Accounting:
    """The adapter with what it is made of: the session of one that calls a host, the shelf of one that hands out files."""
    cls, options = registry.find(kind), registry.options(kind, values)
    dial: http.Dial | None = cls.dial(options) if is_metered(cls) else None  # type: ignore[attr-defined]
    hidden = [values[name] for name in registry.secret_names(kind) if values.get(name)]
    return typing.cast(Accounting, cls(options, _session(dial, hidden, budget, there) if dial else place))


def _session(
    dial: http.Dial, hidden: list[str], budget: Callable[[], None] | None, there: Connection | None
) -> http.Session:
    def access(refused: str) -> str:
        if there is None or dial.grant is None:
            raise Misconfigured("Its access token is had once it is connected.", fix="Connect it first, then check it.")
        return tokens.access(there, dial, dial.grant, refused)

    return http.Session(
        dial.base_url,
        networks=dial.networks,
        headers=dial.headers,
        secrets=hidden,
        budget=budget,
        ca_file=dial.ca_file,
        grant=dial.grant,
        access=access if dial.grant else None,
    )


def _meter(connection: Connection) -> Callable[[], None] | None:
    """Charges each call to the budget. What was begun is carried out, into debt if need be; nothing new is claimed before that is paid."""
    if connection.calls_per_minute is None:
        return None

    def charge() -> None:
        Connection.objects.filter(pk=connection.pk).update(tokens=F("tokens") - 1)

    return charge


def _store(fresh: Connection, secrets: Mapping[str, str], *, on: bool) -> Connection:
    held = Connection.objects.select_for_update(no_key=True).filter(name=fresh.name).first()
    if held and (held.kind, held.shop_id, held.ledger_id) != (fresh.kind, fresh.shop_id, fresh.ledger_id):
        raise Misconfigured(
            f"The name “{fresh.name}” belongs to another connection ({held.kind}).", fix="Choose another name."
        )
    if held:
        fresh.pk, fresh.last_success_at, fresh.calls_per_minute = held.pk, held.last_success_at, held.calls_per_minute
        fresh.on_since, fresh.choices_at = held.on_since, held.choices_at
    if not on and (held is None or held.on_since is None):
        fresh.on_since = None
        fresh.paused_at, fresh.paused_why, fresh.paused_fix = timezone.now(), *NOT_ON
    fresh.on_since = fresh.on_since or (timezone.now() if on else None)
    fresh.secrets = tokens.seal(secrets)
    try:
        with transaction.atomic():
            fresh.save(force_update=held is not None, force_insert=held is None)
    except IntegrityError as error:
        raise Misconfigured(
            f"The ledger “{fresh.ledger}” has another active connection.", fix="Switch that one off first."
        ) from error
    return fresh
