"""What machines may ask of us: to take a store's delivery, and to say how we are."""

from __future__ import annotations

import functools
import hmac
import logging
import re
import secrets

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from integrations import connections, inbox, jobs, tokens, watching
from integrations.errors import Trouble
from integrations.models import Connection
from integrations.stores.base import Door, Letter
from orders.models import Shop

log = logging.getLogger(__name__)

LARGEST = 1 << 20  # bytes of a delivery
_PING = re.compile(rb"webhook_id=\d{1,20}")
_SEEN_EVERY = 60  # seconds between two notes that a connection is alive: a row for each delivery would be fought over


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Keep a store's delivery and answer at once; it is understood later, by the job “inbox”.

    200 once it is committed, also for one that came before; 401 for a signature that fits no secret, with the same work and words for a connection that does
    not exist; 413 above 1 MiB; 503 where it could not be kept, so that the store sends it again.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST:
        return _answer(413, f"A delivery may have {LARGEST} bytes.")
    if _PING.fullmatch(request.body):  # WooCommerce's first sign of life, which it does not sign
        return _answer(200, "Nothing to do.")
    try:
        return _delivered(_connection(name), request)
    except (OperationalError, InterfaceError):
        log.exception("A delivery to %s could not be kept.", name)
    except Trouble as trouble:
        log.error("Connection %s cannot take deliveries: %s", name, trouble.words)
    return _answer(503, "It could not be kept. Send it again later.", retry_after="60")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """How the installation is, in words, for whoever asks: 200 if well, 503 if a person should look. It names nobody and no connection."""
    seen = watching.health(jobs.rhythm())
    told = {"ok": seen.ok, "reasons": [reason.words for reason in seen.reasons], "figures": dict(seen.figures)}
    return JsonResponse(told, status=200 if seen.ok else 503, json_dumps_params={"ensure_ascii": False})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format, for whoever holds ORDERSYNC_METRICS_TOKEN; not there at all while that is not set."""
    if not (token := settings.ORDERSYNC_METRICS_TOKEN):
        raise Http404
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return _answer(401, "The bearer token does not fit.", www_authenticate="Bearer")
    try:
        return HttpResponse(watching.metrics(jobs.rhythm()), content_type="text/plain; version=0.0.4; charset=utf-8")
    except DatabaseError:
        return _answer(503, "The database does not answer.")


def _connection(name: str) -> Connection:
    found = Connection.objects.select_related("shop").filter(name=name, active=True).exclude(shop=None).first()
    return found or _nobody()


@functools.cache
def _nobody() -> Connection:
    """Stands for a connection that there is not, so that asking for one takes as long as asking for one that there is."""
    return Connection(kind="webhook", secrets=tokens.seal({"secret": secrets.token_hex()}))


def _delivered(there: Connection, request: HttpRequest) -> HttpResponse:
    door: object = connections.adapter_of(there)
    letter = door.letter(request.body, request.headers) if isinstance(door, Door) else None
    if letter is None or there.shop is None:
        return _answer(401, "This delivery is not signed as agreed.")
    _keep(there, there.shop, letter, request.body)
    return _answer(200, "Kept.")


def _keep(there: Connection, shop: Shop, letter: Letter, body: bytes) -> None:
    source = f"webhook {there.name} {letter.topic}".strip()
    message = inbox.accept(shop, source, letter.key, body, letter.layout, connection=there)
    log.info("Kept as message-%d.", message.pk)
    if inbox.is_first(message):
        jobs.ring("inbox")
    if not there.last_success_at or (timezone.now() - there.last_success_at).total_seconds() > _SEEN_EVERY:
        Connection.objects.filter(pk=there.pk).update(last_success_at=Now())


def _answer(status: int, words: str, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8", headers=named)
