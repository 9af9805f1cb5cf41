"""Three clusters in one thread and in virtual time: the real jobs, stepped by a seed, against a ledger that lies, with people and a store in between.

A seed decides who goes on, who stands still, who dies at which point, what is lost on the way, and how time passes. While there are faults, nothing may ever be
wrong (safety); ten minutes after the last one, all must be drained (liveness). The same seed does the same again: `make simulate SEED=n`.

Time: the processes' clocks are patched, and each session finds `now()` and its like in a schema of the simulation's before the database's own, so that the
statements under test are those of production.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from unittest import mock

from django.db import connections as databases
from django.db import transaction
from django.test import override_settings
from greenlet import getcurrent, greenlet

from integrations import connections, inbox, jobs, outbox
from integrations.accounting.base import Booked, Bounds, Check, Idempotency
from integrations.errors import Conflict, Misconfigured, Refused, Unavailable, Uncertain
from integrations.models import Connection, Delivery, DeliveryState, Message, MessageState
from integrations.registry import adapter
from orders import documents, incoming, outgoing, review
from orders.models import Booking, Document, Ledger, Order, Shop, State
from tests import boundaries, factories, way
from tests.boundaries import Killed

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
BOUND = timedelta(minutes=10)
STEPS = 45
LONGEST_CALL = 30.0
JOBS = ("outbox", "outbox", "outbox", "inbox", "settle")
# Of one world: is there something left, is something paused or parked, does the desk wait for its owner, is there a letter, and when is the next wait or lease over.
VIEW = """
WITH mine AS (SELECT state, fence, tries, not_before, leased_until, (SELECT b.refused_at FROM orders_booking b WHERE b.document_id = d.document_id) AS refused_at
                FROM integrations_delivery d WHERE connection_id = %(connection)s),
letters AS (SELECT state, attempts, not_before FROM integrations_message WHERE shop_id = %(shop)s AND state <> 'done'),
open AS (SELECT b.not_before FROM orders_booking b JOIN orders_document d ON d.id = b.document_id
          WHERE d.ledger_id = %(ledger)s AND b.booked_at IS NULL AND b.voided_at IS NULL AND b.refused_at IS NULL),
desk AS (SELECT state, blockers FROM orders_order WHERE shop_id = %(shop)s AND state IN ('pending', 'held'))
SELECT EXISTS (SELECT 1 FROM mine WHERE state NOT IN ('booked', 'undone') AND refused_at IS NULL) OR EXISTS (SELECT 1 FROM letters) OR EXISTS (SELECT 1 FROM open)
         OR EXISTS (SELECT 1 FROM desk WHERE state = 'pending' AND blockers = 0),
       EXISTS (SELECT 1 FROM mine WHERE state = 'parked' AND refused_at IS NULL)
         OR EXISTS (SELECT 1 FROM integrations_connection WHERE id = %(connection)s AND paused_at IS NOT NULL),
       EXISTS (SELECT 1 FROM desk), EXISTS (SELECT 1 FROM letters),
       (SELECT min(at) FROM (SELECT not_before AS at FROM mine WHERE state IN ('waiting', 'unknown') UNION ALL SELECT leased_until FROM mine WHERE state = 'leased'
                    UNION ALL SELECT not_before FROM integrations_connection WHERE id = %(connection)s UNION ALL SELECT not_before FROM letters
                    UNION ALL SELECT not_before FROM open) waits WHERE at > %(now)s),
       concat_ws(' ', (SELECT string_agg(concat_ws(' ', state, fence, tries), ' ' ORDER BY state, fence, tries) FROM mine), (SELECT sum(attempts) FROM letters),
                 (SELECT count(*) FROM open), (SELECT count(*) FROM desk))"""
# Here clients die, never the server: no commit need wait for the disk.
DRESS = {"search_path": "simulation,public,pg_catalog", "synchronous_commit": "off"}
CLOCKS = ("now", "statement_timestamp", "clock_timestamp", "transaction_timestamp")


class Wrong(AssertionError):
    """A promise was broken; the message says which, and the seed's story is in `story`."""


