"""The clock reads what ledgers count of the shops' goods."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone

NAME = "ordersync stock"
TICK = "integrations.jobs.tick"


def make(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    defaults = {
        "args": "'stock',",
        "kwargs": "q_options={'save': False}",
        "schedule_type": "I",
        "minutes": 60,
        "repeats": -1,
        "next_run": timezone.now(),
    }
    schedules.get_or_create(name=NAME, func=TICK, defaults=defaults)


def remove(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_on_since")]

    operations = [migrations.RunPython(make, remove)]
