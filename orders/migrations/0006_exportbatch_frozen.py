"""What was handed out never changes: a batch is acknowledged or withdrawn, once, and a file's content may be emptied by erasure alone. And who may make one."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from orders import roles

FROZEN = """
CREATE FUNCTION batch_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.acknowledged_at IS NULL AND OLD.withdrawn_at IS NULL
     AND (NEW.acknowledged_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL) THEN
    OLD.acknowledged_at := NEW.acknowledged_at;
    OLD.acknowledged_by_id := NEW.acknowledged_by_id;
    OLD.withdrawn_at := NEW.withdrawn_at;
    OLD.withdrawn_by_id := NEW.withdrawn_by_id;
    OLD.withdrawn_why := NEW.withdrawn_why;
    IF NEW *= OLD THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION file_is_emptied_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.content <> '' AND NEW.content = '' THEN
    OLD.content := '';
    IF NEW *= OLD THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_exportbatch FOR EACH ROW EXECUTE FUNCTION batch_ends_once();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_exportfile FOR EACH ROW EXECUTE FUNCTION file_is_emptied_once();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON orders_exportbatch FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON orders_exportfile FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""
THAWED = """
DROP TRIGGER append_only ON orders_exportbatch;
DROP TRIGGER append_only ON orders_exportfile;
DROP TRIGGER no_truncate ON orders_exportbatch;
DROP TRIGGER no_truncate ON orders_exportfile;
DROP FUNCTION batch_ends_once();
DROP FUNCTION file_is_emptied_once();
"""


def settle(apps: Any, schema_editor: Any) -> None:
    roles.settle(apps)


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_exportbatch")]
    operations = [migrations.RunSQL(FROZEN, THAWED), migrations.RunPython(settle, migrations.RunPython.noop)]