@adapter("simulated")
class SimulatedLedger:
    """Books in memory, in the ledger of the simulation that is under way."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        name: str = ""

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    concurrency: ClassVar[int] = 3
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()
    truth: ClassVar[Truth]

    def __init__(self, options: Options, session: object = None) -> None:
        """Nothing to connect to."""

    def check(self) -> list[Check]:
        return []

    def choices(self) -> incoming.Choices:
        return incoming.Choices(accounts=(), tax_codes=())

    def find(self, document: outgoing.Document) -> Booked | None:
        return self.truth.find(document)

    def book(self, document: outgoing.Document) -> Booked:
        return self.truth.book(document)

    def read(self, references: list[str]) -> list[incoming.InvoiceState]:
        raise Unavailable("It is not asked here.")


@dataclass
class Truth:
    """What really stands in the ledger: the judge. `keyed`: it knows a document again by its key, as most ledgers can; a bare one books as often as asked."""

    world: Simulation
    keyed: bool
    booked: list[outgoing.Document] = field(default_factory=list)
    late: list[tuple[float, outgoing.Document]] = field(default_factory=list)
    refused: set[tuple[str, int]] = field(default_factory=set)

    def find(self, document: outgoing.Document) -> Booked | None:
        self.world.pause_in_call(self.keyed)
        self._fault(("lost", "down", "busy", "locked out", "bug"))
        hits = [one for one in self.booked if (one.key, one.revision) == (document.key, document.revision)]
        if len(hits) > 1 or any(one.hash != document.hash for one in hits):
            raise Conflict(f"{document.reference} stands there {len(hits)} times.")
        return _answer(document) if hits else None

    def book(self, document: outgoing.Document) -> Booked:
        self.world.pause_in_call(self.keyed)
        name = (document.key, document.revision)
        known = any((one.key, one.revision) == name for one in self.booked)
        if not known and (name in self.refused or self.world.happens(0.04)):
            self.refused.add(name)
            raise Refused("The account is closed.", fix="Map another one.")
        crime = self._fault(("lost", "down", "busy", "locked out", "bug", "lost later"), half=True)
        if crime == "lost later" and self.keyed:
            self.late.append((self.world.seconds + self.world.chance.choice([20, 90, 400]), document))
            raise Uncertain("No answer came.")
        self._write(document)
        if crime:
            self._raise(crime)
        return _answer(document)

    def arrive(self, now: float) -> None:
        """What was still on its way when its sender gave up arrives."""
        for item in [item for item in self.late if item[0] <= now]:
            self.late.remove(item)
            self._write(item[1])

    def _write(self, document: outgoing.Document) -> None:
        known = any((one.key, one.revision) == (document.key, document.revision) for one in self.booked)
        if not (self.keyed and known):
            self.booked.append(document)
            self.world.tell(f"the ledger books {document.key} {document.revision}")

    def _fault(self, crimes: tuple[str, ...], *, half: bool = False) -> str:
        """A crime, committed now, or (`half`) perhaps after the booking: then its name."""
        if not self.world.happens(0.3):
            return ""
        crime = self.world.chance.choice(crimes)
        self.world.tell(f"the ledger: {crime}")
        if half and (crime == "lost later" or (crime in ("lost", "bug") and self.world.happens(0.6))):
            return crime if self.keyed or crime != "lost later" else "lost"
        self._raise(crime)
        return ""

    @staticmethod
    def _raise(crime: str) -> None:
        match crime:
            case "lost" | "lost later":
                raise Uncertain("The connection was reset.")
            case "down":
                raise Unavailable("Connection refused.")
            case "busy":
                raise Unavailable("Too many requests.", retry_after=45)
            case "locked out":
                raise Misconfigured("The password is wrong.")
            case "bug":
                raise KeyError("invoice_id")


def _answer(document: outgoing.Document) -> Booked:
    taxes: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            taxes[line.tax_code] = taxes.get(line.tax_code, Decimal(0)) + line.tax
    return Booked(
        id=f"{document.key}:{document.revision}",
        number=document.reference,
        currency=document.currency,
        net=document.net,
        tax=document.tax,
        gross=document.gross,
        taxes=tuple(taxes.items()),
        balance=document.gross,
    )


@dataclass
class Cluster:
    """One process: a session of its own, and perhaps a job under way that stands still at a point until `wakes_at`."""

    name: str
    session: Any
    under_way: greenlet | None = None
    wakes_at: float = 0.0
    latest: float = math.inf  # it must have gone on by then, however much time passes at once
    doomed: bool = False


@dataclass(frozen=True, kw_only=True)
class View:
    """How a world stands once the faults have stopped. `broken`: something is paused or parked; `desk`: an order waits for its owner.
    `letters`: some are not read yet. `traces`: other ones if anything was done.
    """

    drained: bool
    broken: bool
    desk: bool
    letters: bool
    due: datetime | None
    traces: str


class Simulation(boundaries.Watch):
    """One seed's world."""

    def __init__(self, seed: int, idle: list[Any] | None = None) -> None:
        """`idle`: sessions that an earlier seed left and a later one may have; a server's session is slow until it knows its way."""
        super().__init__()
        self.idle = [] if idle is None else idle
        self.seed, self.chance = seed, random.Random(seed)  # noqa: S311
        self.seconds, self.faults = 0.0, True
        self.story: list[str] = []
        self.counts: Counter[str] = Counter()
        self.current: Cluster | None = None
        self.main = databases["default"]
        self.truth = Truth(self, keyed=self.chance.random() < 0.5)
        self.sent: dict[int, list[dict[str, Any]]] = {}
        self.clocks: dict[Any, tuple[Any, float]] = {}  # what each session was told last

    # Time and chance

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def happens(self, probability: float) -> bool:
        """By chance, and only while there are faults."""
        return self.faults and self.chance.random() < probability

    def tell(self, words: str) -> None:
        who = self.current.name if self.current else "people"
        self.story.append(f"{self.seconds:7.1f} {who}: {words}")

    def pass_time(self, seconds: float) -> None:
        """Time passes at once, but not past whoever must have gone on before."""
        until = self.seconds + seconds
        while late := [one for one in self.clusters if one.under_way is not None and one.latest < until]:
            first = min(late, key=lambda one: one.latest)
            self._tick(max(self.seconds, first.latest))
            self.resume(first)
        self._tick(until)

    def _tick(self, until: float) -> None:
        self.seconds = until
        self.truth.arrive(self.seconds)
        self._set_clock(self.main)

    def _set_clock(self, session: Any) -> None:
        session.ensure_connection()
        if self.clocks.get(session) == (session.connection, self.seconds):
            return
        self.clocks[session] = (session.connection, self.seconds)
        with session.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('simulation.now', %s, false)", [self.now().isoformat()])
        if not session.connection.autocommit and not session.in_atomic_block:
            session.connection.commit()  # it stood still right after its commit

    def sleep(self, seconds: float) -> None:
        """A process sleeps: the others go on."""
        if self.current is None:
            self.pass_time(seconds)
        else:
            self._stand_still(seconds)

    # Points

    def pass_through(self, name: str, act: Callable[[], Any]) -> Any:
        """Every commit of a cluster: it may die before or after, or stand still after."""
        cluster = self.current
        if cluster is None:
            return act()
        if cluster.doomed:
            raise Killed(name)
        self.counts["points"] += 1
        if self.happens(0.01):
            self._die(f"before {name}")
        result = act()
        if self.happens(0.01):
            self._die(f"after {name}")
        if self.happens(0.25):
            if "attempts._opened" in name and not self.truth.keyed:
                self._stand_still(0, latest=5)
            else:
                self._stand_still(self.chance.choice([0, 0, 1, 20, 400]))
        return result

    def pause_in_call(self, keyed: bool) -> None:
        """The call is under way: the others go on; longer than a call may last only where the ledger would know the document again."""
        if self.current is not None and self.happens(0.5):
            seconds = self.chance.choice([0, 2, LONGEST_CALL, 300 if keyed else LONGEST_CALL])
            self._stand_still(seconds, latest=math.inf if keyed else LONGEST_CALL)

    def _stand_still(self, seconds: float, latest: float = math.inf) -> None:
        """Whoever has written an attempt down and calls a ledger without keys goes on before its lease is over: what no lock of ours can hold is not tried."""
        cluster = self.current
        assert cluster is not None
        cluster.wakes_at, cluster.latest = self.seconds + seconds, self.seconds + latest
        getcurrent().parent.switch()
        cluster.latest = math.inf
        if cluster.doomed:
            self._die("where it stood")

    def _die(self, name: str) -> None:
        cluster = self.current
        assert cluster is not None
        cluster.doomed = True
        self.counts["kills"] += 1
        self.tell(f"dies {name}")
        if cluster.session.connection is not None:
            gone = cluster.session.connection.info.backend_pid
            cluster.session.connection.close()
            # Its locks go when the server has seen it, and a seed must not depend on when that is.
            with self.main.connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [gone])
        cluster.session.closed_in_transaction = True
        raise Killed(name)

    # Clusters

    def resume(self, cluster: Cluster) -> None:
        """Let it run to the next point at which it stands still, or to the job's end."""
        if cluster.under_way is None:
            return
        self.current = cluster
        databases["default"] = cluster.session
        try:
            if not cluster.doomed:
                self._set_clock(cluster.session)
            cluster.under_way.switch()
        finally:
            databases["default"] = self.main
            self.current = None
        if cluster.under_way.dead:
            cluster.under_way = None
            if cluster.doomed:
                cluster.session, cluster.doomed = self.open_session(), False

    def start(self, cluster: Cluster, job: str) -> None:
        def run() -> None:
            with suppress(Killed):
                jobs.run(job)

        cluster.under_way, cluster.wakes_at, cluster.latest = greenlet(run), 0.0, math.inf
        self.resume(cluster)

    def open_session(self) -> Any:
        session = self.idle.pop() if self.idle else self._new_session()
        self._watch(session)
        return session

    def _new_session(self) -> Any:
        session = databases.create_connection("default")
        options = {
            **self.main.settings_dict["OPTIONS"],
            "options": " ".join(f"-c {name}={value}" for name, value in DRESS.items()),
        }
        session.settings_dict = {**self.main.settings_dict, "OPTIONS": options}
        session.connect()
        return session

    def _leave(self, cluster: Cluster) -> None:
        """Whoever has nothing under way leaves his session to the next seed, as it was."""
        if cluster.under_way is not None or cluster.session.in_atomic_block:
            cluster.session.close()
            return
        cluster.session.execute_wrappers.clear()
        with cluster.session.connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
        self.idle.append(cluster.session)

    def _watch(self, session: Any) -> None:
        session.execute_wrappers.append(boundaries.statement(self))
        self._set_clock(session)

    # The world

    @contextmanager
    def open(self) -> Iterator[None]:
        """The patched clocks, the sessions of three clusters, and books and a shop of this seed's own."""
        SimulatedLedger.truth = self.truth
        random.seed(self.seed)
        with ExitStack() as stack:
            stack.enter_context(mock.patch("time.monotonic", self.monotonic))
            stack.enter_context(mock.patch("time.sleep", self.sleep))
            stack.enter_context(mock.patch("django.utils.timezone.now", self.now))
            stack.enter_context(mock.patch("integrations.jobs.group", self._group))
            stack.enter_context(mock.patch("integrations.outbox.claims.worker", self._who))
            stack.enter_context(mock.patch("integrations.jobs.async_task"))
            stack.enter_context(override_settings(ORDERSYNC_LANES=1))  # one thread
            stack.enter_context(boundaries.commits(self, empty=True))
            self.main.ensure_connection()
            with self.main.cursor() as cursor:
                cursor.execute("; ".join(f"SET {name} = {value}" for name, value in DRESS.items()))
            self._watch(self.main)
            self.clusters = [Cluster(f"cluster {n}", self.open_session()) for n in (1, 2, 3)]
            try:
                self._furnish()
                yield
            finally:
                for cluster in self.clusters:
                    self._leave(cluster)
                self.main.execute_wrappers.clear()
                with self.main.cursor() as cursor:
                    cursor.execute("; ".join(f"RESET {name}" for name in DRESS))

    def _group(self, number: int) -> str:
        return f"{self._who()}:"

    def _who(self) -> str:
        return self.current.name if self.current else "nobody"

    def _furnish(self) -> None:
        code = f"s{self.seed}"
        self.owner = factories.user(f"owner-{code}")
        self.ledger: Ledger = factories.ledger(code, undo_seconds=30)
        factories.item(self.ledger, "MUG")
        self.shop: Shop = factories.shop(code, ledger=self.ledger, owner=self.owner, prefix=f"S{self.seed % 9999}")
        self.connection = Connection.objects.create(name=code, kind="simulated", ledger=self.ledger)
        if self.chance.random() < 0.3:
            Connection.objects.filter(pk=self.connection.pk).update(calls_per_minute=120, tokens=5)

    # The store and the people

    def store(self) -> None:
        """Sends an order, a newer version of one, or an old letter again."""
        kind = self.chance.choice(["new", "newer", "again", "older"])
        number = self.chance.randint(1, max(1, len(self.sent)))
        if (kind == "new" or not self.sent) and len(self.sent) < 2:
            number = len(self.sent) + 1
            self._send(number, self._version(number, 1, "11.90"))
        elif number in self.sent and kind == "newer" and len(self.sent[number]) < 3:
            self._send(
                number, self._version(number, len(self.sent[number]) + 1, self.chance.choice(["11.90", "23.80"]))
            )
        elif number in self.sent:
            self._letter(number, self.chance.choice(self.sent[number]))

    def _version(self, number: int, n: int, price: str) -> dict[str, Any]:
        tax = str((Decimal(price) * 19 / 119).quantize(Decimal("0.01")))
        at = (BEGIN + timedelta(minutes=n)).isoformat()
        order = way.told(number, updated_at=at, financial_status="pending")
        order |= {"total_line_items_price": price, "subtotal_price": price, "total_price": price, "total_tax": tax}
        order["line_items"][0] |= {"price": price}
        order["tax_lines"][0] |= {"price": tax}
        return order

    def _send(self, number: int, version: dict[str, Any]) -> None:
        self.sent.setdefault(number, []).append(version)
        self._letter(number, version)

    def _letter(self, number: int, version: dict[str, Any]) -> None:
        key = f"{number} {version['updated_at']}"
        self.tell(f"the store sends order {key} over {version['total_price']}")
        body = json.dumps({"orders": [version]}).encode()
        inbox.accept(self.shop, "letter", key, body, "shopify-orders-json")

    def people(self) -> None:
        """Approve, take back, correct, hold, retry or resume something."""
        order = Order.objects.filter(shop=self.shop).order_by("pk")[: self.chance.randint(1, 3)]
        act = self.chance.choice(["approve", "approve", "approve", "reopen", "correct", "hold", "mend"])
        if act == "mend":
            self.mend()
            return
        for one in list(order)[-1:]:
            self.tell(f"{act} {one.number}")
            with suppress(review.Refused):
                self._decide(one, act)

    def _decide(self, order: Order, act: str) -> None:
        if act == "correct":
            review.correct(
                order, by=self.owner, target="order", field="customer_name", value=self.chance.choice(["Ann Li", "Bo Li"]), reason="misspelt",
            )  # fmt: skip
        else:
            getattr(review, act)(order, by=self.owner)

    def mend(self) -> None:
        """The IT lead resumes what is paused and lets go again what is parked and not refused."""
        if paused := Connection.objects.filter(pk=self.connection.pk).exclude(paused_at=None).first():
            connections.resume(paused, by=None)
        for delivery in Delivery.objects.filter(connection=self.connection, state=DeliveryState.PARKED):
            with suppress(outbox.NotRetried):
                outbox.unpark(delivery, by=None)

    def decide_all(self) -> None:
        """The owner clears the desk."""
        for order in Order.objects.filter(shop=self.shop, state__in=[State.HELD, State.PENDING]).order_by("pk"):
            with suppress(review.Refused):
                if order.state == State.HELD:
                    review.reopen(order, by=self.owner)
                review.approve(order, by=self.owner)

    # The run

    def run(self) -> None:
        """Faults, then rest. Raises Wrong."""
        with self.open():
            for _ in range(STEPS):
                known = len(self.truth.booked)
                self.step()
                if len(self.truth.booked) > known:
                    self.safe()
            self.safe()
            self.rest()

    def step(self) -> None:
        draw = self.chance.random()
        if draw < 0.12:
            self.store()
        elif draw < 0.3:
            self.people()
        elif draw < 0.42:
            self.pass_time(self.chance.choice([1, 5, 20, 40, 60, 200]))
        else:
            self._let_one_go_on()

    def _let_one_go_on(self) -> None:
        cluster = self.chance.choice(self.clusters)
        if cluster.under_way is None:
            self.start(cluster, self.chance.choice(JOBS))
        elif self.happens(0.05):
            cluster.doomed = True
            self.resume(cluster)
        elif cluster.wakes_at <= self.seconds:
            self.resume(cluster)

    def rest(self) -> None:
        """The faults stop; within ten minutes all is drained. Then the books must be those of the store."""
        self.faults, stopped = False, self.seconds
        view = self.view()
        while not view.drained:
            if self.seconds - stopped > BOUND.total_seconds():
                raise Wrong(f"not drained {BOUND} after the last fault: {self.left()}")
            known, before = len(self.truth.booked), view
            if view.broken:
                self.mend()
            for cluster in self.clusters:
                self._finish(cluster)
            if view.letters:
                self._whole("inbox")
            if view.desk:
                self.decide_all()
            self._whole("outbox")
            if len(self.truth.booked) > known:
                self.safe()
            view = self.view()
            self.pass_time(20 if view.traces != before.traces else self._until_something_is_due(view))
        self._whole("settle")
        self.counts["drained in"] = int(self.seconds - stopped)
        self.safe()
        self.final()

    def view(self) -> View:
        """What is left to do, in one statement."""
        mine = {"now": self.now(), "connection": self.connection.pk, "shop": self.shop.pk, "ledger": self.ledger.pk}
        with self.main.connection.cursor() as cursor:
            cursor.execute(VIEW, mine)
            left, broken, desk, letters, due, traces = cursor.fetchone()
        busy = self.truth.late or any(cluster.under_way for cluster in self.clusters)
        return View(drained=not (left or busy), broken=broken, desk=desk, letters=letters, due=due, traces=traces)

    def _until_something_is_due(self, view: View) -> float:
        """Turns in which nothing can happen are passed over: whole turns of 20 seconds until somebody wakes, or a wait or a lease of this world is over."""
        coming = [(view.due - BEGIN).total_seconds()] if view.due else []
        coming += [at for at, _document in self.truth.late]
        coming += [cluster.wakes_at for cluster in self.clusters if cluster.under_way]
        ahead = [at - self.seconds for at in coming if at > self.seconds]
        return 20 * math.ceil(min(ahead, default=20) / 20)

    def _finish(self, cluster: Cluster) -> None:
        while cluster.under_way is not None and cluster.wakes_at <= self.seconds:
            self.resume(cluster)

    def _whole(self, job: str) -> None:
        """Whoever is free does a whole turn of it."""
        if free := [cluster for cluster in self.clusters if cluster.under_way is None]:
            cluster = self.chance.choice(free)
            self.start(cluster, job)
            self._finish(cluster)

    def left(self) -> list[str]:
        """What has not come to its end."""
        open_ones = Delivery.objects.filter(connection=self.connection).exclude(
            state__in=[DeliveryState.BOOKED, DeliveryState.UNDONE]
        )
        deliveries = [f"{d.document} {d.state} {d.words}" for d in open_ones if not d.document.booking.refused_at]  # type: ignore[union-attr]
        letters = [str(m) for m in Message.objects.filter(shop=self.shop).exclude(state=MessageState.DONE)]
        waiting = Booking.objects.filter(document__ledger=self.ledger, booked_at=None, voided_at=None, refused_at=None)
        desk = [f"{o.number} {o.state}" for o in Order.objects.filter(shop=self.shop, state=State.PENDING, blockers=0)]
        busy = [cluster.name for cluster in self.clusters if cluster.under_way is not None]
        late = [f"late {document.key}" for _at, document in self.truth.late]
        return deliveries + letters + [str(b.document) for b in waiting] + desk + busy + late

    # The judge

    def safe(self) -> None:
        """True at every moment: nothing twice, nothing that was not approved, nothing else than was signed, no payment before its invoice."""
        there = Counter((one.key, one.revision) for one in self.truth.booked)
        if twice := [name for name, times in there.items() if times > 1]:
            raise Wrong(f"booked more than once: {twice}")
        if not there:
            return
        rows = {
            (row.key, row.revision): row
            for row in Document.objects.filter(ledger=self.ledger).select_related("booking", "approval")
        }
        for one in self.truth.booked:
            row = rows.get((one.key, one.revision))
            if row is None or row.approval_id is None or row.hash != one.hash or row.gross != one.gross:
                raise Wrong(f"{one.key} {one.revision} was booked and not signed so")
            if row.booking.taken_at is None or row.booking.voided_at is not None:
                raise Wrong(f"{one.key} {one.revision} was booked and not taken, or undone")
        for row in rows.values():
            if row.booking.booked_at and (row.key, row.revision) not in there:
                raise Wrong(f"{row.key} {row.revision} is said to be booked and is not")

    def final(self) -> None:
        """At rest: each document once, the sums those of the store's newest word, each letter counted once, the chain unbroken."""
        there = {(one.key, one.revision) for one in self.truth.booked}
        for row in Document.objects.filter(ledger=self.ledger).select_related("booking"):
            due = row.booking.voided_at is None and row.booking.refused_at is None
            if due != ((row.key, row.revision) in there):
                raise Wrong(f"{row.key} {row.revision} should{'' if due else ' not'} stand in the ledger")
        for number, versions in self.sent.items():
            self._settled(number, versions)
        if problems := documents.verify(self.ledger):
            raise Wrong(f"the chain is broken: {problems}")

    def _settled(self, number: int, versions: list[dict[str, Any]]) -> None:
        order = Order.objects.filter(shop=self.shop, store_id=str(number)).first()
        newest = Decimal(max(versions, key=lambda version: version["updated_at"])["total_price"])
        if order is None or order.total_due != newest:
            raise Wrong(f"order {number} is not what the store said last, {newest}")
        standing = Document.objects.filter(order=order, booking__voided_at=None)
        if order.state != State.APPROVED or standing.filter(booking__refused_at__isnull=False).exists():
            self.counts["refused or rejected"] += 1
            return
        sums = {"invoice": Decimal(0), "credit_note": Decimal(0)}
        keys = set(standing.values_list("key", "revision"))
        for one in self.truth.booked:
            if (one.key, one.revision) in keys and str(one.kind) in sums:
                sums[str(one.kind)] += one.gross
        if sums["invoice"] - sums["credit_note"] != newest:
            raise Wrong(f"order {number}: the ledger has {sums}, the store says {newest}")
        self.counts["orders to the cent"] += 1


