"""The statement that proves payouts: what gateways paid to the bank and took from the clearing accounts, against the journals signed and booked."""

from __future__ import annotations

# matched: what the gateway moved of payments that are known, less the fees that were booked with those payments: that much lay on the clearing accounts.
# signed: of each standing journal what the bank took and what the clearing accounts gave up; the ledger reads back one total, so that what it holds
# otherwise than it was signed is off by the difference of the totals. The bank stands on a line, or is the contra account (money taken from the bank).
PAYOUTS = """
WITH scope AS (
    SELECT p.id, s.code AS shop, p.currency, p.paid_on AS day, p.state, p.changed, p.reject_reason, p.amount
      FROM orders_payout p JOIN orders_shop s ON s.id = p.shop_id WHERE {payouts}
), matched AS (
    SELECT c.id, sum(l.amount) - sum(coalesce((
           SELECT sum(CASE d.kind WHEN 'payment' THEN x.net ELSE -x.net END)
             FROM orders_documentsource f JOIN orders_document d ON d.id = f.document_id AND d.kind IN ('payment', 'refund_payment')
             JOIN orders_booking b ON b.document_id = d.id AND b.voided_at IS NULL AND b.refused_at IS NULL
             JOIN orders_documentline x ON x.document_id = d.id AND x.kind = 'fee' WHERE f.payment_id = l.payment_id), 0)) AS amount
      FROM scope c JOIN orders_payoutline l ON l.payout_id = c.id AND l.payment_id IS NOT NULL GROUP BY 1
), journals AS (
    SELECT c.id, d.gross, b.booked_at, b.outcome, b.not_before, i.total, i.state, i.adjustments,
           coalesce(sum(x.net) FILTER (WHERE x.kind = 'bank'), -d.gross) AS bank,
           coalesce(-sum(x.net) FILTER (WHERE x.kind = 'clearing'), 0) + CASE WHEN bool_or(x.kind = 'bank') THEN d.gross ELSE 0 END AS clearing
      FROM scope c JOIN orders_documentsource f ON f.payout_id = c.id JOIN orders_document d ON d.id = f.document_id
      JOIN orders_booking b ON b.document_id = d.id AND b.voided_at IS NULL JOIN orders_documentline x ON x.document_id = d.id
      LEFT JOIN orders_invoice i ON i.document_id = d.id
     WHERE b.refused_at IS NULL OR NOT EXISTS (
           SELECT FROM orders_document n JOIN orders_booking nb ON nb.document_id = n.id AND nb.voided_at IS NULL
            WHERE n.ledger_id = d.ledger_id AND n.key = d.key AND n.revision > d.revision)
     GROUP BY c.id, d.id, b.document_id, i.id
), parts (id, measure, store, approved, target, booked, unbooked, sending) AS (
    SELECT id, 'deposit', amount, 0, 0, 0, 0, NULL FROM scope
    UNION ALL SELECT id, 'clearing', amount, 0, 0, 0, 0, NULL FROM matched
    UNION ALL SELECT j.id, m, 0, v, coalesce((SELECT sum(a.net + a.tax) FROM jsonb_to_recordset(j.adjustments) a (net numeric, tax numeric)), 0),
           CASE WHEN j.booked_at IS NULL OR j.state IN ('voided', 'deleted') THEN 0 ELSE v + j.total - j.gross END, CASE WHEN j.booked_at IS NULL THEN v ELSE 0 END,
           CASE WHEN j.booked_at IS NOT NULL THEN NULL WHEN j.outcome <> '' THEN j.outcome WHEN j.not_before > now() THEN 'undo' ELSE 'sending' END
      FROM journals j, LATERAL (VALUES ('deposit', j.bank), ('clearing', j.clearing)) x (m, v)
), records AS (
    SELECT p.id, p.measure, sum(p.store) AS store, sum(p.approved) AS approved, sum(p.target) AS target, sum(p.booked) AS booked,
           sum(p.unbooked) AS unbooked, max(p.sending) AS sending FROM parts p GROUP BY 1, 2
), judged AS (
    SELECT 'payout' AS noun, r.*, c.shop, c.currency, c.day, 0 AS allowed, 0 AS named, r.store - r.approved AS gap,
           r.approved + r.target - r.unbooked - r.booked AS missing,
           CASE c.state WHEN 'rejected' THEN 'rejected: ' || c.reject_reason WHEN 'held' THEN 'on hold' WHEN 'approved' THEN ''
                ELSE coalesce((SELECT 'needs review: ' || f.code FROM orders_finding f WHERE f.payout_id = c.id AND f.severity = 'blocking' ORDER BY f.id LIMIT 1),
                              CASE WHEN c.changed THEN 'changed since its approval' ELSE 'ready for approval' END) END AS why
      FROM records r JOIN scope c ON c.id = r.id
), final AS (
    SELECT j.*, CASE WHEN why LIKE 'rejected%%' THEN gap ELSE 0 END AS left_out, CASE WHEN why <> '' AND why NOT LIKE 'rejected%%' THEN gap ELSE 0 END AS unsigned,
           CASE WHEN why <> '' THEN 0 ELSE gap END + missing AS difference, missing <> 0 OR why = '' AND gap <> 0 AS differs
      FROM judged j
)
"""
