#!/usr/bin/env python
"""The command line of ordersync: Django's own, with refusals said in one sentence."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from ordersync_site.embedded_postgres import EmbeddedPostgresError
from ordersync_site.env import SettingError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")
    try:
        execute_from_command_line(sys.argv)
    except (SettingError, EmbeddedPostgresError) as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
