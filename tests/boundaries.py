"""Every point at which a process may die and leave something behind, found by watching: commits, calls of the other side, and what is done to files.

A point is named by what happens there and by the innermost function of ours that does it, so that nobody can list one that does not occur, nor pass over one.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper

from integrations import http, registry

OURS = ("orders.", "integrations.", "ordersync_site.")
FILE_CALLS = ("write", "fsync", "truncate", "ftruncate")
LEDGER_CALLS = ("find", "book", "book_many", "read")
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|COPY|CREATE|ALTER|DROP)\b", re.IGNORECASE)


class Killed(BaseException):
    """The process is gone: nothing of ours catches this."""


class Watch:
    """Notes the points that are passed, and kills before or after the chosen one. `only`: the beginnings of what is watched."""

    def __init__(self, kill_at: int | None = None, *, after: bool = False) -> None:
        self.points: list[str] = []
        self.kill_at, self.after = kill_at, after
        self.dead = False

    def pass_through(self, name: str, act: Callable[[], Any]) -> Any:
        """Do what happens at the point, unless the process dies there."""
        if self.dead:
            raise Killed(name)
        number = len(self.points)
        self.points.append(name)
        if number == self.kill_at and not self.after:
            self._die(name)
        try:
            return act()
        finally:
            if number == self.kill_at:
                self._die(name)

    def _die(self, name: str) -> None:
        self.dead = True
        if database.connection is not None:
            database.connection.close()  # the server rolls back what was open, as with any process that ends
        database.closed_in_transaction = True  # or Django would go on using it on the way out
        raise Killed(name)


@contextmanager
def watching(watch: Watch, kinds: Collection[str] = ("crime", "beancount")) -> Iterator[Watch]:
    """All that happens in this thread goes by the watch; `kinds` are the ledgers whose calls count."""
    with ExitStack() as stack:
        stack.enter_context(database.execute_wrapper(statement(watch)))
        stack.enter_context(commits(watch))
        stack.enter_context(mock.patch.object(http._Door, "send", _send(watch)))
        for name in FILE_CALLS:
            stack.enter_context(mock.patch.object(os, name, _file_call(watch, name)))
        stack.enter_context(mock.patch.object(os, "open", _open(watch)))
        for kind in kinds:
            for name in (name for name in LEDGER_CALLS if hasattr(registry.find(kind), name)):
                stack.enter_context(mock.patch.object(registry.find(kind), name, _ledger_call(watch, kind, name)))
        yield watch


def killed(watch: Watch, act: Callable[[], Any]) -> bool:
    """Whether the process died of it; what comes after is another process."""
    try:
        act()
    except Killed:
        database.connection = None
        database.in_atomic_block, database.needs_rollback, database.closed_in_transaction = False, False, False
        database.savepoint_ids, database.atomic_blocks, database.run_on_commit = [], [], []
        return True
    return False


def _place() -> str:
    """The innermost function of ours that is under way, without the package."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(OURS):
            return f"{module.partition('.')[2]}.{frame.f_code.co_qualname}".replace(".<locals>", "")
        frame = frame.f_back  # type: ignore[assignment]
    return "test"


def commits(watch: Watch, *, empty: bool = False) -> AbstractContextManager[object]:
    """Every commit of every session goes by the watch, if there is anything to commit; `empty`: in any case, and the database is not asked."""
    return mock.patch.object(BaseDatabaseWrapper, "_commit", _commit(watch, empty=empty))


def statement(watch: Watch) -> Callable[..., Any]:
    """A statement outside of a transaction that writes is a commit too."""

    def wrapped(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        place = _place()
        if database.in_atomic_block or place == "test" or not _WRITES.search(sql.replace("FOR UPDATE", "")):
            return execute(sql, params, many, context)
        return watch.pass_through(f"commit {place}", lambda: execute(sql, params, many, context))

    return wrapped


def _commit(watch: Watch, *, empty: bool) -> Callable[..., Any]:
    """The database itself says whether a transaction has anything to commit."""
    commit = BaseDatabaseWrapper._commit

    def wrapped(self: BaseDatabaseWrapper) -> Any:
        place = _place()
        if place == "test" or self.connection is None or not (empty or _written(self)):
            return commit(self)
        return watch.pass_through(f"commit {place}", lambda: commit(self))

    return wrapped


def _written(wrapper: BaseDatabaseWrapper) -> bool:
    with wrapper.connection.cursor() as cursor:
        row = cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()
        return bool(row[0])


def _send(watch: Watch) -> Callable[..., Any]:
    send = http._Door.send

    def wrapped(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        return watch.pass_through(f"http {request.method} {_place()}", lambda: send(self, request, *args, **options))

    return wrapped


def _ledger_call(watch: Watch, kind: str, name: str) -> Callable[..., Any]:
    call = getattr(registry.find(kind), name)
    return lambda self, *args: watch.pass_through(f"{kind} {name}", lambda: call(self, *args))


def _file_call(watch: Watch, name: str) -> Callable[..., Any]:
    call = getattr(os, name)

    def wrapped(target: Any, *args: Any) -> Any:
        place = _place()
        if ".disk." not in place:
            return call(target, *args)
        return watch.pass_through(f"{name} {place.partition('.')[2]} {_file(target)}", lambda: call(target, *args))

    return wrapped


def _open(watch: Watch) -> Callable[..., Any]:
    """Opening a file is a point where it makes the file."""
    call = os.open

    def wrapped(path: Any, flags: int, *args: Any, **options: Any) -> Any:
        place = _place()
        if not flags & os.O_CREAT or "accounting." not in place or Path(path).exists():
            return call(path, flags, *args, **options)
        name = f"create {place.partition('.')[2]} {_file(path)}"
        return watch.pass_through(name, lambda: call(path, flags, *args, **options))

    return wrapped


def _file(target: Any) -> str:
    """The file's name, months alike."""
    name = Path(f"/proc/self/fd/{target}").resolve().name if isinstance(target, int) else Path(target).name
    if Path(target if not isinstance(target, int) else f"/proc/self/fd/{target}").resolve().is_dir():
        return "folder"
    return re.sub(r"\d{4}-\d\d\.", "month.", name)
