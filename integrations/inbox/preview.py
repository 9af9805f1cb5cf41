"""What a small file would change, cell by cell, and then its taking in, whole or not at all: both by django-import-export, record by record through the office."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import Result, RowResult
from tablib import Dataset

from integrations.inbox import staging, taking
from integrations.inbox.reading import move
from integrations.inbox.staging import Staged
from orders import incoming, intake, money
from orders.models import Event, ImportJob, ImportRecord, ImportState

Cell = tuple[str, str, str]
AMOUNTS = {
    "amount", "net", "tax", "total", "subtotal", "balance", "fee", "taken_off", "total_due", "tax_total", "tip_total", "fee_total", "duty_total",
    "discount_total", "shipping_total", "refunded_total",
}  # fmt: skip
"""The last words of the places at which an event tells an amount."""
TYPES = {
    "created": RowResult.IMPORT_TYPE_NEW,
    "updated": RowResult.IMPORT_TYPE_UPDATE,
    "same": RowResult.IMPORT_TYPE_SKIP,
    "older": RowResult.IMPORT_TYPE_SKIP,
}


class RefusedNow(Exception):
    """A record that was fine in the preview is refused now."""


@dataclass(slots=True)
class Standing:
    """What one record comes to: its outcome, and the cells that it changes."""

    staged: Staged[incoming.Record]
    outcome: str = ""
    line: intake.Line | None = None
    cells: list[Cell] = field(default_factory=list)
    pk: int | None = None

    def __str__(self) -> str:
        return self.line.place if self.line else ""


class Differences:
    """The library's row diff: the cells as the record's own event tells them, without any style within the HTML."""

    def __init__(self, resource: Records, instance: Standing, new: bool) -> None:
        self.instance = instance

    def compare_with(self, resource: Records, instance: Standing) -> None:
        self.instance = instance

    def as_html(self) -> list[Cell]:
        """Field, before and after of each cell; the template escapes and marks them."""
        return self.instance.cells


class Records(Resource):  # type: ignore[misc]
    """The staged records of one job as the rows of an import."""

    class Meta:
        instance_loader_class = BaseInstanceLoader
        use_transactions = True
        report_skipped = True
        store_instance = True

    def __init__(self, job: ImportJob) -> None:
        super().__init__()
        self.job, self.source = job, taking.source(job)
        self.refused: list[Standing] = []
        self.staged = {one.n: one for one in staging.after(job, 0, job.staged)}

    def rows(self) -> Dataset:
        return Dataset(*[(n,) for n in self.staged], headers=["record"])

    def get_diff_class(self) -> type[Differences]:
        return Differences

    def get_or_init_instance(self, instance_loader: Any, row: Mapping[str, Any]) -> tuple[Standing, bool]:
        return Standing(self.staged[row["record"]]), False

    def import_instance(self, instance: Standing, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Let the office take the record in, within the transaction of the import. Raises ValidationError for what it refuses."""
        mark = Event.objects.aggregate(last=Max("pk"))["last"] or 0
        receipt = intake.receive(self.job.shop, [instance.staged.record], source=self.source)
        for outcome in TYPES:
            for line in getattr(receipt, outcome):
                instance.outcome, instance.line, instance.pk = outcome, line, line.order_id
        if receipt.refused:
            instance.outcome, instance.line = "refused", receipt.refused[0]
            self.refused.append(instance)
            raise ValidationError(instance.line.words)
        instance.cells = list(cells(instance, mark, self.job.shop.currency))

    def validate_instance(
        self, instance: Standing, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def save_instance(self, instance: Standing, is_create: bool, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Nothing is left to save: the office did."""

    def after_import_row(self, row: Mapping[str, Any], row_result: RowResult, **kwargs: Any) -> None:
        """The outcome that the office told, in the library's words."""
        row_result.import_type = TYPES[row_result.instance.outcome]


def make(job: ImportJob) -> None:
    """Foretell every record of a small file with the cells it would change, and make the job ready; nothing is taken in."""
    resource = Records(job)
    result = resource.import_data(resource.rows(), dry_run=True)
    _raise_bugs(result)
    with transaction.atomic():
        for row in result.rows:
            if row.instance:
                ImportRecord.objects.filter(job=job, n=row.instance.staged.n).update(
                    outcome=row.instance.outcome, changes=row.diff or []
                )
        _tally(job, result)
        for one in resource.refused:
            ImportRecord.objects.filter(job=job, n=one.staged.n).update(outcome="refused")
            taking.refuse(job, [one.line] if one.line else [], [one.staged])
        job.totals["foretold"] = {name: getattr(job, name) for name in taking.COUNTS}
        job.state, job.done = ImportState.READY, job.staged
        move(job, ImportState.READING, *taking.COUNTS, "done", "state", "totals")


def apply(job: ImportJob) -> None:
    """Take the whole file in; the caller holds the transaction. Raises RefusedNow with the words of the first record that is refused now."""
    resource = Records(job)
    result = resource.import_data(resource.rows(), use_transactions=True, rollback_on_validation_errors=True)
    _raise_bugs(result)
    if result.invalid_rows:
        raise RefusedNow(" ".join(result.invalid_rows[0].error.messages))
    taking.begin(job)
    _tally(job, result)
    job.done = job.staged
    taking.finish(job)


def cells(standing: Standing, mark: int, currency: str) -> Iterator[Cell]:
    """Field, before and after of a person's corrections; else of everything that the events written since `mark` tell of the record."""
    if standing.line and standing.line.changes:
        yield from ((one.title, one.before, one.after) for one in standing.line.changes)
        return
    told = Event.objects.filter(pk__gt=mark).order_by("pk")
    kind = type(standing.staged.record).__name__.lower()
    told = told.filter(order_id=standing.pk) if standing.pk else told.filter(noun=kind)
    for event in told:
        body = json.loads(event.body)
        told_twice = standing.line.number if standing.line else ""  # the row is headed by it
        found = _pairs(body.get("from"), body.get("to"), currency)
        yield from (cell for cell in found if cell != ("number", "", told_twice))
        persons = json.loads(event.personal) if event.personal else {}
        for place, pair in persons.items():
            if isinstance(pair, dict):
                yield place, _text(pair.get("from")), _text(pair.get("to"))


def _pairs(before: object, after: object, currency: str) -> Iterator[Cell]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    for place in dict.fromkeys([*old, *new]):
        pair = _text(old.get(place)), _text(new.get(place))
        if place.rpartition(" ")[2] in AMOUNTS:
            spoken = str(new.get("currency") or currency)
            pair = _amount(pair[0], spoken), _amount(pair[1], spoken)
        if pair[0] != pair[1]:
            yield place, *pair


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _amount(text: str, currency: str) -> str:
    """An amount with the decimals of its currency; never rounded."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    return f"{money.rounded(amount, currency):f}" if money.is_exact(amount, currency) else text


def _tally(job: ImportJob, result: Result) -> None:
    job.created = result.totals[RowResult.IMPORT_TYPE_NEW]
    job.updated = result.totals[RowResult.IMPORT_TYPE_UPDATE]
    job.same = result.totals[RowResult.IMPORT_TYPE_SKIP]
    job.refused = len(result.invalid_rows)


def _raise_bugs(result: Result) -> None:
    """What is no refusal is an error of ours, or a lost database: raised as it came."""
    for error in [*result.base_errors, *(one for _n, errors in result.row_errors() for one in errors)]:
        raise error.error
