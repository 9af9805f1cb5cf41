"""Keeps the secrets of connections: encrypted text in the database, with keys that can be rotated."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from integrations.errors import Misconfigured


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


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ORDERSYNC_FIELD_KEYS])
