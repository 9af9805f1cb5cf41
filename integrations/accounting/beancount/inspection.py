"""One look at a ledger's folder, in words: what is in order, what is missing, and what to do about it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from beancount.parser import parser

from integrations.accounting.base import Check

from . import journal

_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs")


def look(ledger: journal.Journal) -> list[Check]:
    """Folder, rights, disk, lock, files; without a folder the rest is not looked at."""
    looks: list[tuple[str, Callable[[journal.Journal], str]]] = [
        ("folder", _folder),
        ("rights", _rights),
        ("disk", _disk),
        ("lock", _lock),
        ("files", _files),
    ]
    return list(_seen(ledger, looks))


def _seen(ledger: journal.Journal, looks: list[tuple[str, Callable[[journal.Journal], str]]]) -> Iterator[Check]:
    for name, see in looks:
        try:
            yield Check(name=name, ok=True, words=see(ledger))
        except (_Wrong, OSError) as error:
            yield Check(name=name, ok=False, words=str(error))
            if name == "folder":
                return


class _Wrong(Exception):
    """What is wrong and how to mend it, in one or two sentences."""


def _folder(ledger: journal.Journal) -> str:
    folder = ledger.folder
    if not folder.is_absolute():
        raise _Wrong(f"“{folder}” is not a whole path. Enter one that begins with /.")
    if not folder.is_dir():
        raise _Wrong(f"The folder {folder} does not exist. Create it: mkdir -p {folder}")
    if set(str(folder)) & set("*?["):
        raise _Wrong(f"{folder} has one of the signs * ? [ in its name, which no include finds. Use another folder.")
    return f"{folder} is there."


def _rights(ledger: journal.Journal) -> str:
    if not os.access(ledger.folder, os.R_OK | os.W_OK | os.X_OK):
        raise _Wrong(f"This user may not write to {ledger.folder}. Give it to the user ordersync runs as.")
    for path in (ledger.folder, *ledger.folder.glob("*.beancount")):
        if path.stat().st_mode & stat.S_IWOTH:
            raise _Wrong(f"Every user of this machine may write to {path}. Take that away: chmod o-w {path}")
    return "Only its owner and group may write to it."


def _disk(ledger: journal.Journal) -> str:
    kind = _file_system(ledger.folder.resolve())
    if kind.startswith(_NETWORK):
        raise _Wrong(f"{ledger.folder} is a network share ({kind}), where locks cannot be trusted. Use a local disk.")
    return "It lies on a local disk."


def _file_system(folder: Path) -> str:
    """The type of the file system that holds the folder (from Linux's /proc/self/mounts), "" where none is told."""
    mounts = Path("/proc/self/mounts")
    rows = [line.split() for line in mounts.read_text().splitlines()] if mounts.exists() else []
    holding = [(len(row[1]), row[2]) for row in rows if folder.is_relative_to(row[1].replace("\\040", " "))]
    return max(holding, default=(0, ""))[1]


def _lock(ledger: journal.Journal) -> str:
    path = ledger.folder / journal.LOCK
    handle = os.open(path if path.exists() else ledger.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "Locks work; someone is writing just now."
    finally:
        os.close(handle)
    return "Locks work."


def _files(ledger: journal.Journal) -> str:
    main = ledger.folder / journal.MAIN
    if not main.exists():
        return "There are no files yet: the first document makes them."
    months = ledger.documents()
    _included(main, [journal.ACCOUNTS, *months[-1:]])
    for name in [journal.ACCOUNTS, *months[-1:]]:
        _parsed(ledger.folder / name)
    return f"{journal.MAIN} includes {len(months)} month{'s' * (len(months) != 1)}; the newest can be read."


def _included(main: Path, names: list[str]) -> None:
    includes = _parsed(main)
    for name in names:
        if not any(fnmatch(name, pattern) for pattern in includes):
            lines = " and ".join(f'include "{pattern}"' for pattern in journal.INCLUDES)
            raise _Wrong(f"{main} does not include {name}. Add the lines {lines}.")


def _parsed(path: Path) -> list[str]:
    """The includes of a file whose whole part can be read (half an entry at its end is mended by the next write)."""
    data = path.read_bytes() if path.exists() else b""
    _entries, errors, options = parser.parse_string(data[: journal.whole(data)].decode("utf-8", "replace"))
    if errors:
        raise _Wrong(f"{path}, line {errors[0].source['lineno']}: {errors[0].message}. Correct that line.")
    return list(options["include"])
