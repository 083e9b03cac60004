-- I6: a recipient without acknowledgement has exactly one armed timer, one with acknowledgement none. (Two of one kind for one
-- recipient the key of the table refuses.) Whoever holds an alert until somebody reports on has one armed for that, at that instant.
-- Looked at: everybody who waits, and every timer.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now)
SELECT format('recipient %s has no timer', r.recipient_id) AS key FROM alert_recipient r
WHERE r.state = 'waiting' AND NOT EXISTS (SELECT FROM timer t WHERE t.kind = 'acknowledgement' AND t.ref = r.recipient_id)
UNION ALL
SELECT format('timer of recipient %s, who does not wait', t.ref) FROM timer t
WHERE t.kind = 'acknowledgement'
  AND NOT EXISTS (SELECT FROM alert_recipient r WHERE r.recipient_id = t.ref AND r.state = 'waiting')
UNION ALL
SELECT format('recipient %s has no timer for its report', r.recipient_id) FROM alert_recipient r
WHERE r.report_due IS NOT NULL
  AND NOT EXISTS (SELECT FROM timer t WHERE t.kind = 'reporting_on' AND t.ref = r.recipient_id AND t.fire_at = r.report_due)
UNION ALL
SELECT format('timer for a report of recipient %s, who holds nothing', t.ref) FROM timer t
WHERE t.kind = 'reporting_on'
  AND NOT EXISTS (SELECT FROM alert_recipient r WHERE r.recipient_id = t.ref AND r.report_due IS NOT NULL)
