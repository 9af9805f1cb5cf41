"""The few things done to a file, each durable when it returns, and what goes wrong with a disk in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from integrations.errors import Misconfigured, Unavailable, Uncertain

_FULL = {errno.ENOSPC: "is full", errno.EDQUOT: "has no quota left"}
_WRONG = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "is not a folder",
    errno.EACCES: "may not be read and written by this user",
    errno.EPERM: "may not be read and written by this user",
    errno.EROFS: "is on a disk that is read-only",
    errno.ENOLCK: "is on a disk that knows no locks",
}


@contextmanager
def spoken(folder: Path) -> Iterator[None]:
    """Turns an OSError into a Trouble. Whatever was begun has been rolled back by then, so that nothing happened."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        if error.errno in _FULL:
            words, fix = f"The disk of {folder} {_FULL[error.errno]}.", "Make room; what waits is sent again by itself."
            raise Unavailable(words, fix=fix) from error
        if error.errno in _WRONG:
            fix = f"See that {folder} exists and belongs to the user ordersync runs as."
            raise Misconfigured(f"{place} {_WRONG[error.errno]}.", fix=fix) from error
        fix = "Look at the disk; what waits is sent again by itself."
        raise Unavailable(f"{place}: {error.strerror or error}.", fix=fix) from error


def sync(path: Path) -> None:
    """Make a file's content, or a folder's list of files, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def create(path: Path) -> None:
    """Make an empty file unless there is one."""
    if path.exists():
        return
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o640))
    sync(path.parent)


def append(path: Path, data: bytes) -> None:
    """Add the bytes by one write and sync them; what could not be written whole is taken back.

    Raises OSError if nothing was added, Uncertain if the taking back failed too.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        size = os.fstat(handle).st_size
        try:
            if os.write(handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(handle)
        except OSError:
            _take_back(handle, size, path)
            raise
    finally:
        os.close(handle)


def tail(path: Path, start: int) -> bytes:
    """The bytes of the file from `start` on."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read()


def cut(path: Path, size: int) -> None:
    """Shorten the file to `size` bytes."""
    os.truncate(path, size)
    sync(path)


def _take_back(handle: int, size: int, path: Path) -> None:
    try:
        os.ftruncate(handle, size)
    except OSError as error:
        words = f"{path} could be neither written nor restored: {error.strerror}."
        raise Uncertain(words, fix="Look at the disk, then look the document up.") from error
    with suppress(OSError):
        os.fsync(handle)
