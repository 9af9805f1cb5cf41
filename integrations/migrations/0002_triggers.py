"""An attempt is written before sending, closed once after, and then frozen; of a closed one only the personal values may be emptied."""

from django.db import migrations

CLOSE_ONCE = """
CREATE FUNCTION attempt_closes_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
     AND (NEW.id, NEW.delivery_id, NEW.fence, NEW.call, NEW.request_hash, NEW.started_at)
       = (OLD.id, OLD.delivery_id, OLD.fence, OLD.call, OLD.request_hash, OLD.started_at) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.personal <> '' AND NEW.personal = '' THEN
    OLD.personal := '';
    IF NEW *= OLD THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON integrations_attempt FOR EACH ROW EXECUTE FUNCTION attempt_closes_once();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON integrations_attempt FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_tables"), ("orders", "0003_triggers")]
    operations = [
        migrations.RunSQL(
            CLOSE_ONCE,
            "DROP TRIGGER append_only ON integrations_attempt; DROP TRIGGER no_truncate ON integrations_attempt; DROP FUNCTION attempt_closes_once();",
        )
    ]
