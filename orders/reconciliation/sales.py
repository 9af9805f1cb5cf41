"""The statement that proves sales. Its store side is reckoned from orders, lines, taxes and refunds, never from documents, so that a fault in drafting shows."""

from __future__ import annotations

# scope: every order by its day, every refund by its own; refunds count negative.
# codes: the ledger's tax code that was signed for a store's tax; what nobody signed yet goes by the store's own words.
# rounding: the source adjustments that were signed, within what rounding explains; of a refund's signed difference only what the money says beyond the
# lines, since the rest takes over what its lines say beyond their invoice, net for tax.
# parts: one row for every contribution to a measure of a record; records: their sums; judged: what each gap means.
SALES = """
WITH scope AS (
    SELECT 'order' AS noun, o.id, o.id AS order_id, s.code AS shop, s.recognise_on, o.currency, coalesce(o.placed_on, o.received_at::date) AS day,
           o.state, o.changed, o.reject_reason, o.total_due AS stated, 1 AS sign, l.adjustment_cap * 10 ^ -currency_exponent(o.currency) AS cap
      FROM orders_order o JOIN orders_shop s ON s.id = o.shop_id JOIN orders_ledger l ON l.id = s.ledger_id
     WHERE {orders}
    UNION ALL
    SELECT 'refund', r.id, r.order_id, s.code, s.recognise_on, r.currency, coalesce(r.refunded_on, o.placed_on, r.received_at::date),
           r.state, r.changed, r.reject_reason, r.amount, -1, l.adjustment_cap * 10 ^ -currency_exponent(r.currency)
      FROM orders_refund r JOIN orders_order o ON o.id = r.order_id JOIN orders_shop s ON s.id = o.shop_id JOIN orders_ledger l ON l.id = s.ledger_id
     WHERE {refunds}
), lines AS (
    SELECT c.noun, c.id, sum(x.net) AS net, sum(x.tax) AS tax, count(*) AS number
      FROM scope c JOIN orders_orderline x ON x.order_id = c.id AND NOT x.removed WHERE c.noun = 'order' GROUP BY 1, 2
    UNION ALL
    SELECT c.noun, c.id, sum(x.net), sum(x.tax), count(*)
      FROM scope c JOIN orders_refundline x ON x.refund_id = c.id WHERE c.noun = 'refund' GROUP BY 1, 2
), named AS (
    SELECT c.noun, c.id, a.net, a.tax, coalesce(t.code, '') AS code
      FROM scope c JOIN orders_adjustment a ON a.order_id = c.id AND a.withdrawn_at IS NULL
      LEFT JOIN orders_taxcode t ON t.id = a.tax_code_id WHERE c.noun = 'order'
    UNION ALL
    SELECT c.noun, c.id, a.net, a.tax, coalesce(t.code, '')
      FROM scope c JOIN orders_adjustment a ON a.refund_id = c.id AND a.withdrawn_at IS NULL
      LEFT JOIN orders_taxcode t ON t.id = a.tax_code_id WHERE c.noun = 'refund'
), documents AS (
    SELECT c.noun, c.id, d.id AS document_id, d.order_id, d.kind, CASE d.kind WHEN 'credit_note' THEN -1 ELSE 1 END AS sign,
           b.booked_at IS NULL AS unbooked,
           CASE WHEN b.booked_at IS NOT NULL THEN '' WHEN b.outcome <> '' THEN b.outcome
                WHEN b.not_before > now() THEN 'undo' ELSE 'sending' END AS why
      FROM scope c JOIN orders_document d ON d.order_id = c.order_id AND d.kind IN ('invoice', 'receipt', 'credit_note')
      JOIN orders_booking b ON b.document_id = d.id AND b.voided_at IS NULL
      LEFT JOIN orders_documentsource f ON f.document_id = d.id AND f.refund_id IS NOT NULL
     WHERE (c.noun = 'order' AND f.id IS NULL OR c.noun = 'refund' AND f.refund_id = c.id)
       AND (b.refused_at IS NULL OR NOT EXISTS (
            SELECT FROM orders_document n JOIN orders_booking nb ON nb.document_id = n.id AND nb.voided_at IS NULL
             WHERE n.ledger_id = d.ledger_id AND n.key = d.key AND n.revision > d.revision))
), stated AS (
    SELECT x.order_id, x.id AS order_line_id, 0 AS refund_line_id, x.kind, t.title, t.rate, row_number() OVER (PARTITION BY x.id ORDER BY t.id) AS place
      FROM (SELECT DISTINCT order_id FROM scope) c JOIN orders_orderline x ON x.order_id = c.order_id
      JOIN orders_linetax t ON t.line_id = x.id AND t.amount <> 0
    UNION ALL
    SELECT c.order_id, 0, x.id, x.kind, t.title, t.rate, row_number() OVER (PARTITION BY x.id ORDER BY t.id)
      FROM scope c JOIN orders_refundline x ON x.refund_id = c.id JOIN orders_refundlinetax t ON t.line_id = x.id AND t.amount <> 0 WHERE c.noun = 'refund'
), signed AS (
    SELECT coalesce(x.order_line_id, 0) AS order_line_id, coalesce(x.refund_line_id, 0) AS refund_line_id, x.tax_code,
           row_number() OVER (PARTITION BY x.document_id, x.order_line_id, x.refund_line_id ORDER BY x.n) AS place
      FROM (SELECT DISTINCT order_id FROM scope) c JOIN orders_document m ON m.order_id = c.order_id
      JOIN orders_booking b ON b.document_id = m.id AND b.voided_at IS NULL JOIN orders_documentline x ON x.document_id = m.id AND x.tax <> 0
     WHERE m.kind IN ('invoice', 'receipt') OR x.refund_line_id IS NOT NULL
), codes AS (
    SELECT s.order_id, s.kind, s.title, s.rate, min(d.tax_code) AS code FROM stated s
      JOIN signed d ON (d.order_line_id, d.refund_line_id, d.place) = (s.order_line_id, s.refund_line_id, s.place) GROUP BY 1, 2, 3, 4
), taxes AS (
    SELECT c.noun, c.id, c.order_id, x.kind, t.title, t.rate, sum(t.amount) AS amount
      FROM scope c JOIN orders_orderline x ON x.order_id = c.id AND NOT x.removed JOIN orders_linetax t ON t.line_id = x.id
     WHERE c.noun = 'order' GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT c.noun, c.id, c.order_id, x.kind, t.title, t.rate, sum(t.amount)
      FROM scope c JOIN orders_refundline x ON x.refund_id = c.id JOIN orders_refundlinetax t ON t.line_id = x.id
     WHERE c.noun = 'refund' GROUP BY 1, 2, 3, 4, 5, 6
), signed_rounding AS (
    SELECT d.noun, d.id, c.sign * sum(d.sign * x.net) AS amount
      FROM documents d JOIN scope c ON (c.noun, c.id) = (d.noun, d.id) JOIN lines l ON (l.noun, l.id) = (d.noun, d.id)
      JOIN orders_documentline x ON x.document_id = d.document_id AND x.order_line_id IS NULL AND x.refund_line_id IS NULL
     WHERE x.kind = CASE d.noun WHEN 'order' THEN 'rounding' ELSE 'refund_difference' END GROUP BY d.noun, d.id, c.sign, c.cap, c.currency, l.number
    HAVING abs(sum(d.sign * x.net)) <= CASE d.noun WHEN 'order' THEN least(c.cap, l.number * 10 ^ -currency_exponent(c.currency)) ELSE c.cap END
), rounding AS (
    SELECT s.noun, s.id, CASE s.noun WHEN 'order' THEN s.amount ELSE c.stated - l.net - l.tax
           - coalesce((SELECT sum(n.net + n.tax) FROM named n WHERE (n.noun, n.id) = (c.noun, c.id)), 0) END AS amount
      FROM signed_rounding s JOIN scope c ON (c.noun, c.id) = (s.noun, s.id) JOIN lines l ON (l.noun, l.id) = (s.noun, s.id)
), parts (noun, id, measure, store, source, named, approved, target, booked, unbooked) AS (
    SELECT noun, id, 'net', net, 0, 0, 0, 0, 0, 0 FROM lines
    UNION ALL SELECT noun, id, 'gross', net + tax, 0, 0, 0, 0, 0, 0 FROM lines
    UNION ALL SELECT t.noun, t.id, 'tax ' || coalesce(k.code, concat_ws(' ', nullif(t.title, ''), trim_scale(t.rate * 100) || ' %%')), t.amount, 0, 0, 0, 0, 0, 0
      FROM taxes t LEFT JOIN codes k ON (k.order_id, k.kind, k.title) = (t.order_id, t.kind, t.title) AND k.rate IS NOT DISTINCT FROM t.rate
    UNION ALL SELECT noun, id, m, 0, amount, 0, 0, 0, 0, 0 FROM rounding, unnest(ARRAY['net', 'gross']) m
    UNION ALL SELECT noun, id, 'net', 0, 0, net, 0, 0, 0, 0 FROM named
    UNION ALL SELECT noun, id, 'gross', 0, 0, net + tax, 0, 0, 0, 0 FROM named
    UNION ALL SELECT noun, id, 'tax ' || code, 0, 0, tax, 0, 0, 0, 0 FROM named WHERE code <> ''
    UNION ALL SELECT d.noun, d.id, m, 0, 0, 0, v, 0, 0, CASE WHEN d.unbooked THEN v ELSE 0 END
      FROM documents d JOIN orders_documentline x ON x.document_id = d.document_id,
           LATERAL (VALUES ('net', d.sign * x.net), ('gross', d.sign * (x.net + x.tax)), ('tax ' || x.tax_code, d.sign * x.tax)) v (m, v)
     WHERE m <> 'tax '
    UNION ALL SELECT d.noun, d.id, m, 0, 0, 0, 0, v, 0, 0
      FROM documents d JOIN orders_invoice i ON i.document_id = d.document_id, jsonb_to_recordset(i.adjustments) a (net numeric, tax numeric, tax_code text),
           LATERAL (VALUES ('net', d.sign * a.net), ('gross', d.sign * (a.net + a.tax)), ('tax ' || a.tax_code, d.sign * a.tax)) v (m, v)
     WHERE m <> 'tax '
    UNION ALL SELECT d.noun, d.id, m, 0, 0, 0, 0, 0, v, 0
      FROM documents d JOIN orders_invoice i ON i.document_id = d.document_id AND i.state NOT IN ('voided', 'deleted'),
           LATERAL (VALUES ('net', d.sign * i.net), ('gross', d.sign * i.total)) v (m, v)
    UNION ALL SELECT d.noun, d.id, 'tax ' || (t ->> 0), 0, 0, 0, 0, 0, d.sign * (t ->> 1)::numeric, 0
      FROM documents d JOIN orders_invoice i ON i.document_id = d.document_id AND i.state NOT IN ('voided', 'deleted'), jsonb_array_elements(i.taxes) t
), records AS (
    SELECT p.noun, p.id, p.measure, c.sign * sum(p.store) AS store, c.sign * sum(p.source) AS source, c.sign * sum(p.named) AS named,
           sum(p.approved) AS approved, sum(p.target) AS target, sum(p.booked) AS booked, sum(p.unbooked) AS unbooked,
           c.shop, c.currency, c.day, c.state, c.changed, c.reject_reason, c.cap, c.order_id, c.recognise_on,
           c.sign * coalesce(nullif(c.stated, 0), CASE c.noun WHEN 'refund' THEN sum(p.store) ELSE 0 END) AS stated
      FROM parts p JOIN scope c ON (c.noun, c.id) = (p.noun, p.id) GROUP BY p.noun, p.id, p.measure, c.sign, c.shop, c.currency, c.day, c.state,
           c.changed, c.reject_reason, c.cap, c.order_id, c.recognise_on, c.stated, c.noun
), explained AS (
    SELECT r.*, r.source + CASE WHEN r.noun = 'refund' AND r.shifts AND r.off = 0 AND abs(r.store + r.source + r.named - r.approved) <= r.cap
                                THEN r.approved - r.store - r.source - r.named ELSE 0 END AS allowed,
           r.state = 'approved' AND r.noun = 'order' AND CASE r.recognise_on WHEN 'paid' THEN NOT {paid} WHEN 'fulfilled' THEN NOT {fulfilled} ELSE false END
           AS early
      FROM (SELECT s.*, sum(CASE WHEN s.measure <> 'gross' THEN s.store + s.source + s.named - s.approved ELSE 0 END) OVER w AS off,
                   EXISTS (SELECT FROM signed_rounding x WHERE (x.noun, x.id) = (s.noun, s.id)) AS shifts FROM records s WINDOW w AS (PARTITION BY s.noun, s.id)) r
), judged AS (
    SELECT e.*, store + allowed + named - approved AS gap, approved + target - unbooked - booked AS missing,
           CASE state WHEN 'rejected' THEN 'rejected: ' || reject_reason WHEN 'held' THEN 'on hold'
                WHEN 'approved' THEN CASE WHEN early THEN 'approved, not due until it is ' || recognise_on ELSE '' END
                ELSE coalesce((SELECT 'needs review: ' || f.code || coalesce(' (' || nullif(f.cause, '') || ')', '') FROM orders_finding f
                                WHERE f.severity = 'blocking' AND CASE e.noun WHEN 'order' THEN f.order_id = e.id ELSE f.refund_id = e.id END
                                ORDER BY f.id LIMIT 1), CASE WHEN changed THEN 'changed since its approval' ELSE 'ready for approval' END) END AS why,
           (SELECT max(d.why) FROM documents d WHERE (d.noun, d.id) = (e.noun, e.id) AND d.unbooked) AS sending
      FROM explained e
), final AS (
    SELECT j.*, CASE WHEN why LIKE 'rejected%%' THEN gap ELSE 0 END AS left_out, CASE WHEN why <> '' AND why NOT LIKE 'rejected%%' THEN gap ELSE 0 END AS unsigned,
           missing + CASE WHEN why <> '' THEN 0 WHEN measure = 'gross' AND approved NOT IN (stated, stated + named) THEN stated - approved ELSE gap END
           AS difference, missing <> 0 OR why = '' AND (gap <> 0 OR measure = 'gross' AND approved NOT IN (stated, stated + named)) AS differs
      FROM judged j
)
"""
PAID = """(EXISTS (SELECT FROM orders_order o WHERE o.id = r.order_id AND (o.payment_state IN ('paid', 'partially_refunded', 'refunded')
        OR o.total_due <= (SELECT coalesce(sum(p.amount), 0) FROM orders_payment p
                            WHERE p.order_id = o.id AND p.status = 'success' AND p.kind IN ('sale', 'capture')))))"""
FULFILLED = """(EXISTS (SELECT FROM orders_order o WHERE o.id = r.order_id AND (o.fulfilment_state = 'fulfilled' OR NOT EXISTS (
        SELECT FROM orders_orderline x WHERE x.order_id = o.id AND NOT x.removed AND x.kind IN ('item', 'gift_card_single') AND x.quantity > (
            SELECT coalesce(sum(CASE WHEN EXISTS (SELECT FROM orders_shipmentline w WHERE w.shipment_id = h.id) THEN coalesce(
                       (SELECT sum(y.quantity) FROM orders_shipmentline y WHERE y.shipment_id = h.id AND y.order_line_id = x.id), 0) ELSE x.quantity END), 0)
              FROM orders_shipment h WHERE h.order_id = o.id AND NOT h.cancelled)))))"""
