"""Reads settings from the environment, or from the files it names, and refuses in one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class SettingError(Exception):
    """A setting is missing or cannot be understood; the message is one sentence that names it."""


def text(name: str, default: str = "") -> str:
    """The variable NAME, or the content of the file that NAME_FILE names (for secrets), or the default.

    An empty value counts as missing. Raises SettingError when both are set or the file cannot be read.
    """
    value, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and file:
        raise SettingError(f"Both {name} and {name}_FILE are set: keep one of them.")
    if not file:
        return value or default
    try:
        return Path(file).read_text(encoding="utf-8").strip() or default
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE names {file}, which cannot be read: {error}.") from error


def required(name: str, what: str) -> str:
    """The variable NAME, which has no safe default; WHAT says in a few words what it is, for the refusal."""
    if value := text(name):
        return value
    raise SettingError(f"{name} is missing: set it (or {name}_FILE, the path of a file that holds it) to {what}.")


def flag(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if not value:
        return default
    raise SettingError(f"{name} is {value!r}, which is neither yes nor no: write 1 or 0.")


def number(name: str, default: int) -> int:
    """A whole number of zero or more."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise SettingError(f"{name} is {value!r}, which is not a whole number: write digits only.")
    return int(value)


def words(value: str) -> list[str]:
    """The parts of a value that are separated by commas; empty parts are dropped."""
    return [word.strip() for word in value.split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for postgresql://user:password@host:port/name?option=value.

    A folder of sockets is given as ?host=/path, as in libpq; other options (sslmode …) go to libpq as they are.
    """
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError as error:
        raise SettingError(f"DATABASE_URL cannot be read as an address: {error}.") from error
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise SettingError(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name, "
            "since ordersync runs on PostgreSQL only."
        )
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "HOST": host,
        "PORT": options.pop("port", port),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
    }
