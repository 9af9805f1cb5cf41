"""The promises that no check constraint can hold: append-only tables, sums, credit limits, one owner without a gap, the chain of events."""

from django.conf import settings
from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- The one exception: the column `personal` may be emptied, once, and nothing else changes with it.
CREATE FUNCTION append_only_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.personal <> '' AND NEW.personal = '' THEN
    OLD.personal := '';
    IF NEW *= OLD THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_database() LIKE 'test\\_%' OR current_setting('ordersync.may_truncate', true) = 'yes' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% is never emptied at once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
ERASABLE = ["orders_orderversion", "orders_event", "orders_document"]
FROZEN = ["orders_documentline", "orders_documentsource", "orders_documentafter", "orders_eventseal"]
NEVER_EMPTIED = ["orders_booking", "orders_appointment", "orders_eventchain"]

# A document is signed with its lines: their number and their sums. Both sides are watched, since either could come alone.
SUMS = """
CREATE FUNCTION check_document_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  signed orders_document%ROWTYPE;
  found record;
BEGIN
  IF TG_TABLE_NAME = 'orders_document' THEN
    signed := NEW;
  ELSE
    SELECT * INTO signed FROM orders_document WHERE id = NEW.document_id;
  END IF;
  SELECT coalesce(sum(net), 0) AS net, coalesce(sum(tax), 0) AS tax, count(*) AS lines, count(*) FILTER (WHERE currency <> signed.currency) AS foreigners
    INTO found FROM orders_documentline WHERE document_id = signed.id;
  IF (signed.net, signed.tax, signed.gross, signed.lines_signed) IS DISTINCT FROM (found.net, found.tax, found.net + found.tax, found.lines)
     OR found.foreigners > 0 THEN
    RAISE EXCEPTION 'document % does not sum: signed net %, tax %, % lines; its lines make net %, tax %, % lines',
      signed.reference, signed.net, signed.tax, signed.lines_signed, found.net, found.tax, found.lines USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER document_sums AFTER INSERT ON orders_document DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_document_sums();
CREATE CONSTRAINT TRIGGER document_sums AFTER INSERT ON orders_documentline DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_document_sums();
"""

# Locks the credited lines in one order, then sums what credits them in documents that stand. Under REPEATABLE READ two could both win: refused.
# Each credit has its line's sign: else one below zero would make room that is gone when its document is voided.
CREDIT_LIMIT = """
CREATE FUNCTION check_credit_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  over record;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM fresh WHERE credits_id IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'credit lines need the isolation level read committed' USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM 1 FROM orders_documentline WHERE id IN (SELECT credits_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
  SELECT line.id, line.currency, line.net, line.tax, line.quantity, sum(credit.net) AS credited_net, sum(credit.tax) AS credited_tax, sum(credit.quantity) AS credited
    INTO over
    FROM orders_documentline line
    JOIN orders_documentline credit ON credit.credits_id = line.id
    LEFT JOIN orders_booking booking ON booking.document_id = credit.document_id
   WHERE line.id IN (SELECT credits_id FROM fresh) AND booking.voided_at IS NULL AND booking.refused_at IS NULL
   GROUP BY line.id
  HAVING abs(sum(credit.net)) > abs(line.net) OR abs(sum(credit.tax)) > abs(line.tax) OR abs(sum(credit.quantity)) > abs(line.quantity)
      OR bool_or(least(sign(credit.net) * sign(line.net), sign(credit.tax) * sign(line.tax), sign(credit.quantity) * sign(line.quantity)) < 0)
      OR bool_or(credit.currency <> line.currency)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'credit beyond invoice line %: it has net %, tax %, quantity % in %; the credits would be net %, tax %, quantity %, each in its currency and with its sign',
      over.id, over.net, over.tax, over.quantity, over.currency, over.credited_net, over.credited_tax, over.credited USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER credit_limit AFTER INSERT ON orders_documentline REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION check_credit_limit();
"""

# What ended a document ends it for good.
ONE_WAY = """
CREATE FUNCTION booking_goes_one_way() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE'
     OR (OLD.taken_at IS NOT NULL AND NEW.taken_at IS DISTINCT FROM OLD.taken_at)
     OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
     OR (OLD.refused_at IS NOT NULL AND NEW.refused_at IS DISTINCT FROM OLD.refused_at)
     OR (OLD.booked_at IS NOT NULL AND NEW.booked_at IS DISTINCT FROM OLD.booked_at)
     OR (OLD.number <> '' AND NEW.number IS DISTINCT FROM OLD.number)
     OR NEW.document_id <> OLD.document_id THEN
    RAISE EXCEPTION 'booking of document % goes one way: taken, voided, refused, booked and number are set once', OLD.document_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER one_way BEFORE UPDATE OR DELETE ON orders_booking FOR EACH ROW EXECUTE FUNCTION booking_goes_one_way();
"""

