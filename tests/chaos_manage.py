"""manage.py of a chaos run, and its door for a web server: they know the lying ledger, and their clock is as wrong as the file ORDERSYNC_CLOCK says."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.utils import timezone

from tests.lab.jumps import Wrong

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
clock = Wrong(Path(os.environ["ORDERSYNC_CLOCK"]))
time.time = clock.time
timezone.now = lambda: datetime.fromtimestamp(time.time(), UTC)
django.setup()

from tests import crime_ledger  # noqa: E402, F401

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
else:
    application = get_wsgi_application()