@contextmanager
def prepared() -> Iterator[None]:
    """The schema with the clocks of the simulation."""
    with databases["default"].cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS simulation CASCADE")
        cursor.execute("CREATE SCHEMA simulation")
        for name in CLOCKS:
            cursor.execute(
                f"CREATE FUNCTION simulation.{name}() RETURNS timestamptz LANGUAGE sql STABLE AS"
                " $$ SELECT current_setting('simulation.now')::timestamptz $$"
            )
    try:
        yield
    finally:
        with databases["default"].cursor() as cursor:
            cursor.execute("DROP SCHEMA simulation CASCADE")


@contextmanager
def kept() -> Iterator[list[Any]]:
    """Room for sessions that wait for the next seed, until the last one."""
    idle: list[Any] = []
    try:
        yield idle
    finally:
        for session in idle:
            session.close()


@contextmanager
def quiet(wanted: bool) -> Iterator[None]:
    """Of many seeds nobody reads the log; the story of one that breaks is told."""
    logging.disable(logging.ERROR if wanted else logging.NOTSET)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def half(number: int) -> list[int]:
    """The seeds that are asked for are shared out among two files of tests, because processes that test side by side share files."""
    first, count = int(os.environ.get("ORDERSYNC_FIRST_SEED", "1")), int(os.environ.get("ORDERSYNC_SEEDS", "200"))
    return list(range(first, first + count))[number::2]