OWNERS = """
CREATE FUNCTION check_shop_has_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ours bigint;
BEGIN
  IF TG_TABLE_NAME = 'orders_shop' THEN
    ours := NEW.id;
  ELSE
    ours := OLD.shop_id;
  END IF;
  IF EXISTS (SELECT 1 FROM orders_shop WHERE id = ours)
     AND NOT EXISTS (SELECT 1 FROM orders_appointment WHERE shop_id = ours AND since IS NULL) THEN
    RAISE EXCEPTION 'shop % has no first appointment: somebody must own its orders at every moment', ours USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER shop_has_owner AFTER INSERT ON orders_shop DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_shop_has_owner();
CREATE CONSTRAINT TRIGGER shop_has_owner AFTER UPDATE OR DELETE ON orders_appointment DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_shop_has_owner();

-- FOR KEY SHARE would not wait for a deactivation under way; FOR SHARE does. Only under READ COMMITTED does a deactivation see an appointment it waited for.
CREATE FUNCTION check_owner_is_active() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  active boolean;
BEGIN
  SELECT is_active INTO active FROM auth_user WHERE id = NEW.owner_id FOR SHARE;
  IF NOT active THEN
    RAISE EXCEPTION 'user % is not active and cannot own a shop''s orders', NEW.owner_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_is_active BEFORE INSERT OR UPDATE ON orders_appointment FOR EACH ROW EXECUTE FUNCTION check_owner_is_active();

CREATE FUNCTION check_owner_stays_active() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owned text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'deactivating a user needs the isolation level read committed' USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT shop.code INTO owned FROM orders_shop shop, LATERAL (
      SELECT owner_id FROM orders_appointment WHERE shop_id = shop.id AND (since IS NULL OR since <= now()) ORDER BY since DESC NULLS LAST LIMIT 1
    ) current WHERE current.owner_id = NEW.id
    UNION ALL
    SELECT shop.code FROM orders_appointment later JOIN orders_shop shop ON shop.id = later.shop_id WHERE later.owner_id = NEW.id AND later.since > now()
    LIMIT 1;
  IF owned IS NOT NULL THEN
    RAISE EXCEPTION 'user % owns the orders of shop %: appoint another owner first', NEW.username, owned USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_stays_active AFTER UPDATE OF is_active ON auth_user FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
  EXECUTE FUNCTION check_owner_stays_active();
"""

# The chain is closed when a transaction commits, so that its one lock is always the last and is held for an instant.
EVENT_CHAIN = """
CREATE FUNCTION event_text(event orders_event) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT json_build_array(event.id, to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), event.by_id, event.acting_for_id,
                          event.verb, event.noun, event.object_id, event.order_id, event.words, event.body)::text
$$;
CREATE FUNCTION seal_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head orders_eventchain%ROWTYPE;
  sealed text;
BEGIN
  INSERT INTO orders_eventchain (id, length, hash) VALUES (1, 0, repeat('0', 64)) ON CONFLICT (id) DO NOTHING;
  SELECT * INTO head FROM orders_eventchain WHERE id = 1 FOR NO KEY UPDATE;
  sealed := encode(sha256(convert_to(head.hash || event_text(NEW), 'UTF8')), 'hex');
  INSERT INTO orders_eventseal (event_id, n, previous, hash) VALUES (NEW.id, head.length + 1, head.hash, sealed);
  UPDATE orders_eventchain SET length = head.length + 1, hash = sealed WHERE id = 1;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER seal AFTER INSERT ON orders_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seal_event();
"""

# The end of a chain moves forward only: a row saved back as it was loaded earlier would take it back.
CHAIN_ENDS = """
CREATE FUNCTION chain_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.chain_length < OLD.chain_length OR (NEW.chain_length = OLD.chain_length AND NEW.chain_hash <> OLD.chain_hash) THEN
    RAISE EXCEPTION 'the chain of ledger % only grows', OLD.code USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER chain_only_grows BEFORE UPDATE OF chain_length, chain_hash ON orders_ledger FOR EACH ROW EXECUTE FUNCTION chain_only_grows();

CREATE FUNCTION event_chain_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.length <> OLD.length + 1 THEN
    RAISE EXCEPTION 'the chain of events only grows' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER chain_only_grows BEFORE UPDATE OR DELETE ON orders_eventchain FOR EACH ROW EXECUTE FUNCTION event_chain_only_grows();
"""


def never_emptied(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();",
        f"DROP TRIGGER no_truncate ON {table};",
    )


def watched(table: str, function: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_tables"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION append_only(); DROP FUNCTION append_only_but_erasure(); DROP FUNCTION refuse_truncate();"),
        *[watched(table, "append_only_but_erasure") for table in ERASABLE],
        *[watched(table, "append_only") for table in FROZEN],
        *[never_emptied(table) for table in [*ERASABLE, *FROZEN, *NEVER_EMPTIED]],
        migrations.RunSQL(
            SUMS,
            "DROP TRIGGER document_sums ON orders_document; DROP TRIGGER document_sums ON orders_documentline; DROP FUNCTION check_document_sums();",
        ),
        migrations.RunSQL(CREDIT_LIMIT, "DROP TRIGGER credit_limit ON orders_documentline; DROP FUNCTION check_credit_limit();"),
        migrations.RunSQL(ONE_WAY, "DROP TRIGGER one_way ON orders_booking; DROP FUNCTION booking_goes_one_way();"),
        migrations.RunSQL(
            OWNERS,
            "DROP TRIGGER shop_has_owner ON orders_shop; DROP TRIGGER shop_has_owner ON orders_appointment;"
            "DROP TRIGGER owner_is_active ON orders_appointment; DROP TRIGGER owner_stays_active ON auth_user;"
            "DROP FUNCTION check_shop_has_owner(); DROP FUNCTION check_owner_is_active(); DROP FUNCTION check_owner_stays_active();",
        ),
        migrations.RunSQL(EVENT_CHAIN, "DROP TRIGGER seal ON orders_event; DROP FUNCTION seal_event(); DROP FUNCTION event_text(orders_event);"),
        migrations.RunSQL(
            CHAIN_ENDS,
            "DROP TRIGGER chain_only_grows ON orders_ledger; DROP TRIGGER chain_only_grows ON orders_eventchain;"
            "DROP FUNCTION chain_only_grows(); DROP FUNCTION event_chain_only_grows();",
        ),
    ]
