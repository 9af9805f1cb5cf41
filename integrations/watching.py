"""How the installation is, in figures and in words, for those who watch it: few statements, no personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from orders import queue

BOUND = (
    queue.UNKNOWN_FOR.total_seconds()
)  # that a document or a letter may wait, or be unknown, before a person should look
LEAST_LATE = 5 * 60  # seconds without a run before a job is late, however often it is rung

# What waits behind another document, or in a connection that is paused, is not counted: the cause has a reason of its own.
_FIGURES = """
SELECT (SELECT extract(epoch FROM now() - min(greatest(d.made_at, b.not_before)))
          FROM integrations_delivery d JOIN integrations_connection c ON c.id = d.connection_id AND c.active AND c.paused_at IS NULL
          JOIN orders_booking b ON b.document_id = d.document_id
         WHERE d.state = 'waiting' AND b.not_before <= now() AND NOT EXISTS (
           SELECT 1 FROM orders_documentafter a JOIN orders_booking first ON first.document_id = a.after_id
            WHERE a.document_id = d.document_id AND first.booked_at IS NULL))::float AS oldest_waiting,
       (SELECT extract(epoch FROM now() - min(unknown_since))
          FROM integrations_delivery WHERE state = 'unknown' AND document_id IS NOT NULL)::float AS oldest_unknown,
       (SELECT extract(epoch FROM now() - min(coalesce(d.unknown_since, d.made_at)))
          FROM integrations_delivery d JOIN integrations_connection c ON c.id = d.connection_id AND c.active AND c.paused_at IS NULL
         WHERE d.state IN ('waiting', 'unknown') AND d.errand_id IS NOT NULL)::float AS oldest_errand,
       (SELECT extract(epoch FROM now() - min(received_at)) FROM integrations_message WHERE state = 'new')::float AS oldest_letter,
       (SELECT extract(epoch FROM now() - started_at) FROM integrations_run ORDER BY id LIMIT 1)::float AS watched,
       (SELECT count(*) FROM integrations_connection WHERE active AND paused_at IS NOT NULL) AS paused,
       (SELECT count(*) FROM integrations_delivery WHERE state = 'leased' AND leased_until < now()) AS leases_lapsed"""

_JOBS = """
SELECT job, (SELECT extract(epoch FROM clock_timestamp() - coalesce(ended_at, started_at)) FROM integrations_run r
              WHERE r.job = named.job ORDER BY started_at DESC LIMIT 1)::float FROM unnest(%s::text[]) AS named (job)"""

_STATES = """
SELECT 'documents', state, count(*) FROM integrations_delivery WHERE document_id IS NOT NULL GROUP BY state
 UNION ALL SELECT 'messages', state, count(*) FROM integrations_message GROUP BY state
 UNION ALL SELECT 'signed', code, chain_length FROM orders_ledger ORDER BY 1, 2"""

_CONNECTIONS = """
SELECT name, kind, extract(epoch FROM last_success_at)::float, failures, (paused_at IS NOT NULL)::int
  FROM integrations_connection WHERE active ORDER BY name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why it is not well. `cause` stays the same as long as the reason does."""

    cause: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Well when there is no reason against it. `figures` by name, in seconds or as a count; None where nothing waits, or nothing ever ran.

    `silence` is the seconds since each job's last end.
    """

    reasons: tuple[Reason, ...]
    figures: Mapping[str, float | None]
    silence: Mapping[str, float | None]

    @property
    def ok(self) -> bool:
        return not self.reasons


def health(rhythm: Mapping[str, int]) -> Health:
    """Look, in two statements. `rhythm`: how many minutes lie between two turns of each job. Never raises for a database that is gone: that is a reason."""
    try:
        silence = _silence(rhythm)
        figures = {"heartbeat": _youngest(silence), **_figures()}
    except DatabaseError:
        connection.close()
        gone = Reason(cause="database", words=_("The database does not answer."))
        return Health(reasons=(gone,), figures={}, silence={})
    reasons = (*_heartbeat(figures), *_late(figures, silence, rhythm), *_stuck(figures))
    return Health(reasons=reasons, figures=figures, silence=silence)


