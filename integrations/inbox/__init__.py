"""Takes in what stores send: files that people bring, and letters that are kept raw until they are understood."""

from __future__ import annotations

from integrations.inbox.letters import accept, is_first, process
from integrations.inbox.turns import tidy, work
from integrations.inbox.uploads import receive_file, try_file, upload

__all__ = ["accept", "is_first", "process", "receive_file", "tidy", "try_file", "upload", "work"]
