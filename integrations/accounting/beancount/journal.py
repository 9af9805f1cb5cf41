"""The ledger's folder: which files it has, and how a text comes into one of them whole or not at all.

    main.beancount        the title, the currency and the includes; what bean-check and Fava open
    accounts.beancount    an account is opened here when a document first uses it
    2026-11.beancount     the documents posted in November 2026
    ordersync.lock        the ledger's one lock, held for every look and every write
    removed.txt           every half entry that was ever removed, should a person look for something

What ordersync writes stands between two comments that hold its length and its checksum, is appended by one write and
synced. A text without its second comment is half of one: its writer died. Every look passes over it, and the next write
moves it to removed.txt. Whole text is never touched, whoever wrote it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integrations.errors import Unavailable, Uncertain

from . import disk

MAIN, ACCOUNTS, LOCK, REMOVED = "main.beancount", "accounts.beancount", "ordersync.lock", "removed.txt"
INCLUDES = (ACCOUNTS, "[0-9]*.beancount")
_DOUBTFUL = "Let the disk be checked, then look the document up again."
PATIENCE = 20.0  # seconds to wait for the lock; a write takes milliseconds

_BEGIN = b"; ordersync begin "
_HEAD = re.compile(rb"^; ordersync begin (\d+)\n", re.MULTILINE)
_TAIL = re.compile(rb"^; ordersync end (\d+) ([0-9a-f]{64})[ \t\r]*$", re.MULTILINE)
_OPEN = re.compile(rb"^(\d{4}-\d\d-\d\d)[ \t]+(open|close)[ \t]+(\S+)(?:[ \t]+([A-Z][A-Z0-9,'._ \t-]*))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Opened:
    """An account that the files open: from when, until when, and for which currencies (none named: for all)."""

    since: str
    currencies: tuple[str, ...] = ()
    closed: str = ""


def month(posting_on: object) -> str:
    """The file of a posting date: 2026-11.beancount."""
    return f"{posting_on:%Y-%m}.beancount"


class Journal:
    """The files of one ledger. Everything but `lock` is called while it is held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def lock(self, *, write: bool) -> Iterator[None]:
        """Hold the ledger's lock: shared to look, alone to write, which first removes what a dead writer left.

        Raises Unavailable after `PATIENCE`, and for every OSError within the Trouble that it is.
        """
        with disk.spoken(self.folder):
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o640)
            try:
                _wait(handle, fcntl.LOCK_EX if write else fcntl.LOCK_SH, self.folder)
                if write:
                    self._repair()
                yield
            finally:
                os.close(handle)

    def find(self, name: str, value: str) -> list[tuple[str, str]]:
        """(file, text) of every whole entry with the metadata line `name: value`, value being a Beancount string.

        Where something is found, the file is synced: a writer may have died before that.
        """
        found = []
        for file in self.documents():
            data = self._read(file)
            texts = [_around(data, at) for at in _places(data[: whole(data)], f"{name}: {value}".encode())]
            if texts:
                disk.sync(self.folder / file)
                disk.sync(self.folder)
            found += [(file, text) for text in dict.fromkeys(texts)]
        return found

    def documents(self) -> list[str]:
        """The names of the month files, oldest first."""
        return sorted(path.name for path in self.folder.glob(INCLUDES[1]))

    def accounts(self) -> dict[str, Opened]:
        """Every account that is opened in a file of the folder which is not a month file."""
        found: dict[str, Opened] = {}
        for path in sorted(set(self.folder.glob("*.beancount")) - set(self.folder.glob(INCLUDES[1]))):
            data = self._read(path.name)
            for since, verb, account, currencies in _OPEN.findall(data[: whole(data)]):
                name = account.decode("utf-8", "replace")
                if verb == b"open":
                    found[name] = Opened(since.decode(), tuple(currencies.decode().replace(",", " ").split()))
                elif name in found:
                    found[name] = Opened(found[name].since, found[name].currencies, since.decode())
        return found

    def create(self, file: str, main: str) -> None:
        """See that the files are there; at no moment does the main file include one that is not."""
        for name in (ACCOUNTS, file):
            disk.create(self.folder / name)
        disk.create(self.folder / MAIN)
        if not (self.folder / MAIN).stat().st_size:
            self.append(MAIN, main)

    def append(self, file: str, text: str) -> str:
        """Add the text at the end of the file, synced, and return it as the disk gives it back.

        Raises OSError if nothing was added, Uncertain if it may have been added in part.
        """
        path = self.folder / file
        size = path.stat().st_size
        lead = b"" if disk.tail(path, max(size - 1, 0)) in (b"", b"\n") else b"\n"
        block = lead + _wrapped(text.encode())
        disk.append(path, block)
        written = disk.tail(path, size)
        if written != block:
            raise Uncertain(f"{path} gives back other bytes than were written.", fix=_DOUBTFUL)
        return _body(written)

    def _read(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()

    def _repair(self) -> None:
        for file in [MAIN, ACCOUNTS, *self.documents()]:
            path = self.folder / file
            if path.exists() and (end := whole(data := path.read_bytes())) < len(data):
                disk.create(self.folder / REMOVED)
                disk.append(self.folder / REMOVED, b"From the end of %s:\n%s\n" % (file.encode(), data[end:]))
                disk.cut(path, end)


def whole(data: bytes) -> int:
    """How many bytes of a file are whole: all, or those before the half text that stands at its end.

    A dead writer leaves the beginning of a text, a power cut may leave zeros in it.
    """
    kept = data.rstrip(b"\0")
    start = kept.rfind(b"\n" + _BEGIN) + 1
    if kept.startswith(_BEGIN, start):
        tail = _TAIL.search(kept, start)
        if tail is None or b"\0" in kept[start : tail.end()]:
            return start
    last = kept.rfind(b"\n") + 1
    return last if kept[last:] and _BEGIN.startswith(kept[last:]) else len(kept)


def _wrapped(body: bytes) -> bytes:
    checksum = hashlib.sha256(body).hexdigest().encode()
    return b"%s%d\n%s; ordersync end %d %s\n\n" % (_BEGIN, len(body), body, len(body), checksum)


def _body(block: bytes) -> str:
    """The text between the two comments. Raises Uncertain if length or checksum disagree."""
    head, tail = _HEAD.search(block), _TAIL.search(block)
    body = block[head.end() : tail.start()] if head and tail else b""
    if not tail or (len(body), hashlib.sha256(body).hexdigest().encode()) != (int(tail[1]), tail[2]):
        raise Uncertain("What was written does not agree with its checksum.", fix=_DOUBTFUL)
    return body.decode()


def _places(data: bytes, needle: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _around(data: bytes, at: int) -> str:
    """The entry around a place: up to the line that is not indented, down to the last one that is."""
    start = data.rfind(b"\n", 0, at) + 1
    while start and data[start : start + 1] in b" \t":
        start = data.rfind(b"\n", 0, start - 1) + 1
    end = data.find(b"\n", at) + 1 or len(data)
    while data[end : end + 1] and data[end : end + 1] in b" \t":
        end = data.find(b"\n", end) + 1 or len(data)
    return data[start:end].decode("utf-8", "replace")


def _wait(handle: int, how: int, folder: Path) -> None:
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > patience:
                words = f"Another process has been writing to {folder} for {PATIENCE:.0f} seconds."
                raise Unavailable(words, fix="Look for a process that hangs.") from None
            time.sleep(0.002)
