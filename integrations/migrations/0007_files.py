"""A document goes into one batch and stays there; and the clock rings one job more, files."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone

ONE_BATCH = """
CREATE FUNCTION file_entry_keeps_its_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.document_id, NEW.connection_id) = (OLD.document_id, OLD.connection_id)
     AND (OLD.batch_id IS NULL OR NEW.batch_id = OLD.batch_id) AND (OLD.returned_at IS NULL OR NEW *= OLD) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% keeps its document and its batch, and what came back stays so', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER one_batch BEFORE UPDATE OR DELETE ON integrations_fileentry FOR EACH ROW EXECUTE FUNCTION file_entry_keeps_its_batch();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON integrations_fileentry FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""
NO_MORE = """
DROP TRIGGER one_batch ON integrations_fileentry;
DROP TRIGGER no_truncate ON integrations_fileentry;
DROP FUNCTION file_entry_keeps_its_batch();
"""
NAME = "ordersync files"


def ring(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    values = {
        "args": "'files',",
        "kwargs": "q_options={'save': False}",
        "schedule_type": "I",
        "minutes": 5,
        "repeats": -1,
        "next_run": timezone.now(),
    }
    schedules.get_or_create(name=NAME, func="integrations.jobs.tick", defaults=values)


def silence(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0006_fileentry"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [
        migrations.RunSQL(ONE_BATCH, NO_MORE),
        migrations.RunPython(ring, silence),
    ]
