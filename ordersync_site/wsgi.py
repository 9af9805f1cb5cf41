"""The door for gunicorn and every other WSGI server."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersync_site.settings")

application = get_wsgi_application()
