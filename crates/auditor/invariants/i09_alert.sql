-- I9: nothing is in an inbox without an alert. Here: what tells of an alert on the urgent streams and has reached a desk.
-- Looked at: the newest $1 events of each stream.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now)
SELECT format('%s %s:%s', e.stream, e.epoch, e.seq) AS key
FROM asked CROSS JOIN LATERAL alert_events(asked.looks_back) AS e
LEFT JOIN alert a USING (alert_id)
JOIN cursor c ON c.stream = e.stream
CROSS JOIN LATERAL (
    SELECT i.event_id FROM inbox i
    WHERE i.consumer = c.consumer AND i.stream = e.stream AND i.epoch = e.epoch AND i.seq = e.seq LIMIT 1) reached
WHERE e.seq IS NOT NULL AND a.alert_id IS NULL AND reached.event_id = e.event_id
