"""Says in every line of the log which request, job, letter or delivery it belongs to, and writes lines as JSON where a program reads them."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

_trail: ContextVar[str] = ContextVar("trail", default="")


@contextmanager
def about(name: str) -> Iterator[None]:
    """What is logged within belongs to this ("message-7"), and to whatever it happens in ("inbox-12/message-7")."""
    outer = _trail.get()
    token = _trail.set(f"{outer}/{name}" if outer else name)
    try:
        yield
    finally:
        _trail.reset(token)


class TrailFilter(logging.Filter):
    """Gives a record its `trail`, "-" where it belongs to nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.trail = _trail.get() or "-"
        return True


class RefusedFilter(logging.Filter):
    """A page that a person may not open is no fault: the line says so, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at (UTC), level, logger, trail, words, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "trail": getattr(record, "trail", "-"),
            "words": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


class TrailMiddleware:
    """Gives each request a name of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with about(f"request-{secrets.token_hex(4)}"):
            return self.get_response(request)
