"""Serves the desk together with the job cluster until somebody presses Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

PATIENCE_SECONDS = 75
"""For the cluster to finish the job that it has begun."""


def port_is_free(port: int) -> bool:
    """True if we can listen on it at 127.0.0.1."""
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def serve(port: int) -> int:
    """Run web server and job cluster until Ctrl-C, SIGTERM, or until one of them ends; 0 unless one ended by itself."""
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    web = [
        sys.executable,
        "-m",
        "gunicorn",
        "ordersync_site.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
        "--log-level",
        "warning",
    ]
    with _running(web) as desk, _running([sys.executable, manage, "supervise"]) as cluster:
        try:
            while desk.poll() is None and cluster.poll() is None:
                time.sleep(0.2)
        except KeyboardInterrupt:
            return 0
        return 1


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, away from the terminal's Ctrl-C, and ended with the block, which a second Ctrl-C does not cut short."""
    quiet = {**os.environ, "ORDERSYNC_LOG_LEVEL": os.environ.get("ORDERSYNC_LOG_LEVEL", "WARNING")}
    process = subprocess.Popen(command, start_new_session=True, env=quiet)  # noqa: S603 - our own commands
    try:
        yield process
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
