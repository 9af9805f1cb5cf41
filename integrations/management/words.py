"""How the commands speak: JSON for programs, a sentence for people, and a refusal that ends with status 1."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import Trouble


def say(command: BaseCommand, data: dict[str, Any] | list[dict[str, Any]], sentence: str, *, as_json: bool) -> None:
    """Write the result in the way that was asked for."""
    command.stdout.write(json.dumps(data, ensure_ascii=False, default=str) if as_json else sentence)


def refused(error: Trouble) -> CommandError:
    """The error that ends a command: what is wrong and what to do, in words."""
    return CommandError(f"{error.words} {error.fix}".strip())
