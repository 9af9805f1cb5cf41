"""Keeps secrets out of the log: every line and every traceback passes here before it is written."""
from __future__ import annotations

import logging
import re

HIDDEN = "[redacted]"
_NAMES = (r"authorization|proxy-authorization|cookie|set-cookie|x-shopify-access-token|[a-z0-9_-]*api[_-]?key|[a-z0-9_-]*password"
          r"|[a-z0-9_-]*secret(?:_key)?|[a-z0-9_]*token|consumer_key|signature|hmac|field_keys")
_PATTERNS = (
    # A whole header or field: its name, a separator, and all that may belong to the value.
    (re.compile(rf"(?i)(\b(?:{_NAMES})\b[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|(?:basic|bearer|token)\s+\S+|[^\s,;&\"'}}]+)"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b((?:basic|bearer)\s+)[a-z0-9._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(@)"), rf"\1{HIDDEN}\2"),
    (re.compile(r"\bshp(?:at|ca|pa|ss)_[A-Za-z0-9]+|\b[cs][ks]_[A-Za-z0-9]{20,}"), HIDDEN),
)


def redact(line: str) -> str:
    """The text with every authorization, cookie, token, key and password in it replaced by [redacted]."""
    for pattern, replacement in _PATTERNS:
        line = pattern.sub(replacement, line)
    return line


class RedactionFilter(logging.Filter):
    """Changes a record in place: its finished message, its traceback and its stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
