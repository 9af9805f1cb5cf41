"""The statement that proves money: the store's successful movements against the payments that were signed and booked."""

from __future__ import annotations

MONEY = """
WITH scope AS (
    SELECT p.id, p.order_id, s.code AS shop, p.currency, coalesce((coalesce(p.processed_at, r.refunded_at, o.placed_at) AT TIME ZONE s.time_zone)::date,
           o.received_at::date) AS day, coalesce(r.state, o.state) AS state, coalesce(r.reject_reason, o.reject_reason) AS reject_reason, p.refund_id,
           CASE WHEN p.kind IN ('refund', 'chargeback') THEN -p.amount ELSE p.amount END AS store
      FROM orders_payment p JOIN orders_order o ON o.id = p.order_id JOIN orders_shop s ON s.id = o.shop_id LEFT JOIN orders_refund r ON r.id = p.refund_id
     WHERE p.status = 'success' AND p.kind IN ('sale', 'capture', 'refund', 'chargeback', 'reversal') AND p.amount <> 0 AND {payments}
), signed AS (
    SELECT c.id, sum(x.sign * d.gross) AS approved, sum(CASE WHEN b.booked_at IS NULL THEN x.sign * d.gross ELSE 0 END) AS unbooked,
           sum(x.sign * CASE WHEN i.state IN ('voided', 'deleted') THEN 0 ELSE coalesce(i.total, 0) END) AS booked,
           sum(x.sign * coalesce((SELECT sum(a.net + a.tax) FROM jsonb_to_recordset(i.adjustments) a (net numeric, tax numeric)), 0)) AS target,
           max(CASE WHEN b.booked_at IS NOT NULL THEN NULL WHEN b.outcome <> '' THEN b.outcome WHEN b.not_before > now() THEN 'undo' ELSE 'sending' END) AS sending
      FROM scope c JOIN orders_documentsource f ON f.payment_id = c.id JOIN orders_document d ON d.id = f.document_id AND d.kind IN ('payment', 'refund_payment')
      JOIN orders_booking b ON b.document_id = d.id AND b.voided_at IS NULL LEFT JOIN orders_invoice i ON i.document_id = d.id,
           LATERAL (SELECT CASE d.kind WHEN 'payment' THEN 1 ELSE -1 END AS sign) x
     WHERE b.refused_at IS NULL OR NOT EXISTS (
           SELECT FROM orders_document n JOIN orders_booking nb ON nb.document_id = n.id AND nb.voided_at IS NULL
            WHERE n.ledger_id = d.ledger_id AND n.key = d.key AND n.revision > d.revision)
     GROUP BY 1
), judged AS (
    SELECT 'payment' AS noun, c.id, c.shop, c.currency, c.day, 'money' AS measure, c.store, 0 AS allowed, 0 AS named, coalesce(g.approved, 0) AS approved,
           coalesce(g.target, 0) AS target, coalesce(g.booked, 0) AS booked, coalesce(g.unbooked, 0) AS unbooked, g.sending,
           c.store - coalesce(g.approved, 0) AS gap, coalesce(g.approved + g.target - g.unbooked - g.booked, 0) AS missing,
           CASE c.state WHEN 'rejected' THEN 'rejected: ' || c.reject_reason WHEN 'held' THEN 'on hold' WHEN 'approved' THEN ''
                ELSE CASE WHEN c.refund_id IS NULL THEN 'its order' ELSE 'its refund' END || ' is not approved' END AS why
      FROM scope c LEFT JOIN signed g ON g.id = c.id
), final AS (
    SELECT j.*, CASE WHEN why LIKE 'rejected%%' THEN gap ELSE 0 END AS left_out, CASE WHEN why <> '' AND why NOT LIKE 'rejected%%' THEN gap ELSE 0 END AS unsigned,
           CASE WHEN why <> '' THEN 0 ELSE gap END + missing AS difference, missing <> 0 OR why = '' AND gap <> 0 AS differs
      FROM judged j
)
"""
