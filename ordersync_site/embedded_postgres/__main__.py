"""The embedded server by hand: python -m ordersync_site.embedded_postgres start|stop|status."""

from __future__ import annotations

import argparse
import sys

from ordersync_site.env import SettingError

from . import DATABASE, EmbeddedPostgresError, ensure_running, running, stop


def main(verb: str) -> str:
    """Does what was asked, and returns the sentence to print."""
    from ordersync_site.settings import ORDERSYNC_POSTGRES_FOLDER as FOLDER  # here, where its refusal becomes words

    if verb == "stop":
        return "The embedded PostgreSQL was stopped." if stop(FOLDER) else "No embedded PostgreSQL was running."
    socket_folder = ensure_running(FOLDER) if verb == "start" else running(FOLDER)
    if socket_folder is None:
        return "The embedded PostgreSQL does not run."
    return f"The embedded PostgreSQL runs: psql -h {socket_folder} -U postgres {DATABASE}"


parser = argparse.ArgumentParser(prog="python -m ordersync_site.embedded_postgres", description=__doc__)
parser.add_argument("verb", choices=["start", "stop", "status"])
try:
    print(main(parser.parse_args().verb))
except (EmbeddedPostgresError, SettingError) as refusal:
    sys.exit(str(refusal))
