-- I8: no recipient is excluded. (The same is a constraint trigger.)
-- Looked at: everybody who waits, and everybody of the newest $1 alerts.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
looked_at AS (
    SELECT alert_id FROM alert_recipient WHERE state = 'waiting'
    UNION
    (SELECT alert_id FROM alert ORDER BY reported_at DESC, alert_id DESC LIMIT (SELECT looks_back FROM asked))
)
SELECT 'recipient ' || r.recipient_id AS key
FROM looked_at l JOIN alert_exclusion x USING (alert_id) JOIN alert_recipient r USING (alert_id, organ_id)