def judged(seeds: list[int]) -> str:
    """Play them; what happened, in a line. Raises AssertionError where a promise was broken, or too little happened for this to say anything."""
    counts = play(seeds)
    if len(seeds) >= 20:
        assert counts["kills"] > len(seeds) / 10, "too few died for this to say anything"
        assert counts["booked"] > len(seeds) / 2
    step = f" by {seeds[1] - seeds[0]}" if len(seeds) > 1 else ""
    return f"simulation: seeds {seeds[0]} to {seeds[-1]}{step}: {dict(counts)}; never wrong, drained in bound"


def play(seeds: list[int], say: Callable[[str], None] = print) -> Counter[str]:
    """Run these seeds one after the other; what happened in all of them, counted. Raises Wrong, with the command that replays it."""
    counts: Counter[str] = Counter()
    with prepared(), quiet(len(seeds) > 1), kept() as idle:
        for seed in seeds:
            world = Simulation(seed, idle)
            try:
                world.run()
            except AssertionError as wrong:
                say("\n".join(world.story))
                raise Wrong(f"seed {seed}: {wrong}; replay it: make simulate SEED={seed}") from wrong
            longest = max(counts["longest"], world.counts.pop("drained in"))
            counts += world.counts
            counts["longest"] = longest
            counts["seeds"] += 1
            counts["booked"] += len(world.truth.booked)
    with transaction.atomic():
        if problems := documents.events_verify():
            raise Wrong(f"the chain of events is broken: {problems}")
    return counts
