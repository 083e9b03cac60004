-- I7: a step never falls; one that has expired has a successor, or repeats at the top. What is due is taken within a minute.
-- Looked at: everybody who waits, and the newest $1 recipients.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
looked_at AS (
    SELECT recipient_id, step, escalations FROM alert_recipient WHERE state = 'waiting'
    UNION ALL
    SELECT recipient_id, step, escalations
    FROM (SELECT recipient_id, state, step, escalations FROM alert_recipient
          ORDER BY recipient_id DESC LIMIT (SELECT looks_back FROM asked)) newest
    WHERE state <> 'waiting'
)
SELECT format('recipient %s is at step %s after %s of %s', l.recipient_id, l.step, l.escalations, taken.orders) AS key
FROM looked_at l CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(max(o.count), 0) AS last_count, coalesce(max(o.step), 0) AS highest
    FROM escalation_order o WHERE o.recipient_id = l.recipient_id) taken
WHERE l.step <> taken.highest OR l.escalations <> taken.orders OR taken.orders <> taken.last_count
UNION ALL
SELECT format('recipient %s fell at count %s', l.recipient_id, fallen.count)
FROM looked_at l CROSS JOIN LATERAL (
    SELECT o.count, o.step, lag(o.step) OVER (ORDER BY o.count) AS before
    FROM escalation_order o WHERE o.recipient_id = l.recipient_id) fallen
WHERE l.escalations > 1 AND fallen.step < fallen.before
UNION ALL
SELECT format('recipient %s has expired and no step was taken', r.recipient_id) FROM asked, alert_recipient r
WHERE r.state = 'waiting' AND r.escalations = 0 AND r.ack_due < asked.now - interval '1 minute'
UNION ALL
SELECT format('the step of recipient %s is overdue', r.recipient_id)
FROM asked, timer t JOIN alert_recipient r ON r.recipient_id = t.ref
WHERE t.kind = 'acknowledgement' AND t.fire_at < asked.now - interval '1 minute' AND r.state = 'waiting' AND r.escalations > 0
