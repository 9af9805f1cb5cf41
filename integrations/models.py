"""The records of the post: connections, what came in, what goes out, and every attempt."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.checks import one_of


class Connection(models.Model):
    """One store or ledger that we are connected to. `secrets` is encrypted text; `options` never holds a secret.

    The budget is shared by all clusters through this row.
    """

    name = models.SlugField(max_length=50, unique=True)
    kind = models.CharField(max_length=30)
    shop = models.ForeignKey("orders.Shop", null=True, blank=True, on_delete=models.PROTECT, related_name="connections")
    ledger = models.ForeignKey(
        "orders.Ledger", null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )
    options = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, editable=False)
    active = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=500, blank=True)
    paused_fix = models.CharField(max_length=500, blank=True)
    not_before = models.DateTimeField(
        null=True, blank=True, help_text=_("Nothing is sent before (the other side asked us to wait).")
    )
    failures = models.PositiveIntegerField(default=0, editable=False)
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.FloatField(default=0, editable=False)
    refilled_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        constraints = [
            one_of("connection_has_one_end", "shop", "ledger"),
            models.UniqueConstraint(
                fields=["ledger"], condition=Q(active=True), name="one_active_connection_per_ledger"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MessageState(models.TextChoices):
    NEW = "new", _("new")
    DONE = "done", _("done")
    FAILED = "failed", _("needs a person")


class Message(models.Model):
    """A letter as it came, raw. The dedupe key is kept for ever; the body may be erased."""

    shop = models.ForeignKey("orders.Shop", on_delete=models.PROTECT, related_name="messages")
    connection = models.ForeignKey(
        "integrations.Connection", null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    source = models.CharField(max_length=200)
    layout = models.CharField(max_length=50, blank=True)
    dedupe_key = models.CharField(max_length=200)
    body = models.BinaryField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.NEW)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    words = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["shop", "dedupe_key"], name="one_message_per_letter")]
        indexes = [models.Index(fields=["received_at"], name="message_new", condition=Q(state=MessageState.NEW))]

    def __str__(self) -> str:
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M}"


class Cursor(models.Model):
    """How far polling of one thing has come."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.CASCADE, related_name="cursors")
    name = models.CharField(max_length=50)
    value = models.CharField(max_length=200, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="one_cursor_per_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class ErrandKind(models.TextChoices):
    STOCK = "stock", _("stock quantity")
    NUMBER = "number", _("invoice number")
    TRACKING = "tracking", _("tracking number")
    TAG = "tag", _("tag")
    CUSTOMER = "customer", _("customer data")


class Errand(models.Model):
    """Something to write back to a store. `key` makes it once."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="errands")
    kind = models.CharField(max_length=10, choices=ErrandKind)
    key = models.CharField(max_length=300)
    order = models.ForeignKey("orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="errands")
    body = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="one_errand_per_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    LEASED = "leased", _("being sent")
    UNKNOWN = "unknown", _("outcome unknown")
    BOOKED = "booked", _("booked")
    PARKED = "parked", _("needs a person")
    UNDONE = "undone", _("undone")


class Delivery(models.Model):
    """One document or errand on its way. A claim raises `fence` and sets the lease; whoever writes back must hold the same fence.

    `leased_until` is in the time of the database.
    """

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="deliveries")
    document = models.OneToOneField(
        "orders.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )
    errand = models.OneToOneField(
        "integrations.Errand", null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    fence = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    idempotency_key = models.UUIDField(default=uuid.uuid4)
    sent = models.BooleanField(default=False, help_text=_("It was sent at least once: look before sending again."))
    unknown_since = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    fix = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            one_of("delivery_has_one_load", "document", "errand"),
            models.CheckConstraint(
                name="leased_has_an_end", condition=~Q(state=DeliveryState.LEASED) | Q(leased_until__isnull=False)
            ),
            models.UniqueConstraint(fields=["connection", "idempotency_key"], name="one_delivery_per_idempotency_key"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "not_before", "id"],
                name="delivery_open",
                condition=Q(state__in=["waiting", "unknown"]),
            ),
            models.Index(fields=["leased_until"], name="delivery_leased", condition=Q(state=DeliveryState.LEASED)),
        ]

    def __str__(self) -> str:
        return f"{self.document_id or self.errand_id} {self.state}"


class AttemptOutcome(models.TextChoices):
    OPEN = "", _("never closed")
    BOOKED = "booked", _("booked")
    FOUND = "found", _("found")
    ABSENT = "absent", _("not there")
    REFUSED = "refused", _("refused")
    CONFLICT = "conflict", _("conflict")
    UNAVAILABLE = "unavailable", _("unavailable")
    MISCONFIGURED = "misconfigured", _("misconfigured")
    UNKNOWN = "unknown", _("unknown")
    BUG = "bug", _("bug")


class Attempt(models.Model):
    """One call, written before it is sent and closed once after; then a trigger freezes it. `request` and `reply` are redacted; persons stand in `personal` only."""

    delivery = models.ForeignKey("integrations.Delivery", on_delete=models.PROTECT, related_name="attempts")
    fence = models.PositiveIntegerField()
    call = models.CharField(max_length=10)  # find, book
    request_hash = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=15, choices=AttemptOutcome, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    reply = models.JSONField(default=dict, blank=True)
    personal = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["delivery", "id"]

    def __str__(self) -> str:
        return f"{self.call} {self.outcome or 'never closed'}"


class Binding(models.Model):
    """Ours ⇄ theirs: which record of the other side stands for ours (documents, customers, items)."""

    connection = models.ForeignKey("integrations.Connection", on_delete=models.PROTECT, related_name="bindings")
    noun = models.CharField(max_length=20)
    ours = models.CharField(max_length=300)
    theirs = models.CharField(max_length=300)
    bound_at = models.DateTimeField()

    class Meta:
        verbose_name = _("binding")
        verbose_name_plural = _("bindings")
        constraints = [
            models.UniqueConstraint(fields=["connection", "noun", "ours"], name="one_binding_per_ours"),
            models.UniqueConstraint(
                fields=["connection", "noun", "theirs"], condition=Q(noun="document"), name="one_document_per_theirs"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.ours} = {self.theirs}"


class ExportBatch(models.Model):
    """A numbered file that was handed out; the same batch is always the same bytes."""

    ledger = models.ForeignKey("orders.Ledger", on_delete=models.PROTECT, related_name="export_batches")
    number = models.PositiveIntegerField()
    profile = models.CharField(max_length=50)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    totals = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("export batch")
        verbose_name_plural = _("export batches")
        constraints = [models.UniqueConstraint(fields=["ledger", "number"], name="one_batch_per_number")]

    def __str__(self) -> str:
        return self.file_name


class Run(models.Model):
    """One turn of a job: the heartbeat, and what it did. `ended_at` null: still running, or killed."""

    job = models.CharField(max_length=50)
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    words = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        indexes = [models.Index(F("job"), F("started_at").desc(), name="run_of_job")]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M:%S}"
