"""The records of the post, one noun a file."""

from __future__ import annotations

from integrations.models.attempt import Attempt, AttemptOutcome
from integrations.models.binding import Binding
from integrations.models.connection import Connection
from integrations.models.cursor import Cursor
from integrations.models.delivery import Delivery, DeliveryState
from integrations.models.errand import Errand, ErrandKind
from integrations.models.fileentry import FileEntry
from integrations.models.message import Message, MessageState
from integrations.models.run import Run
from integrations.models.token import Token

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "Binding",
    "Connection",
    "Cursor",
    "Delivery",
    "DeliveryState",
    "Errand",
    "ErrandKind",
    "FileEntry",
    "Message",
    "MessageState",
    "Run",
    "Token",
]