def metrics(rhythm: Mapping[str, int]) -> str:
    """All figures in Prometheus' text format, in four statements. Raises DatabaseError.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    seen = health(rhythm)
    if not seen.figures:
        raise DatabaseError("the database does not answer")
    return "".join(f"{line}\n" for line in (*_own(seen), *_states(), *_connections()))


def _figures() -> dict[str, float | None]:
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES)
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone(), strict=True))


def _silence(rhythm: Mapping[str, int]) -> dict[str, float | None]:
    with connection.cursor() as cursor:
        cursor.execute(_JOBS, [list(rhythm)])
        return dict(cursor.fetchall())


def _youngest(silence: Mapping[str, float | None]) -> float | None:
    return min((seconds for seconds in silence.values() if seconds is not None), default=None)


def _heartbeat(figures: Mapping[str, float | None]) -> Iterator[Reason]:
    silent = figures["heartbeat"]
    if silent is None:
        yield Reason(cause="heartbeat", words=_("No job has ever run: start the job cluster (manage.py supervise)."))
    elif silent > settings.ORDERSYNC_HEARTBEAT_LIMIT:
        words = _("No job gave a sign for %(time)s, allowed are %(limit)s: see that the job cluster runs.")
        limit = _time(settings.ORDERSYNC_HEARTBEAT_LIMIT)
        yield Reason(cause="heartbeat", words=words % {"time": _time(silent), "limit": limit})


def _late(
    figures: Mapping[str, float | None], silence: Mapping[str, float | None], rhythm: Mapping[str, int]
) -> Iterator[Reason]:
    """A job that never ran is late once the others have run for a while: not while a new installation starts."""
    for job, silent in silence.items():
        if silent is None and (figures["watched"] or 0) <= LEAST_LATE:
            continue
        if silent is None:
            yield Reason(cause=f"job {job}", words=_("The job %(job)s has never run.") % {"job": job})
        elif silent > max(LEAST_LATE, 3 * 60 * rhythm[job]):
            words = _("The job %(job)s has not run for %(time)s.") % {"job": job, "time": _time(silent)}
            yield Reason(cause=f"job {job}", words=words)


def _stuck(figures: Mapping[str, float | None]) -> Iterator[Reason]:
    words = {
        "oldest_waiting": _("A signed document has been waiting to be booked for %(time)s."),
        "oldest_unknown": _("Whether a document stands in its ledger has been unknown for %(time)s."),
        "oldest_errand": _("A store should have been told something, or been asked whether it knows, for %(time)s."),
        "oldest_letter": _("A store's delivery has been waiting to be read for %(time)s."),
    }
    for name, sentence in words.items():
        if (figures[name] or 0) > BOUND:
            yield Reason(cause=name, words=sentence % {"time": _time(figures[name] or 0)})
    if paused := figures["paused"]:
        yield Reason(cause="paused", words=_("Connections that are paused: %(count)d.") % {"count": paused})


def _time(seconds: float) -> str:
    if seconds < 2 * 60:
        return _("%d seconds") % seconds
    return _("%d minutes") % (seconds / 60) if seconds < 2 * 60 * 60 else _("%d hours") % (seconds / 3600)


def _own(seen: Health) -> Iterator[str]:
    yield from _head("ordersync_healthy", "1 if /healthz is green.")
    yield f"ordersync_healthy {int(seen.ok)}"
    for name, words in _OWN.items():
        unit = "" if name in {"paused", "leases_lapsed"} else "_seconds"
        yield from _head(f"ordersync_{name}{unit}", words)
        yield f"ordersync_{name}{unit} {seen.figures[name] or 0:.15g}"
    yield from _head("ordersync_job_silence_seconds", "Since the last turn of the job ended.")
    yield from (
        _sample("job_silence_seconds", value, job=job) for job, value in seen.silence.items() if value is not None
    )


_OWN = {
    "heartbeat": "Since any job gave a sign; 0 where none ever did.",
    "oldest_waiting": "How long the oldest document that may go has waited; 0 where none does.",
    "oldest_unknown": "How long the outcome of a document has been unknown; 0 where none is.",
    "oldest_errand": "How long the oldest news for a store has waited, or been unknown; 0 where none does.",
    "oldest_letter": "How long the oldest delivery of a store has waited to be read; 0 where none does.",
    "paused": "Connections that are paused.",
    "leases_lapsed": "Deliveries whose worker ended before it could write down the outcome, not yet looked up.",
}
_COUNTED = {
    "documents": ("documents", "state", "Signed documents by what became of them."),
    "messages": ("messages", "state", "Deliveries of stores: new, done, failed (needs a person)."),
    "signed": ("documents_signed", "ledger", "Documents ever signed."),
}


def _states() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_STATES)
        rows = cursor.fetchall()
    for what, (name, label, words) in _COUNTED.items():
        yield from _head(f"ordersync_{name}", words)
        yield from (_sample(name, count, **{label: value}) for kind, value, count in rows if kind == what)


def _connections() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        rows = cursor.fetchall()
    told = (
        ("connection_last_success_timestamp_seconds", "When it last answered or delivered.", 2),
        ("connection_failures", "Failed calls since it last answered.", 3),
        ("connection_paused", "1 if nothing is sent until a person resumes it.", 4),
    )
    for name, words, at in told:
        yield from _head(f"ordersync_{name}", words)
        yield from (_sample(name, row[at], connection=row[0], kind=row[1]) for row in rows if row[at] is not None)


def _head(name: str, words: str) -> tuple[str, str]:
    return f"# HELP {name} {words}", f"# TYPE {name} gauge"


def _sample(name: str, value: float, /, **labels: str) -> str:
    written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"ordersync_{name}{{{written}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
