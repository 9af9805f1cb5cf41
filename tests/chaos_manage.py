"""manage.py for the processes of a chaos run: they know the lying ledger, and their clock may be wrong by ORDERSYNC_SKEW seconds."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import django
from django.core.management import execute_from_command_line
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
_real, _skew = timezone.now, timedelta(seconds=float(os.environ.get("ORDERSYNC_SKEW", "0")))
timezone.now = lambda: _real() + _skew
django.setup()

import crime_ledger  # noqa: E402, F401

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
