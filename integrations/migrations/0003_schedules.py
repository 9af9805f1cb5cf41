"""The clock: one schedule of django-q2 per job. Its own table does not hold them unique, so a lock does while they are made."""

from django.db import migrations
from django.utils import timezone

MINUTES = {"inbox": 1, "outbox": 1, "read_back": 1, "settle": 1, "janitor": 60}
TICK = "integrations.jobs.tick"


def make(apps, schema_editor):
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    for job, minutes in MINUTES.items():
        defaults = {"args": f"'{job}',", "kwargs": "q_options={'save': False}", "schedule_type": "I", "minutes": minutes, "repeats": -1, "next_run": timezone.now()}
        schedules.get_or_create(name=f"ordersync {job}", func=TICK, defaults=defaults)


def remove(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(func=TICK).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0002_triggers"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(make, remove)]
