"""Keeps the secrets of connections, encrypted under keys that can be rotated; and renews access tokens, one process at a time.

Where the server replaces the refresh token at each use, the new one is committed before its access token is used. What cannot be saved: a reply that is lost on the
way, or a process that ends between reply and commit. The old refresh token is tried again; a server that honours it once more gives another pair, one that does not
makes it Misconfigured: the connection is paused, and the IT lead connects it again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from integrations import http
from integrations.errors import Misconfigured, Trouble, Unavailable, Uncertain
from integrations.models import Connection, Token

log = logging.getLogger(__name__)

EARLY = timedelta(seconds=60)  # before its end a token is renewed, so that it does not end on the way
LEASE = timedelta(seconds=180)  # longer than a call of the token server can take
PATIENCE = 30.0  # seconds for which somebody else's renewal is waited for


def seal(secrets: Mapping[str, str]) -> str:
    """The secrets as one encrypted text, under the newest key; none give the empty text."""
    return _box().encrypt(json.dumps(dict(secrets), sort_keys=True).encode()).decode() if secrets else ""


def unseal(text: str) -> dict[str, str]:
    """The secrets again. Raises Misconfigured if none of the keys opens them."""
    if not text:
        return {}
    try:
        opened: dict[str, str] = json.loads(_box().decrypt(text.encode()))
    except InvalidToken as error:
        raise Misconfigured(
            "The stored secrets cannot be decrypted: the key that they were stored with is missing.",
            fix="Put that key back into ORDERSYNC_FIELD_KEYS, or connect again with the secrets.",
        ) from error
    return opened


def access(there: Connection, dial: http.Dial, grant: http.Grant, refused: str = "") -> str:
    """An access token that is good now, renewed if need be, or because it is the one that was `refused`.

    Of several processes one asks the token server, the others wait for what it stores. Raises Unavailable where the server gives none now, Misconfigured where it
    says that it will give none; RuntimeError inside a transaction.
    """
    if database.in_atomic_block:
        raise RuntimeError("a token must never be renewed inside a transaction: it would be lost with it")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        row = _row(there, grant)
        held = unseal(row.sealed)
        if _is_good(row, held, refused):
            return held["access_token"]
        if _leased(there, row):
            _renew(there, row, dial, grant, held.get("refresh_token") or grant.refresh_token)
        else:
            time.sleep(0.05)
    words = f"Another process has been renewing the token of {there} for {PATIENCE:.0f} seconds."
    raise Unavailable(words, fix="It is tried again by itself.")


def _row(there: Connection, grant: http.Grant) -> Token:
    """The token's row; one that was made from other secrets begins anew."""
    told = json.dumps([grant.url, grant.client_id, grant.client_secret, grant.refresh_token])
    seed = hashlib.sha256(told.encode()).hexdigest()
    row, _made = Token.objects.get_or_create(connection=there, defaults={"seed": seed})
    if row.seed != seed:
        anew = {"seed": seed, "sealed": "", "expires_at": None, "leased_until": None, "generation": row.generation + 1}
        Token.objects.filter(pk=row.pk, seed=row.seed).update(**anew)
        row.refresh_from_db()
    return row


def _is_good(row: Token, held: Mapping[str, str], refused: str) -> bool:
    if held.get("access_token", "") in ("", refused):
        return False
    if row.expires_at is None:
        return True
    # Of the generation that was read: another's renewal meanwhile says nothing about the token in hand.
    return Token.objects.filter(expires_at__gt=Now() + EARLY, pk=row.pk, generation=row.generation).exists()


def _leased(there: Connection, row: Token) -> bool:
    """True if the renewal is ours to make: nobody else is at it, and nobody has made it since we looked. Under the connection's row lock."""
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).filter(pk=there.pk).values_list("pk").first()
        free = Token.objects.filter(Q(leased_until=None) | Q(leased_until__lt=Now()), pk=row.pk)
        return bool(free.filter(generation=row.generation).update(leased_until=Now() + LEASE))


def _renew(there: Connection, row: Token, dial: http.Dial, grant: http.Grant, refresh: str) -> None:
    """Ask, and commit what was given before anybody uses it. What counts is that nobody stored another since we read ours, not whether our lease still holds."""
    ours = Token.objects.filter(pk=row.pk, generation=row.generation)
    try:
        told = _asked(dial, grant, refresh)
    except Trouble as trouble:
        ours.update(leased_until=None)
        if not ours.exists():
            return  # somebody stored a newer one meanwhile: that is used
        raise _in_words(there, trouble) from trouble
    kept = {"access_token": str(told["access_token"]), "refresh_token": str(told.get("refresh_token") or refresh)}
    lasts = told.get("expires_in")
    ends = Now() + timedelta(seconds=float(lasts)) if lasts else None
    fields: dict[str, Any] = {"generation": row.generation + 1, "expires_at": ends, "refreshed_at": Now()}
    if ours.update(sealed=seal(kept), leased_until=None, **fields):
        log.info("Connection %s: its access token was renewed (%d).", there, row.generation + 1)
    else:
        log.warning("Connection %s: another process stored a newer token; ours is dropped.", there)


def _asked(dial: http.Dial, grant: http.Grant, refresh: str) -> dict[str, Any]:
    """The token server's answer (RFC 6749, 5.1). Raises the Troubles of the session; Misconfigured for an error of 5.2."""
    secrets = [text for text in (grant.client_secret, refresh) if text]
    session = http.Session(grant.url, networks=dial.networks, ca_file=dial.ca_file, secrets=secrets)
    client = {"client_id": grant.client_id, "client_secret": grant.client_secret}
    kind = (
        {"grant_type": "refresh_token", "refresh_token": refresh} if refresh else {"grant_type": "client_credentials"}
    )
    answer = session.request("POST", grant.url, data={**client, **kind}, expect={400, 401})
    try:
        told: dict[str, Any] = answer.json()
    except ValueError as error:
        raise Uncertain("The token server's answer is no JSON.") from error
    if answer.status_code >= 400 or not told.get("access_token"):
        why = str(told.get("error_description") or told.get("error") or f"answer {answer.status_code}")
        words = f"The token server refuses a new access token: {http.redact(why, secrets)[:200]}."
        fix = "Connect again with fresh secrets. Where a renewal was cut off, the refresh token it used up is gone."
        raise Misconfigured(words, fix=fix)
    return told


def _in_words(there: Connection, trouble: Trouble) -> Trouble:
    """Whatever the token server did, nothing was sent to the connection itself: so it is never uncertain there."""
    if isinstance(trouble, (Misconfigured, Unavailable)):
        return trouble
    words = f"The token of {there} could not be renewed: {trouble.words}"
    return Unavailable(words, fix="It is tried again by itself.")


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ORDERSYNC_FIELD_KEYS])
