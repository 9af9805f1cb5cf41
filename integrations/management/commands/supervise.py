"""Starts the job cluster and keeps it alive."""

from __future__ import annotations

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.supervisor import Supervisor

LEAST_SECONDS = 5  # a shorter silence than it takes to start


class Command(BaseCommand):
    help = "Runs the job cluster, and replaces it when its heartbeat is older than ORDERSYNC_HEARTBEAT_LIMIT seconds; SIGTERM ends both."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ORDERSYNC_HEARTBEAT_LIMIT < LEAST_SECONDS:
            raise CommandError(
                f"ORDERSYNC_HEARTBEAT_LIMIT is {settings.ORDERSYNC_HEARTBEAT_LIMIT}: give it at least {LEAST_SECONDS} seconds."
            )
        supervisor = Supervisor([sys.executable, sys.argv[0], "qcluster"], settings.ORDERSYNC_HEARTBEAT_LIMIT)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        supervisor.run()
