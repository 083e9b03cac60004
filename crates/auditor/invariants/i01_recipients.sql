-- I1: an alert has recipients, and each of them is told: the event that tells it waits in the urgent outbox or is in the feed.
-- Looked at: the newest $1 alerts and the newest $1 recipients.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
told AS MATERIALIZED (
    SELECT e.* FROM asked, alert_events(asked.looks_back) AS e
),
-- Ids are drawn in the order of time. Of a stream with more events than are looked at, recipients are judged that were drawn after
-- the event in the middle: what tells of them lies behind it.
counted AS (
    SELECT stream, event_id, row_number() OVER (PARTITION BY stream ORDER BY epoch DESC, seq DESC) AS place,
           count(*) OVER (PARTITION BY stream) AS rows
    FROM told WHERE seq IS NOT NULL
),
horizon AS (
    SELECT stream, event_id FROM counted, asked WHERE rows >= asked.looks_back AND place = asked.looks_back / 2
)
SELECT 'alert_' || replace(a.alert_id::text, '-', '') AS key
FROM (SELECT alert_id FROM alert ORDER BY reported_at DESC, alert_id DESC LIMIT (SELECT looks_back FROM asked)) a
WHERE NOT EXISTS (SELECT FROM alert_recipient r WHERE r.alert_id = a.alert_id)
UNION ALL
SELECT 'recipient ' || r.recipient_id
FROM (SELECT recipient_id, alert_id, organ_id, 'alerts:{' || level || ':0}' AS stream
      FROM alert_recipient ORDER BY recipient_id DESC LIMIT (SELECT looks_back FROM asked)) r
LEFT JOIN horizon h USING (stream)
LEFT JOIN told t ON t.stream = r.stream AND t.alert_id = r.alert_id AND t.raised_for = r.organ_id
WHERE t.event_id IS NULL AND (h.event_id IS NULL OR r.recipient_id > h.event_id)
