"""Keeps secrets out of the log: every line and every traceback passes here before it is written."""
from __future__ import annotations

import logging
import re

HIDDEN = "[redacted]"
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie"
_FIELDS = (r"[\w-]*(?:api[_-]?key|consumer[_-]?key|secret[_-]?key|field[_-]?keys|secret|password|passwd|token|signature"
           r"|hmac|hmac-sha256)")
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
    """Changes a record in place: its finished message, its traceback and its stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and redact(record.exc_text)
        record.stack_info = record.stack_info and redact(record.stack_info)
        return True
