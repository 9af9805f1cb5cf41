"""Keeps the job cluster alive from outside: when its heartbeat stops or its main process ends, the whole process group is replaced."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from django.db import Error, connection

from integrations import jobs

log = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
_LAST = "SELECT coalesce(max(id), 0) FROM integrations_run"
_SIGN = """
SELECT id, ended_at IS NOT NULL, extract(epoch FROM clock_timestamp() - greatest(started_at, ended_at))::float FROM integrations_run
 WHERE id >= %s AND starts_with(worker, %s) ORDER BY id DESC LIMIT 1"""


class Supervisor:
    """Runs `command` in a process group of its own. `limit`: seconds without a Run from that group after which it is killed and started again.

    A killed worker can leave django-q2 alive and deaf, and an orphaned one goes on with old code: hence always the whole group, and by SIGKILL. A sign of life
    is a Run that was not there at the last look; the database's clock only says how long ago it came since then, so that a clock that jumps deceives nobody.
    """

    def __init__(self, command: Sequence[str], limit: float) -> None:
        self.command, self.limit = list(command), limit
        self.restarts = 0
        self._over = threading.Event()

    def run(self) -> None:
        """Watch until `stop`; then let the cluster finish what it has begun."""
        while not self._over.is_set():
            cluster = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603
            log.info("The cluster runs as process %d.", cluster.pid)
            try:
                self._watch(cluster)
                if not self._over.is_set():
                    self.restarts += 1
            finally:  # whatever ends the watch, the cluster does not outlive it
                self._end(cluster)

    def stop(self) -> None:
        """End the watch; `run` then passes SIGTERM on. Safe in a signal handler."""
        self._over.set()

    def _watch(self, cluster: subprocess.Popen[bytes]) -> None:
        rang_at = alive_at = time.monotonic()
        sign = (_last(), False)
        while not self._over.wait(min(1.0, self.limit / 10)):
            if cluster.poll() is not None:
                log.error("The cluster's main process ended with %s; its group is replaced.", cluster.returncode)
                return
            now = time.monotonic()
            if now - rang_at > self.limit / 4:
                _ring()
                known, (sign, ago) = sign, self._sign(cluster.pid, sign)
                if sign != known or ago is None:
                    alive_at = max(alive_at, now - min(max(ago or 0.0, 0.0), now - rang_at))
                rang_at = now
            if now - alive_at > self.limit:
                log.error("No job of the cluster gave a sign for %.0f seconds; its group is replaced.", now - alive_at)
                return

    def _sign(self, group: int, known: tuple[int, bool]) -> tuple[tuple[int, bool], float | None]:
        """The group's latest Run and whether it ended, and how many seconds ago that was; None without a database: nothing to judge, and no use in a restart."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(_SIGN, [known[0], jobs.group(group)])
                row = cursor.fetchone()
        except Error as error:
            log.warning("The heartbeat cannot be read: %s", error)
            connection.close()
            return known, None
        return ((row[0], row[1]), row[2]) if row else (known, 0.0)

    def _end(self, cluster: subprocess.Popen[bytes]) -> None:
        if self._over.is_set() and cluster.poll() is None:
            cluster.terminate()
            if not _ends(cluster):
                log.warning("The cluster did not end and is killed.")
        _kill(cluster.pid)
        cluster.wait()


def _last() -> int:
    """The latest Run of all: those of a cluster that begins now are younger."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_LAST)
            return int(cursor.fetchone()[0])
    except Error as error:
        log.warning("The heartbeat cannot be read: %s", error)
        connection.close()
        return 0


def _ring() -> None:
    """Wake the outbox, whose Run is a sign of life; a database that is gone is no reason to leave the cluster alone."""
    try:
        jobs.ring("outbox")
    except Error as error:
        log.warning("The bell could not be rung: %s", error)
        connection.close()


def _ends(cluster: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within its grace. Without a database it can finish nothing that it has begun, and django-q2 would wait for it all the same."""
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until:
        try:
            cluster.wait(2)
        except subprocess.TimeoutExpired:
            if not _database_answers():
                return False
        else:
            return True
    return False


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        log.warning("The database is gone: %s", error)
        connection.close()
        return False
    return True


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
