"""What a reply means: which status is which Trouble, what its words are, and what of a call may be kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from integrations.errors import Misconfigured, Refused, Trouble, Unavailable, Uncertain

HIDDEN = "•••"
LONGEST = 24 * 3600.0  # seconds: nobody is waited for longer, whatever he says
_SHOWN = frozenset(("content-type", "content-length", "date", "location", "retry-after", "server", "x-request-id"))
_TELLING = (
    "message",
    "detail",
    "details",
    "error_description",
    "error",
    "errors",
    "fault",
    "exception",
    "title",
    "data",
)


def trouble(response: requests.Response, secrets: Iterable[str] = ()) -> Trouble | None:
    """The Trouble that the status stands for, None below 300. 408 and 5xx are Uncertain: the call may have worked."""
    status, host = response.status_code, urlsplit(response.url).netloc
    if status < 300:
        return None
    said = redact(words(response), secrets)
    reply = f"{host} answered {status}" + (f": {said}" if said else ".")
    if status in (429, 503):
        wait = retry_after(response.headers.get("Retry-After", ""))
        return Unavailable(reply, fix="It is sent again by itself, when the other side wishes.", retry_after=wait)
    if status < 400:
        place = redact(response.headers.get("Location", "elsewhere"), secrets)
        return Misconfigured(f"{host} sends us to {place}.", fix="Enter that address, if you trust it.")
    if status in (401, 403):
        return Misconfigured(reply, fix="Renew the connection's credentials, or give its user the rights it lacks.")
    if status == 408 or status >= 500:
        return Uncertain(reply, fix="It is asked before anything is sent again.")
    return Refused(
        reply, fix="Correct what the answer names, then approve or send again.", untranslated=said or f"status {status}"
    )


def retry_after(text: str) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3: seconds or a date), at most a day; None if unreadable."""
    text = text.strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(int(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST)


def words(response: requests.Response) -> str:
    """What the reply says in words, at most 300 signs: the messages in its JSON, else its text without tags."""
    try:
        found = list(dict.fromkeys(_messages(response.json())))
    except ValueError:
        found = []
    text = "; ".join(found) or re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", response.text)
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret hidden, as it is and as it stands in an address."""
    for secret in sorted((item for item in secrets if len(item) > 3), key=len, reverse=True):
        for written in (secret, quote(secret, safe=""), quote(secret)):
            text = text.replace(written, HIDDEN)
    return text


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may be kept; every other one is named and hidden."""
    return {name: value if name.lower() in _SHOWN else HIDDEN for name, value in headers.items()}


def _messages(data: Any, telling: bool = False) -> Iterator[str]:
    if isinstance(data, str) and telling and data.strip():
        yield data.strip()
    elif isinstance(data, list):
        for item in data:
            yield from _messages(item, telling)
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _messages(value, name.lower() in _TELLING or (telling and not isinstance(value, str)))
