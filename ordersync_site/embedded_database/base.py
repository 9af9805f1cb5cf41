"""Django's PostgreSQL backend, which has the embedded server running before it connects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, client

from ordersync_site import embedded_postgres


class DatabaseClient(client.DatabaseClient):
    """manage.py dbshell, which asks for no connection and so would find no server."""

    def runshell(self, parameters: Iterable[str]) -> None:
        self.connection.get_connection_params()
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """Started on connection, not on reading settings: then what needs no database starts no server."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        socket_folder = embedded_postgres.ensure_running(settings.ORDERSYNC_POSTGRES_FOLDER)
        self.settings_dict["HOST"] = str(socket_folder)
        return super().get_connection_params()
