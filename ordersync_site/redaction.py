"""Keeps secrets and persons out of the log: every line and every traceback passes here before it is written."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator

from django.conf import settings

HIDDEN = "[redacted]"
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie"
_FIELDS = (
    r"[\w-]*(?:api[_-]?key|consumer[_-]?key|secret[_-]?key|field[_-]?keys|secret|password|passwd|token|signature"
    r"|hmac|hmac-sha256)"
)
_QUOTED = r"\"[^\"]*\"|'[^']*'"
_PATTERNS = (
    # A header's secret may hold blanks: all that is quoted goes, or the rest of the line.
    (re.compile(rf"(?i)(\b(?:{_HEADERS})[\"']?\s*[:=]\s*)(?:{_QUOTED}|[^\n]+)"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)(\b{_FIELDS}[\"']?\s*[:=]\s*)(?:{_QUOTED}|[^\s,;&\"'}})]+)"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b((?:basic|bearer)\s+)[a-z0-9._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    # The shapes of Shopify's tokens and WooCommerce's keys, whatever stands before them.
    (re.compile(r"\bshp(?:at|ca|pa|ss)_\w+|\b[cs][ks]_[0-9A-Za-z]{20,}"), HIDDEN),
)


def redact(text: str) -> str:
    """The text with every authorization, cookie, token, key and password in it replaced by [redacted]."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactionFilter(logging.Filter):
    """Changes a record in place: its finished message, its traceback and its stack.

    A traceback shows where, and of which kind each error was. What the error said may quote a name or an address (the
    database quotes whole rows): only developers see it, where DEBUG is on; it stands with the record that failed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and record.exc_info[1] and (not record.exc_text or not settings.DEBUG):
            record.exc_text = _told(record.exc_info[1])
        record.exc_text = record.exc_text and redact(record.exc_text)
        record.stack_info = record.stack_info and redact(record.stack_info)
        return True


def _told(error: BaseException) -> str:
    if settings.DEBUG:
        return "".join(traceback.format_exception(error)).rstrip()
    return "\n\nwhich led to\n\n".join(reversed([_where(one) for one in _chain(error)]))


def _where(error: BaseException) -> str:
    return "".join([*traceback.format_tb(error.__traceback__), f"{type(error).__module__}.{type(error).__qualname__}"])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
