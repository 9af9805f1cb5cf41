"""The clock rings one job more: imports. As in 0003, a lock keeps its row single."""

from django.db import migrations
from django.utils import timezone

NAME = "ordersync imports"
TICK = "integrations.jobs.tick"


def make(apps, schema_editor):
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    defaults = {"args": "'imports',", "kwargs": "q_options={'save': False}", "schedule_type": "I", "minutes": 1, "repeats": -1, "next_run": timezone.now()}
    schedules.get_or_create(name=NAME, func=TICK, defaults=defaults)


def remove(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("integrations", "0007_files")]
    operations = [migrations.RunPython(make, remove)]
