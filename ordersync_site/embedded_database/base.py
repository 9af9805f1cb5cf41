"""Django's PostgreSQL backend, which has the embedded server running before it connects."""
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from ordersync_site import embedded_postgres


class DatabaseWrapper(base.DatabaseWrapper):
    """Started on connection, not on reading settings: then what needs no database starts no server."""

    def get_connection_params(self) -> dict[str, Any]:
        socket_folder = embedded_postgres.ensure_running(settings.ORDERSYNC_POSTGRES_FOLDER)
        self.settings_dict["HOST"] = str(socket_folder)  # manage.py dbshell reads it from there
        return super().get_connection_params()
