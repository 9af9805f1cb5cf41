"""A ledger is switched on by a person who has seen its first document (whatever is connected by now is on); the lists that pickers show are fetched again by the clock."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone

NAME = "ordersync choices"
TICK = "integrations.jobs.tick"


def make(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    defaults = {
        "args": "'choices',",
        "kwargs": "q_options={'save': False}",
        "schedule_type": "I",
        "minutes": 60,
        "repeats": -1,
        "next_run": timezone.now(),
    }
    schedules = apps.get_model("django_q", "Schedule").objects.using(alias)
    schedules.get_or_create(name=NAME, func=TICK, defaults=defaults)


def remove(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("integrations", "0012_unsent")]

    operations = [
        migrations.AddField(
            "connection",
            "on_since",
            models.DateTimeField(
                blank=True,
                default=timezone.now,
                null=True,
                help_text="When it was first switched on; until then it is paused, so that a person looks first.",
            ),
        ),
        migrations.AddField(
            "connection",
            "choices_at",
            models.DateTimeField(
                blank=True, editable=False, null=True, help_text="When the ledger was last asked for its lists."
            ),
        ),
        migrations.RunPython(make, remove),
    ]
